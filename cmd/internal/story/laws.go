package story

import (
	"fmt"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// laws are what must hold whatever the script is. It returns what breaks them, and how many things were held against them.
func (s *seen) laws() (broken []string, held int) {
	law := func(holds bool, format string, arguments ...any) {
		held++
		if !holds {
			broken = append(broken, fmt.Sprintf(format, arguments...))
		}
	}
	ids := map[string]bool{}
	for _, d := range s.dues {
		law(!ids[d.TransitionID], "%s became due twice", d.TransitionID)
		ids[d.TransitionID] = true
		law(d.LatenessMs >= 0 && d.DecidedAt >= d.ScheduledFor, "%s was decided at %s, before %s", d.TransitionID,
			d.DecidedAt, d.ScheduledFor)
	}
	for _, b := range bookings() {
		c := s.campaigns[b.id]
		sequence := int64(0)
		for _, o := range c.outcomes {
			law(ids[o.TransitionID], "%s was never due", o.TransitionID)
			if o.reason == "" {
				sequence++
				law(o.Sequence == sequence, "%s has the sequence %d and not %d", o.TransitionID, o.Sequence, sequence)
			}
		}
	}
	for _, id := range allScreens() {
		before := schemas.Command{}
		for _, c := range s.commands[id] {
			next := c.PlaylistRevision > before.PlaylistRevision && c.Attempt == 1 ||
				c.PlaylistRevision == before.PlaylistRevision && c.Attempt == before.Attempt+1
			law(next, "%s was sent playlist %d/%d behind %d/%d", id, c.PlaylistRevision, c.Attempt,
				before.PlaylistRevision, before.Attempt)
			before = c
		}
		held += s.screens[id].films // each was held against its window when it began, see hear
	}
	return append(broken, s.troubles...), held
}
