package timeline

import (
	"fmt"
	"io"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Write prints the summary for a person who looks at it at now.
func (s Summary) Write(to io.Writer, now schemas.Instant, colour bool) error {
	var t table
	t.row(cell{"Campaign", Faint}, cell{Printable(s.CampaignID), Strong})
	if c := s.Campaign; c != nil {
		if c.Name != "" {
			t.row(cell{"Name", Faint}, cell{text: Printable(c.Name)})
		}
		t.row(cell{"Advertiser", Faint}, cell{text: Printable(c.AdvertiserID)})
		t.row(cell{"Budget", Faint}, cell{text: Printable(budget(c))})
		t.row(cell{"Content", Faint}, cell{text: fmt.Sprintf("%d %s for %d %s",
			len(c.Creatives), plural(len(c.Creatives), "creative"), len(c.Stores), plural(len(c.Stores), "store"))})
	}
	t.row(cell{"Status", Faint}, s.status())
	if s.Revision > 0 {
		t.row(cell{"Revision", Faint}, cell{text: fmt.Sprintf("%d, sequence %d", s.Revision, s.Sequence)})
	}
	if w := s.Window; w != nil {
		t.row(cell{"Starts", Faint}, cell{text: both(w.StartsAt, w.StartsAtInZone)})
		t.row(cell{"Ends", Faint}, cell{text: both(w.EndsAt, w.EndsAtInZone) + "  " + Printable(w.TimeZone)})
	}
	s.writeNext(&t, now)
	for _, u := range s.Undecided {
		t.row(cell{"Not decided", Faint}, cell{fmt.Sprintf("%s, revision %d, published %s",
			Printable(string(u.Type)), u.Revision, u.PublishedAt), Caution})
	}
	if s.Refused > 0 {
		t.row(cell{"Refused", Faint}, cell{fmt.Sprintf("%d %s in dead-letters; timeline shows why",
			s.Refused, plural(s.Refused, "record")), Bad})
	}
	return t.write(to, colour)
}

func (s Summary) writeNext(t *table, now schemas.Instant) {
	switch {
	case s.NextError != "":
		t.row(cell{"Next", Faint}, cell{"not known: " + s.NextError, Caution})
	case len(s.Next) == 0 && s.Revision > 0:
		t.row(cell{"Next", Faint}, cell{"nothing", Faint})
	}
	for i, p := range s.Next {
		title := "Next"
		if i > 0 {
			title = ""
		}
		next := cell{text: fmt.Sprintf("%-10s  %s  %s", p.Transition, both(p.At, p.AtInZone), distance(now, p.At))}
		if void := p.void(); void != "" {
			next = cell{next.text + ", " + void, Faint}
		}
		t.row(cell{title, Faint}, next)
	}
}

// Write prints the whole story for a person who looks at it at now.
func (t Timeline) Write(to io.Writer, now schemas.Instant, colour bool) error {
	if err := t.Summary.Write(to, now, colour); err != nil {
		return err
	}
	if len(t.Steps) > 0 {
		if _, err := fmt.Fprintln(to); err != nil {
			return err
		}
		if err := t.steps().write(to, colour); err != nil {
			return err
		}
	}
	if len(t.Refusals) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(to); err != nil {
		return err
	}
	return t.refusals().write(to, colour)
}

func (t Timeline) steps() *table {
	var steps table
	steps.row(cell{"TRANSITION", Faint}, cell{"REVISION", Faint}, cell{"DUE (UTC)", Faint}, cell{"DUE (LOCAL)", Faint},
		cell{"DECIDED (UTC)", Faint}, cell{"LATE", Faint}, cell{"OUTCOME", Faint})
	for _, s := range t.Steps {
		late := ""
		if s.Timed() {
			late = fmt.Sprintf("%d ms", s.LatenessMs)
		}
		steps.row(cell{text: string(s.Transition)}, cell{text: fmt.Sprint(s.Revision)}, cell{text: s.ScheduledFor.String()},
			cell{text: s.ScheduledInZone}, cell{text: s.DecidedAt.String()}, cell{text: late}, s.outcome())
	}
	return &steps
}

// outcome tells what came of a step, and the reason that an operator gave for it.
func (s Step) outcome() cell {
	because := ""
	if s.ChangeReason != "" {
		because = " (" + Printable(s.ChangeReason) + ")"
	}
	switch s.Outcome {
	case Applied:
		return cell{fmt.Sprintf("%d: %s%s", s.Sequence, Edge(s.From, s.To), because), statusCell(s.To).style}
	case Rejected:
		met := ""
		if s.Status != "" {
			met = ", was " + string(s.Status)
		}
		return cell{fmt.Sprintf("rejected: %s%s%s", s.Reason, met, because), Bad}
	default:
		return cell{"waiting for the lifecycle" + because, Caution}
	}
}

func (t Timeline) refusals() *table {
	var refusals table
	refusals.row(cell{"REFUSED", Faint}, cell{"PUBLISHED (UTC)", Faint}, cell{"WHERE", Faint}, cell{"DETAIL", Faint})
	for _, r := range t.Refusals {
		refusals.row(cell{Printable(string(r.Reason)), Bad}, cell{text: r.Timestamp.String()},
			cell{text: fmt.Sprintf("%s/%d/%d", Printable(r.Topic), r.Partition, r.Offset)}, cell{text: Printable(r.Detail)})
	}
	return &refusals
}

// Edge writes a change of status; one that stays is written once.
func Edge(from, to schemas.Status) string {
	switch from {
	case "":
		return string(to)
	case to:
		return string(to) + " stays"
	default:
		return string(from) + " → " + string(to)
	}
}

// status tells a missing status apart: there may be nothing to decide.
func (s Summary) status() cell {
	switch {
	case s.Status != "":
		return statusCell(s.Status)
	case s.Revision == 0 && len(s.Undecided) == 0:
		return cell{"none: nothing about it was accepted", Bad}
	default:
		return cell{"not decided yet", Caution}
	}
}

func statusCell(s schemas.Status) cell {
	switch s {
	case schemas.Active:
		return cell{string(s), Good}
	case schemas.Paused:
		return cell{string(s), Caution}
	case schemas.Cancelled:
		return cell{string(s), Bad}
	default:
		return cell{text: string(s)}
	}
}

func budget(c *schemas.Placed) string {
	text := c.Budget.Amount + " " + c.Budget.Currency
	if c.CPM != "" {
		text += ", " + c.CPM + " for 1,000 impressions"
	}
	return text
}

func both(at schemas.Instant, inZone string) string {
	if inZone == "" {
		return at.String()
	}
	return at.String() + "  " + inZone
}

// distance tells how far off an instant is, to the two largest units.
func distance(now, at schemas.Instant) string {
	if at < now {
		return "overdue by " + span(int64(now-at))
	}
	return "in " + span(int64(at-now))
}

// span writes milliseconds; they may be of 8,000 years, which no time.Duration holds.
func span(millis int64) string {
	seconds := millis / 1000
	switch minutes, hours, days := seconds/60, seconds/3600, seconds/86400; {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours%24)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes%60)
	case minutes > 0:
		return fmt.Sprintf("%d min %d s", minutes, seconds%60)
	default:
		return fmt.Sprintf("%d.%d s", seconds, millis%1000/100)
	}
}

func plural(count int, noun string) string {
	if count == 1 {
		return noun
	}
	return noun + "s"
}
