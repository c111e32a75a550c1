package screens

import (
	"fmt"
	"io"
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// title is what stands before a fact.
func title(text string) timeline.Cell { return timeline.Cell{Text: text, Style: timeline.Faint} }

// text is somebody else's.
func text(s string) timeline.Cell { return timeline.Cell{Text: timeline.Printable(s)} }

// fact adds a line: what it is, and that.
func fact(t *timeline.Table, name, what string, style timeline.Style) {
	t.Row(title(name), timeline.Cell{Text: timeline.Printable(what), Style: style})
}

// when tells an instant, and how long ago that was.
func when(now, at schemas.Instant) string { return at.String() + "  " + timeline.Ago(now, at) }

func header(titles ...string) []timeline.Cell {
	cells := make([]timeline.Cell, len(titles))
	for i, t := range titles {
		cells[i] = title(t)
	}
	return cells
}

// write writes tables with an empty line between them; empty ones are left out.
func write(to io.Writer, colour bool, tables ...*timeline.Table) error {
	for i, t := range tables {
		if t == nil {
			continue
		}
		if i > 0 {
			if _, err := fmt.Fprintln(to); err != nil {
				return err
			}
		}
		if err := t.Write(to, colour); err != nil {
			return err
		}
	}
	return nil
}

// Write prints the store for a person who looks at it at now.
func (s *Store) Write(to io.Writer, now schemas.Instant, colour bool) error {
	var facts timeline.Table
	fact(&facts, "Store", s.StoreID, timeline.Strong)
	fact(&facts, "Devices", s.standing(), timeline.Plain)
	fact(&facts, "Campaigns", fmt.Sprint(len(s.Campaigns)), timeline.Plain)
	if s.SaidError != "" {
		fact(&facts, "Said", "not known: "+s.SaidError, timeline.Caution)
	}
	return write(to, colour, &facts, s.campaigns(), s.devices(now))
}

// standing is how many devices there are, and how they stand.
func (s *Store) standing() string {
	counts := map[Status]int{}
	for i := range s.Devices {
		counts[s.Devices[i].Status]++
	}
	var parts []string
	for _, status := range []Status{Ready, Pending, Failed, Unreachable, Unsent, Leaving} {
		if n := counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d: %s", len(s.Devices), strings.Join(parts, ", "))
}

func (s *Store) campaigns() *timeline.Table {
	if len(s.Campaigns) == 0 {
		return nil
	}
	var t timeline.Table
	t.Row(header("CAMPAIGN", "REVISION", "STARTS (UTC)", "ENDS (UTC)", "READY")...)
	for i := range s.Campaigns {
		c := &s.Campaigns[i]
		t.Row(text(c.CampaignID), timeline.Cell{Text: fmt.Sprint(c.Revision)}, timeline.Cell{Text: c.StartsAt.String()},
			timeline.Cell{Text: c.EndsAt.String()}, c.ready())
	}
	return &t
}

func (c *Campaign) ready() timeline.Cell {
	cell := timeline.Cell{Text: timeline.ReadyOf(c.DevicesReady, c.DevicesTotal), Style: timeline.Good}
	if c.DevicesReady < c.DevicesTotal {
		cell.Style = timeline.Caution
	}
	for _, part := range []struct {
		count int64
		what  Status
	}{{c.DevicesFailed, Failed}, {c.DevicesUnreachable, Unreachable}} {
		if part.count > 0 {
			cell.Text += fmt.Sprintf(", %d %s", part.count, part.what)
			cell.Style = timeline.Bad
		}
	}
	return cell
}

func (s *Store) devices(now schemas.Instant) *timeline.Table {
	if len(s.Devices) == 0 {
		return nil
	}
	var t timeline.Table
	t.Row(header("DEVICE", "STATUS", "PLAYLIST", "ATTEMPT", "CAMPAIGNS READY", "NEXT PUSH", "HAS SAID LAST")...)
	for i := range s.Devices {
		d := &s.Devices[i]
		revision, attempt, ready := "-", "-", "-"
		if p := d.Playlist; p != nil {
			revision, attempt = fmt.Sprint(p.Revision), fmt.Sprint(p.Attempt)
			ready = fmt.Sprintf("%d of %d", p.ready(), len(p.Campaigns))
		}
		push := "-"
		if d.NextPush != nil {
			push = timeline.Distance(now, *d.NextPush)
		}
		t.Row(text(d.DeviceID), d.statusCell(), timeline.Cell{Text: revision}, timeline.Cell{Text: attempt}, timeline.Cell{Text: ready},
			timeline.Cell{Text: push}, text(d.Said.short(now)))
	}
	return &t
}

func (p *Playlist) ready() (count int) {
	for i := range p.Campaigns {
		if p.Campaigns[i].Ready {
			count++
		}
	}
	return count
}

func (d *Device) statusCell() timeline.Cell {
	cell := timeline.Cell{Text: string(d.Status), Style: timeline.Bad}
	switch d.Status {
	case Ready:
		cell.Style = timeline.Good
	case Pending, Unsent, Leaving:
		cell.Style = timeline.Caution
	case Failed, Unreachable:
	}
	return cell
}

// short tells in a few words what was said, and when.
func (s *Said) short(now schemas.Instant) string {
	if s == nil {
		return "nothing"
	}
	said := string(s.Status)
	if s.Error != "" {
		said += " (" + s.Error + ")"
	}
	return said + ", " + timeline.Ago(now, s.At)
}
