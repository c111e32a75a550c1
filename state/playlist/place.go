package playlist

import (
	"slices"
	"strings"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Place takes a placement. Its error is ErrPart; the store is then unchanged.
func (s *Store) Place(parts Parts, p *Placement, from Origin, now instant.Instant) (Outcome, error) {
	if s.Placements.passed(from.Position) {
		return Again, nil
	}
	known, err := readIndex(parts)
	if err != nil {
		return 0, err
	}
	at, is := known.find(p.CampaignID)
	switch {
	case is && p.Sequence <= known[at].sequence:
		return Stale, nil
	case !is && len(known) >= CampaignsMax:
		known, _ = known.forget(now)
		if at, _ = known.find(p.CampaignID); len(known) >= CampaignsMax {
			return NoRoom, nil
		}
	}
	if !is {
		known = slices.Insert(known, at, listed{id: p.CampaignID})
	}
	entry := &known[at]
	was := entry.placed
	entry.sequence, entry.revision, entry.placed, entry.endsAt = p.Sequence, p.Revision, p.Placed, p.EndsAt
	s.Placements = from.behind()
	if part := campaignPrefix + p.CampaignID; p.Placed {
		parts.SetPart(part, p.AppendBinary(nil))
	} else {
		s.ForgetDue = min(s.ForgetDue, entry.forgetAt())
		if was {
			parts.SetPart(part, nil)
		}
	}
	parts.SetPart(indexPart, known.append(nil))
	if !p.Placed && !was {
		return Taken, nil
	}
	for i := range s.Devices {
		s.Devices[i].Dirty = true
	}
	s.changed(from, now)
	return Taken, nil
}

// index is what is known of campaigns, in the order of their ids.
type index []listed

// listed is what the index has of a campaign. One that is placed has a part of its own.
type listed struct {
	id                 string
	sequence, revision int64
	placed             bool
	endsAt             instant.Instant
	// told is the digest of the readiness that was told last, zero for none, and for that of no devices.
	told digest
}

func (l *listed) forgetAt() instant.Instant { return l.endsAt.Add(Memory) }

func (x index) find(id string) (at int, is bool) {
	return slices.BinarySearchFunc(x, id, func(l listed, id string) int { return strings.Compare(l.id, id) })
}

// forget returns the index without what need not be remembered any more, and when there will be more of that.
func (x index) forget(now instant.Instant) (left index, due instant.Instant) {
	due = Never
	left = slices.DeleteFunc(x, func(l listed) bool {
		if l.placed {
			return false
		}
		if l.forgetAt() > now {
			due = min(due, l.forgetAt())
		}
		return l.forgetAt() <= now
	})
	return left, due
}
