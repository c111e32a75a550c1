package budget

import (
	"math"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
	"github.com/rmn-arms/campaign-engine/state/money"
)

// Change is a transition that was applied to the campaign.
type Change struct {
	Sequence     int64
	Revision     int64
	From, To     Status
	DecidedAt    instant.Instant
	Kind         Kind
	ScheduledFor instant.Instant
	// Definition is what is in force after a Redefinition.
	Definition Definition
}

// Kind is what a transition means for the account.
type Kind uint8

// The kinds.
const (
	// Other transitions change the status at most, at DecidedAt.
	Other Kind = iota
	// Redefinition is a schedule, a reschedule, a rezone.
	Redefinition
	// Timed is a start or an end: it counts from its ScheduledFor, however late it was decided.
	Timed
	// Settlement locks the count.
	Settlement
)

// Definition is what counts of a definition.
type Definition struct {
	AdvertiserID     string
	StartsAt, EndsAt instant.Instant
	Budget           money.Amount
	CPM              money.Rate
}

// Apply takes a transition that was read at a position, in a batch of now. ticket stands for the plays that are there when it
// is a settlement: the count is not locked before they are read. Its error says that a bucket cannot be read; the account is
// then unchanged. again says that the transition was applied before, and nothing happened.
func (a *Account) Apply(
	parts linearhash.Buckets, change *Change, at Position, ticket int64, now instant.Instant,
) (again bool, err error) {
	if change.Sequence <= a.Sequence {
		return true, nil
	}
	next, h := *a, &history{parts: parts}
	from := next.follows(h, change)
	if next.concerned(change, from) {
		if err := next.recount(h, a, from); err != nil {
			return false, err
		}
	}
	if h.err != nil {
		return false, h.err
	}
	next.putAway(parts, a.Timeline.Older)
	if change.Kind == Settlement && next.Lock.Stage == Running {
		next.Lock = Lock{
			Stage: Settling, SettledAt: change.DecidedAt, Due: now, By: now.Add(LockWaitMax), Ticket: ticket,
			AdjustDue: Never, ForgetDue: Never,
		}
	}
	next.Sequence, next.Revision, next.Status = change.Sequence, change.Revision, change.To
	next.Applied = Position{at.Partition, at.Offset + 1}
	*a = next
	return false, nil
}

// concerned says whether there may be plays to be judged anew that started at from or later. Only another definition has an
// effect on those that are out of their window.
func (a *Account) concerned(change *Change, from instant.Instant) bool {
	latest := a.Latest
	if change.Kind == Redefinition {
		latest = a.Farthest
	}
	return a.Entries > 0 && from <= latest
}

// follows changes the timeline and the budget, and returns from when on plays may have to be judged anew.
func (a *Account) follows(h *history, change *Change) (from instant.Instant) {
	from = Never
	at := change.DecidedAt
	if change.Kind == Timed {
		at = change.ScheduledFor
	}
	if change.Kind == Redefinition {
		from = a.redefine(change)
	}
	switch {
	case change.To == Active && a.Status != Active:
		a.Timeline = a.Timeline.activate(at)
		return min(from, a.Timeline.Intervals[len(a.Timeline.Intervals)-1].From)
	case change.To != Active && a.Timeline.reaches(at):
		a.Timeline = a.Timeline.cut(h, at)
		return min(from, at)
	}
	return from
}

func (a *Account) redefine(change *Change) (from instant.Instant) {
	d := &change.Definition
	terms := Terms{From: change.DecidedAt, StartsAt: d.StartsAt, EndsAt: d.EndsAt, CPM: d.CPM}
	same := a.Known && a.Timeline.last().same(terms)
	a.Timeline = a.Timeline.redefine(terms)
	a.raise(d.Budget)
	a.Budget = d.Budget
	switch {
	case same: // another budget, or name: a raise is for what comes after it, and what was paid stays so
		return Never
	case a.Known:
		return a.Timeline.last().From
	}
	a.Known, a.AdvertiserID, a.HeldUntil = true, d.AdvertiserID, 0
	return math.MinInt64
}

// raise notes what the budget was for the plays that are over it, if it is raised now. Of raises between which no play came,
// the first says it.
func (a *Account) raise(to money.Amount) {
	n := len(a.Raises)
	if !a.Known || a.NotCounted[OverBudget] == 0 || to.Compare(a.Budget) <= 0 || n > 0 && a.Raises[n-1].Order == a.Entries {
		return
	}
	a.Raises = append(a.Raises[:n:n], Raise{a.Entries, a.Budget.Exact()})
}
