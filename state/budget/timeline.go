package budget

import (
	"math"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/money"
)

// Open is the end of an interval that has not ended.
const Open instant.Instant = math.MaxInt64

// Terms are what a definition says, in force from From until the next ones.
type Terms struct {
	From instant.Instant // decided_at of the transition that brought them
	// StartsAt and EndsAt are the window: [StartsAt, EndsAt).
	StartsAt instant.Instant
	EndsAt   instant.Instant
	CPM      money.Rate // price of 1,000 impressions
}

func (t Terms) same(other Terms) bool {
	return t.StartsAt == other.StartsAt && t.EndsAt == other.EndsAt && t.CPM.String() == other.CPM.String()
}

// Interval is a time in which the campaign was ACTIVE: [From, To).
type Interval struct{ From, To instant.Instant }

// Timeline is what was in force when, as far as it is known: the newest of it, behind what is Older. Invariants: Terms are in
// the order of From, and the first ones also count for the time before them. Intervals are in order, do not overlap, and only the
// last one may be Open. Where a list has older elements it has newer ones.
type Timeline struct {
	Terms     []Terms
	Intervals []Interval
	Older     Blocks
}

// at returns the terms in force at an instant.
func (t *Timeline) at(h *history, at instant.Instant) Terms {
	for i := len(t.Terms) - 1; i >= 0; i-- {
		if t.Terms[i].From <= at {
			return t.Terms[i]
		}
	}
	last, next := olderTerms.around(h, t.Older.Terms, func(t *Terms) bool { return t.From <= at })
	switch {
	case last != nil:
		return *last
	case next != nil:
		return *next
	}
	return t.Terms[0]
}

// last returns the newest terms.
func (t *Timeline) last() Terms { return t.Terms[len(t.Terms)-1] }

// active says whether the campaign was ACTIVE at an instant.
func (t *Timeline) active(h *history, at instant.Instant) bool {
	for i := len(t.Intervals) - 1; i >= 0; i-- {
		if t.Intervals[i].From <= at {
			return at < t.Intervals[i].To
		}
	}
	last, _ := olderIntervals.around(h, t.Older.Intervals, func(i *Interval) bool { return i.From <= at })
	return last != nil && at < last.To
}

// judge returns the verdict on a play by when it started, and the terms that it is judged by.
func (t *Timeline) judge(h *history, startedAt instant.Instant) (Verdict, Terms) {
	terms := t.at(h, startedAt)
	switch {
	case startedAt < terms.StartsAt || startedAt >= terms.EndsAt:
		return OutOfWindow, terms
	case !t.active(h, startedAt):
		return NotActive, terms
	}
	return Valid, terms
}

// redefine returns the timeline with newer terms. The first ones count from the beginning of time.
func (t Timeline) redefine(terms Terms) Timeline {
	if len(t.Terms) > 0 {
		last := t.last()
		terms.From = max(terms.From, last.From)
		if last.same(terms) {
			return t
		}
		if last.From == terms.From && len(t.Terms) > 1 {
			t.Terms = t.Terms[:len(t.Terms)-1]
		}
	}
	t.Terms = append(t.Terms[:len(t.Terms):len(t.Terms)], terms)
	return t
}

// activate returns the timeline with an interval that begins.
func (t Timeline) activate(at instant.Instant) Timeline {
	if n := len(t.Intervals); n > 0 {
		at = max(at, t.Intervals[n-1].To)
	}
	t.Intervals = append(t.Intervals[:len(t.Intervals):len(t.Intervals)], Interval{at, Open})
	return t
}

// reaches says whether the campaign was ACTIVE at an instant, or is known to have been after it.
func (t *Timeline) reaches(at instant.Instant) bool {
	n := len(t.Intervals)
	return n > 0 && t.Intervals[n-1].To > at
}

// cut returns the timeline without what reaches an instant or lies behind it. Mostly it ends the open interval; the end of
// a window that was made shorter than it has run lies back, maybe before a pause. An interval that ends where it began is none.
func (t Timeline) cut(h *history, at instant.Instant) Timeline {
	n := len(t.Intervals)
	for n > 0 && t.Intervals[n-1].From >= at {
		n--
		if n == 0 && t.Older.Intervals > 0 {
			t.Older.Intervals--
			t.Intervals = olderIntervals.block(h, t.Older.Intervals)
			n = len(t.Intervals)
		}
	}
	kept := t.Intervals[:n:n]
	if n > 0 && kept[n-1].To > at {
		kept = append(kept[:n-1:n-1], Interval{kept[n-1].From, at})
	}
	t.Intervals = kept
	return t
}
