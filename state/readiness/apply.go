package readiness

import (
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
)

// Transition is a transition that was applied to the campaign.
type Transition struct {
	Sequence int64
	// Revision is of the definition that it puts in force; 0 when it puts none.
	Revision int64
	// Activates says that it makes the campaign active for the first time, Ends that it completes or cancels it.
	Activates, Ends bool
	// At is the instant from which on it counts: that of the end of the window, or when it was decided.
	At instant.Instant
}

// Apply takes in a transition. report is what is to be told now, nil for nothing. again says that it was taken in before, and
// nothing happened. Its error says that a part cannot be read: the row is to be kept, and the report comes when the part is
// repaired.
func (r *Row) Apply(parts linearhash.Buckets, t *Transition, at Moment) (report *Report, again bool, err error) {
	if t.Sequence <= r.Sequence {
		return nil, true, nil
	}
	r.Sequence = t.Sequence
	if r.Stage >= Over {
		return nil, false, nil
	}
	news := t.Revision > r.Revision && r.Reports > 0
	r.Revision = max(r.Revision, t.Revision)
	if t.Activates && r.Stage == Waiting {
		r.Stage, news = Starting, true
	}
	switch {
	case t.Ends:
		if r.Stage == Starting { // all of it lies in an outage
			report, err = r.start(parts, at.Now)
		}
		r.Stage, r.AtStart, r.Due = Over, AtStart{}, t.At.Add(Memory)
	case news:
		report, err = r.speak(parts, at)
	}
	return report, false, err
}

// Fire does what is due at now. report is what is to be told, nil for nothing. Its error is as with Apply.
func (r *Row) Fire(parts linearhash.Buckets, now instant.Instant) (report *Report, err error) {
	switch {
	case r.Due > now:
		return nil, nil
	case r.Stage == Over:
		r.forget(parts, now)
		return nil, nil
	case r.Stage == Starting:
		return r.start(parts, now)
	}
	return r.look(parts, now)
}

// forgetStep is how many buckets are removed at once, with the lists of their stores.
const forgetStep = 128

// forget removes some of what stores have said. What remains tells a transition that is read again from a new one.
func (r *Row) forget(parts linearhash.Buckets, now instant.Instant) {
	stores := r.stores(parts)
	for number := r.Removed; number < min(r.Removed+forgetStep, linearhash.Count(r.Stores)); number++ {
		for entry, err := range stores.In(number) {
			if err != nil {
				break // the lists of a bucket that cannot be read are nobody's
			}
			if kept, err := readStore(entry.Content); err == nil && kept.listed {
				parts.SetPart(listName(kept.id), nil)
			}
		}
	}
	gone, all := stores.Remove(r.Removed, forgetStep)
	if !all {
		r.Removed, r.Due = gone, now.Add(forgetPause)
		return
	}
	*r = Row{Sequence: r.Sequence, Stage: Forgotten, Due: Never}
}
