package statement

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/money"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/topics"
)

// linesMax is how many stores, and creatives, are shown: those with the most plays.
const linesMax = 10

const provisionalText = "PROVISIONAL: nothing is locked yet. This is what has been counted up to now; it is no statement."

// Write prints the statement for a person.
func (s *Shown) Write(to io.Writer, colour bool) error {
	notice := timeline.Paint(provisionalText, timeline.Caution, colour) + "\n"
	if !s.Provisional {
		notice = ""
	}
	if _, err := io.WriteString(to, notice); err != nil {
		return err
	}
	for i, table := range []*timeline.Table{s.figures(), s.stores(), s.creatives()} {
		if i > 0 || s.Provisional {
			if _, err := fmt.Fprintln(to); err != nil {
				return err
			}
		}
		if err := table.Write(to, colour); err != nil {
			return err
		}
	}
	if notice != "" {
		notice = "\n" + notice
	}
	_, err := io.WriteString(to, notice)
	return err
}

// figures are what stands above the lines of stores and creatives.
func (s *Shown) figures() *timeline.Table {
	var t timeline.Table
	add := func(title, format string, arguments ...any) {
		t.Row(timeline.Cell{Text: title, Style: timeline.Faint},
			timeline.Cell{Text: timeline.Printable(fmt.Sprintf(format, arguments...))})
	}
	add("Campaign", "%s", s.CampaignID)
	if s.Name != "" {
		add("Name", "%s", s.Name)
	}
	add("Advertiser", "%s", s.AdvertiserID)
	add("Status", "%s, revision %d", s.Status, s.Revision)
	add("Starts", "%s", s.at(s.Window.StartsAt))
	add("Ends", "%s  %s", s.at(s.Window.EndsAt), s.TimeZone)
	if s.LockedAt != nil {
		add("Locked", "%s", s.at(*s.LockedAt))
		add("Statement", "%s", s.which())
	}
	add("Plays", "%d for %s impressions%s", s.Plays, s.Impressions, s.overran())
	if s.Late != nil {
		add("Late", "%s of these, for %s impressions: after the lock, and not charged", timeline.Plays(s.Late.Plays),
			s.Late.Impressions)
	}
	add("Budget", "%s", timeline.Sum(s.Budget))
	add("Spent", "%s", s.spent())
	if s.Provisional {
		add("Held", "%s, which a lock would release now", timeline.Sum(s.Held))
	} else {
		add("Released", "%s", timeline.Sum(s.Released))
	}
	s.notCounted(add)
	title := "Inputs"
	inputs := maps.Clone(s.Inputs)
	if _, is := inputs[string(topics.Plays)]; !is && inputs != nil {
		inputs[string(topics.Plays)] = schemas.Position{}
	}
	for _, topic := range slices.Sorted(maps.Keys(inputs)) {
		if at := inputs[topic]; at.Offset == 0 { // nothing was read there, and so the partition means nothing
			add(title, "%s, none about this campaign", topic)
		} else {
			add(title, "%s, partition %d, before offset %d", topic, at.Partition, at.Offset)
		}
		title = ""
	}
	return &t
}

func (s *Shown) at(at schemas.Instant) string {
	local := zone.Display(s.TimeZone, instant.Instant(at))
	if local == "" { // of a newer database than this program's
		return at.String()
	}
	return at.String() + "  " + local
}

// which says which of the versions it is.
func (s *Shown) which() string {
	text := fmt.Sprintf("version %d of %d, final", s.Version, len(s.Versions))
	if s.AdjustedAt != nil {
		text = fmt.Sprintf("version %d of %d, adjusted %s", s.Version, len(s.Versions), s.at(*s.AdjustedAt))
	}
	return text
}

func (s *Shown) overran() string {
	if s.Overran == 0 {
		return ""
	}
	return fmt.Sprintf("; %d went on past the end of the window", s.Overran)
}

func (s *Shown) spent() string {
	if cost, err := money.ParseAmount(s.Cost, s.Spent.Currency); err == nil && cost.String() == s.Spent.Amount {
		return timeline.Sum(s.Spent)
	}
	return fmt.Sprintf("%s (the cost of %s, rounded, and at most the budget)", timeline.Sum(s.Spent), s.Cost)
}

// reasons say in a person's words why plays are not counted.
var reasons = map[schemas.Verdict]string{
	schemas.PlayDuplicate:       "had been reported before",
	schemas.PlayOutOfWindow:     "started outside of the campaign's window",
	schemas.PlayNotActive:       "started while the campaign was not active",
	schemas.PlayAfterLock:       "after the lock, and not charged",
	schemas.PlayOverBudget:      "would have cost more than was left of the budget",
	schemas.PlayUnknownCampaign: "came when nobody knew the campaign",
	schemas.PlayInvalid:         "cannot have been: impressions below zero, or an end before the start",
}

func (s *Shown) notCounted(add func(title, format string, arguments ...any)) {
	title := "Not counted"
	for _, verdict := range schemas.Verdicts() {
		count := s.NotCounted[verdict]
		if verdict == schemas.PlayAfterLock && s.Late != nil {
			count -= s.Late.Plays // said above, among the plays
		}
		if count > 0 {
			add(title, "%d %s (%s)", count, reasons[verdict], verdict)
			title = ""
		}
	}
}

// line is what one store has played, or how often one creative was.
type line struct {
	id string
	schemas.Tally
}

func (s *Shown) stores() *timeline.Table {
	lines := make([]line, len(s.ByStore))
	for i, store := range s.ByStore {
		lines[i] = line{store.StoreID, store.Tally}
	}
	return s.lines("STORE", lines, s.ByStoreTotal)
}

func (s *Shown) creatives() *timeline.Table {
	lines := make([]line, len(s.ByCreative))
	for i, creative := range s.ByCreative {
		lines[i] = line{creative.CreativeID, creative.Tally}
	}
	return s.lines("CREATIVE", lines, s.ByCreativeTotal)
}

// lines shows those with the most plays, and what all come to.
func (s *Shown) lines(heading string, all []line, total int64) *timeline.Table {
	var t timeline.Table
	faint := func(text string) timeline.Cell { return timeline.Cell{Text: text, Style: timeline.Faint} }
	t.Row(faint(heading), faint("PLAYS"), faint("IMPRESSIONS"))
	slices.SortStableFunc(all, func(a, b line) int { return cmp.Compare(b.Plays, a.Plays) })
	shown := all[:min(len(all), linesMax)]
	for _, l := range shown {
		t.Row(timeline.Cell{Text: timeline.Printable(l.id)}, timeline.Cell{Text: fmt.Sprint(l.Plays)},
			timeline.Cell{Text: l.Impressions})
	}
	if more := total - int64(len(shown)); more > 0 {
		t.Row(faint(fmt.Sprintf("and %d more", more)))
	}
	t.Row(timeline.Cell{Text: fmt.Sprintf("total of %d", total), Style: timeline.Strong}, timeline.Cell{Text: fmt.Sprint(s.Plays)},
		timeline.Cell{Text: s.Impressions})
	return &t
}
