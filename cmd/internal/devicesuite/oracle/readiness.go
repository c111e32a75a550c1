package oracle

import (
	"cmp"
	"fmt"
	"slices"
)

// Readiness takes a record of campaign-readiness.
func (b *Book) Readiness(r Record) error {
	e, err := read[readinessJSON](&r)
	if err != nil {
		return err
	}
	b.readiness[r.Key] = append(b.readiness[r.Key], e.Data)
	return nil
}

// judgeReadiness looks at what each campaign's readiness has said of the start: from some word on the same.
func (b *Book) judgeReadiness(f *findings) {
	for id, words := range b.readiness {
		var start *atStartJSON
		for i := range words {
			w := &words[i]
			switch {
			case start == nil:
				start = w.AtStart
			case w.AtStart == nil || *w.AtStart != *start:
				f.add(text(id), "at its start there were %v, and later %v", *start, w.AtStart)
			}
			if w.CampaignID != id || w.Ready+w.Failed+w.Unreachable > w.Total || w.UnreadyTotal != w.Total-w.Ready ||
				len(w.Unready) > unreadyMax || len(w.Unready) < unreadyMax && int64(len(w.Unready)) != w.UnreadyTotal {
				f.add(text(id), "its readiness does not add up: %v", *w)
			}
		}
		if c := b.campaigns[id]; c == nil || c.firstActive != (start != nil) {
			f.add(text(id), "it was active: %t; its readiness has the start: %t", c != nil && c.firstActive, start != nil)
		}
	}
	for id, c := range b.campaigns {
		if c.firstActive && len(b.readiness[id]) == 0 {
			f.add(text(id), "it was active and has no readiness")
		}
	}
}

// unreadyMax is how many devices are listed.
const unreadyMax = 100

// unready is what is to be said of the devices of a campaign that is placed in the end, by what they have. Devices that can play
// none of it have failed.
func (b *Book) unready(id string, c *campaign, present map[unitID]*presence) (total int64, lines []unreadyJSON) {
	s := c.last()
	for at, p := range present {
		if !s.placed || !s.stores[at.store] {
			continue
		}
		total++
		wants := s.entries(id, at.store, p.plays)
		switch {
		case len(wants) == 0:
			lines = append(lines, unreadyJSON{at.device, at.store, "unplayable"})
		case !b.units[at].has(wants):
			lines = append(lines, unreadyJSON{at.device, at.store, "pending"})
		}
	}
	slices.SortFunc(lines, func(x, y unreadyJSON) int {
		return cmp.Or(cmp.Compare(x.StoreID, y.StoreID), cmp.Compare(x.DeviceID, y.DeviceID))
	})
	return total, lines
}

// differs says how a campaign's newest readiness is not what its devices have.
func (b *Book) differs(id string, c *campaign, present map[unitID]*presence) error {
	total, lines := b.unready(id, c, present)
	words := b.readiness[id]
	if len(words) == 0 {
		if total > 0 {
			return fmt.Errorf("it has no readiness, and %d devices", total)
		}
		return nil
	}
	w := &words[len(words)-1]
	if w.Total != total || w.Ready != total-int64(len(lines)) || !slices.Equal(w.Unready, lines[:min(len(lines), unreadyMax)]) {
		return fmt.Errorf("its readiness says %d of %d, unready %v; there are %d, unready %v",
			w.Ready, w.Total, w.Unready, total, lines)
	}
	if w.Revision != c.last().revision {
		return fmt.Errorf("its readiness is of revision %d, in force is %d", w.Revision, c.last().revision)
	}
	return nil
}
