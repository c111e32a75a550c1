package timeline

import (
	"fmt"
	"io"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Write prints the summary for a person who looks at it at now.
func (s Summary) Write(to io.Writer, now Moment, colour bool) error {
	return s.write(to, now, colour, "timeline shows why")
}

// write tells where it stands why records were refused.
func (s Summary) write(to io.Writer, now Moment, colour bool, whyRefused string) error {
	var t Table
	t.Row(Cell{"Campaign", Faint}, Cell{Printable(s.CampaignID), Strong})
	if c := s.Campaign; c != nil {
		if c.Name != "" {
			t.Row(Cell{"Name", Faint}, Cell{Text: Printable(c.Name)})
		}
		t.Row(Cell{"Advertiser", Faint}, Cell{Text: Printable(c.AdvertiserID)})
		t.Row(Cell{"Budget", Faint}, Cell{Text: Printable(budget(c))})
		t.Row(Cell{"Content", Faint}, Cell{Text: fmt.Sprintf("%d %s for %d %s",
			len(c.Creatives), plural(len(c.Creatives), "creative"), len(c.Stores), plural(len(c.Stores), "store"))})
	}
	t.Row(Cell{"Status", Faint}, s.status())
	if s.Revision > 0 {
		t.Row(Cell{"Revision", Faint}, Cell{Text: fmt.Sprintf("%d, sequence %d", s.Revision, s.Sequence)})
	}
	if w := s.Window; w != nil {
		t.Row(Cell{"Starts", Faint}, Cell{Text: both(w.StartsAt, w.StartsAtInZone)})
		t.Row(Cell{"Ends", Faint}, Cell{Text: both(w.EndsAt, w.EndsAtInZone) + "  " + Printable(s.zone())})
	}
	s.writeReadiness(&t)
	s.writeMoney(&t)
	s.writeNext(&t, now)
	for _, u := range s.Undecided {
		whose := ""
		if now.Driven {
			whose = " by its producer's clock"
		}
		t.Row(Cell{"Not decided", Faint}, Cell{fmt.Sprintf("%s, revision %d, published %s%s",
			Printable(string(u.Type)), u.Revision, u.PublishedAt, whose), Caution})
	}
	if s.Refused > 0 {
		t.Row(Cell{"Refused", Faint}, Cell{fmt.Sprintf("%d %s in dead-letters; %s",
			s.Refused, plural(s.Refused, "record"), whyRefused), Bad})
	}
	return t.Write(to, colour)
}

func (s Summary) writeNext(t *Table, now Moment) {
	if len(s.Next) > 0 {
		t.Row(Cell{"Now", Faint}, Cell{Text: now.At.String() + "  " + now.by()})
	}
	switch {
	case s.NextError != "":
		t.Row(Cell{"Next", Faint}, Cell{"not known: " + s.NextError, Caution})
	case len(s.Next) == 0 && s.Revision > 0:
		t.Row(Cell{"Next", Faint}, Cell{"nothing", Faint})
	}
	for i, p := range s.Next {
		title := "Next"
		if i > 0 {
			title = ""
		}
		next := Cell{Text: fmt.Sprintf("%-10s  %s  %s", p.Transition, both(p.At, p.AtInZone), Distance(now.At, p.At))}
		if void := p.void(); void != "" {
			next = Cell{next.Text + ", " + void, Faint}
		}
		t.Row(Cell{title, Faint}, next)
	}
}

// Write prints the whole story for a person who looks at it at now.
func (t Timeline) Write(to io.Writer, now Moment, colour bool) error {
	if err := t.Summary.write(to, now, colour, "why: see below"); err != nil {
		return err
	}
	for _, part := range []struct {
		count int
		table func() *Table
	}{{len(t.Steps), t.steps}, {len(t.Settlements), t.settlements}, {len(t.Refusals), t.refusals}} {
		if part.count == 0 {
			continue
		}
		if _, err := fmt.Fprintln(to); err != nil {
			return err
		}
		if err := part.table().Write(to, colour); err != nil {
			return err
		}
	}
	return nil
}

func (t Timeline) steps() *Table {
	var steps Table
	steps.Row(Cell{"TRANSITION", Faint}, Cell{"REVISION", Faint}, Cell{"DUE (UTC)", Faint}, Cell{"DUE (LOCAL)", Faint},
		Cell{"DECIDED (UTC)", Faint}, Cell{"LATE", Faint}, Cell{"OUTCOME", Faint})
	for _, s := range t.Steps {
		late := ""
		if s.Timed() {
			late = fmt.Sprintf("%d ms", s.LatenessMs)
		}
		steps.Row(Cell{Text: string(s.Transition)}, Cell{Text: fmt.Sprint(s.Revision)}, Cell{Text: s.ScheduledFor.String()},
			Cell{Text: s.ScheduledInZone}, Cell{Text: s.DecidedAt.String()}, Cell{Text: late}, s.outcome())
	}
	return &steps
}

// outcome tells what came of a step, and the reason that an operator gave for it, or where a rezone leads.
func (s Step) outcome() Cell {
	because := ""
	if s.ChangeReason != "" {
		because = " (" + Printable(s.ChangeReason) + ")"
	}
	if w := s.Window; w != nil {
		because = fmt.Sprintf(" (%s to %s by tzdb %s)", w.StartsAt, w.EndsAt, Printable(w.TZDB))
	}
	switch s.Outcome {
	case Applied:
		return Cell{fmt.Sprintf("%d: %s%s", s.Sequence, Edge(s.From, s.To), because), statusCell(s.To).Style}
	case Rejected:
		met := ""
		if s.Status != "" {
			met = ", was " + string(s.Status)
		}
		return Cell{fmt.Sprintf("rejected: %s%s%s", s.Reason, met, because), Bad}
	default:
		return Cell{"waiting for the lifecycle" + because, Caution}
	}
}

func (t Timeline) refusals() *Table {
	var refusals Table
	refusals.Row(Cell{"REFUSED", Faint}, Cell{"AT (UTC)", Faint}, Cell{"WHERE", Faint}, Cell{"DETAIL", Faint})
	for _, r := range t.Refusals {
		refusals.Row(Cell{Printable(string(r.Reason)), Bad}, Cell{Text: r.RefusedAt.String()},
			Cell{Text: fmt.Sprintf("%s/%d/%d", Printable(r.Topic), r.Partition, r.Offset)}, Cell{Text: Printable(r.Detail)})
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
func (s Summary) status() Cell {
	switch {
	case s.Status != "":
		return statusCell(s.Status)
	case s.Revision == 0 && len(s.Undecided) == 0:
		return Cell{"none: nothing about it was accepted", Bad}
	default:
		return Cell{"not decided yet", Caution}
	}
}

func statusCell(s schemas.Status) Cell {
	switch s {
	case schemas.Active:
		return Cell{string(s), Good}
	case schemas.Paused:
		return Cell{string(s), Caution}
	case schemas.Cancelled:
		return Cell{string(s), Bad}
	default:
		return Cell{Text: string(s)}
	}
}

// zone is the time zone, with the database by which a window was resolved that was given in its wall-clock time.
func (s Summary) zone() string {
	if s.Campaign == nil || s.Campaign.TZDB == "" {
		return s.Window.TimeZone
	}
	return s.Window.TimeZone + ", tzdb " + s.Campaign.TZDB
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

// Distance tells how far off an instant is, to the two largest units.
func Distance(now, at schemas.Instant) string {
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
