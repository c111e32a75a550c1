package timeline

import (
	"errors"
	"fmt"
	"io"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Readiness is on how many devices a campaign's content is, and when that was told.
type Readiness struct {
	schemas.Readiness
	At schemas.Instant
}

// The errors of reading how ready a campaign is.
var (
	// ErrNoReadiness says that nothing was told.
	ErrNoReadiness = errors.New("nothing is known of its devices: nobody knows the campaign, it was not distributed yet, " +
		"it names no stores, or no device is in them")
	// ErrReadiness says that what was told is not what this program understands.
	ErrReadiness = errors.New("reading how ready it is: no event of this version")
)

// ReadinessOf reads the newest record of a campaign in campaign-readiness. Its error is ErrNoReadiness for one without a value,
// else ErrReadiness.
func ReadinessOf(r topics.Record) (*Readiness, error) {
	if r.Value == nil {
		return nil, ErrNoReadiness
	}
	event, is := topics.Decoded[schemas.Readiness](topics.ReadinessCodec{}, r.Value)
	if !is || event.Type != schemas.CampaignReadiness {
		return nil, ErrReadiness
	}
	told := &Readiness{event.Data, r.Timestamp}
	if event.Time != nil {
		told.At = *event.Time
	}
	return told, nil
}

// Write prints it for a person who looks at it at now.
func (r *Readiness) Write(to io.Writer, now schemas.Instant, colour bool) error {
	var t Table
	t.Row(Cell{"Campaign", Faint}, Cell{Printable(r.CampaignID), Strong})
	t.Row(Cell{"Revision", Faint}, Cell{Text: fmt.Sprint(r.Revision)})
	t.Row(Cell{"Changed", Faint}, Cell{Text: r.At.String() + "  " + Ago(now, r.At)})
	t.Row(Cell{"Ready", Faint}, readyCell(r.DevicesReady, r.DevicesTotal))
	if at := r.AtStart; at != nil {
		t.Row(Cell{"At start", Faint}, readyCell(at.DevicesReady, at.DevicesTotal))
	} else {
		t.Row(Cell{"At start", Faint}, Cell{"not known: it was not active yet", Faint})
	}
	if r.UnreadyTotal > 0 {
		pending := r.UnreadyTotal - r.DevicesFailed - r.DevicesUnreachable
		t.Row(Cell{"Not ready", Faint}, Cell{Text: fmt.Sprintf("%d: %d failed, %d unreachable, %d pending", r.UnreadyTotal,
			r.DevicesFailed, r.DevicesUnreachable, pending)})
	}
	if err := t.Write(to, colour); err != nil || len(r.Unready) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(to); err != nil {
		return err
	}
	return r.unready().Write(to, colour)
}

// unready are the devices that are named, and how many are not.
func (r *Readiness) unready() *Table {
	var t Table
	t.Row(Cell{"STORE", Faint}, Cell{"DEVICE", Faint}, Cell{"NOT READY", Faint})
	for _, u := range r.Unready {
		style := Bad
		if u.Reason == schemas.UnreadyPending {
			style = Caution
		}
		t.Row(Cell{Text: Printable(u.StoreID)}, Cell{Text: Printable(u.DeviceID)}, Cell{Printable(string(u.Reason)), style})
	}
	if more := r.UnreadyTotal - int64(len(r.Unready)); more > 0 {
		t.Row(Cell{fmt.Sprintf("and %d more", more), Faint})
	}
	return &t
}

func readyCell(ready, total int64) Cell {
	text := ReadyOf(ready, total)
	switch {
	case total == 0:
		return Cell{text, Faint}
	case ready < total:
		return Cell{text + ", " + percentage(ready, total), Caution}
	}
	return Cell{text + ", " + percentage(ready, total), Good}
}

// ReadyOf writes how many of how many devices.
func ReadyOf(ready, total int64) string {
	if total == 1 {
		return fmt.Sprintf("%d of 1 device", ready)
	}
	return fmt.Sprintf("%d of %d devices", ready, total)
}

// percentage is cut, not rounded: 100 % means all.
func percentage(part, whole int64) string {
	tenths := part * 1000 / whole
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// Ago tells how long ago an instant was, to the two largest units.
func Ago(now, at schemas.Instant) string {
	if at > now { // by the clock of somebody else
		return "just now"
	}
	return span(int64(now-at)) + " ago"
}

// WithoutReadiness says why the records about readiness are not among the records.
func (f *Fold) WithoutReadiness(why string) { f.readinessMissing = why }

// readiness says how ready the campaign is; problem why that is not known, nothing when nobody has told.
func (f *Fold) readiness() (told *schemas.Readiness, problem string) {
	switch newest, err := ReadinessOf(f.newestReadiness); {
	case f.readinessMissing != "":
		return nil, f.readinessMissing
	case errors.Is(err, ErrNoReadiness):
		return nil, ""
	case err != nil:
		return nil, "the newest event is of another version"
	default:
		return &newest.Readiness, ""
	}
}

// writeReadiness prints how ready the campaign is.
func (s Summary) writeReadiness(t *Table) {
	switch r := s.Readiness; {
	case s.ReadinessError != "":
		t.Row(Cell{"Ready", Faint}, Cell{"not known: " + Printable(s.ReadinessError), Caution})
	case r != nil:
		ready := readyCell(r.DevicesReady, r.DevicesTotal)
		ready.Text = ReadyOf(r.DevicesReady, r.DevicesTotal)
		if at := r.AtStart; at != nil {
			ready.Text += fmt.Sprintf("; %d of %d at the start", at.DevicesReady, at.DevicesTotal)
		}
		t.Row(Cell{"Ready", Faint}, ready)
	}
}
