package budget

import (
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
)

// Fired is what an account did by itself.
type Fired struct {
	// Statement is a final or an adjusted one.
	Statement *Statement
	// Locked says that the count was locked now: what was not spent is released, once.
	Locked bool
	// Early says that it was locked though plays that were there could not be read within LockWaitMax.
	Early bool
	// GivenUp says that nobody has scheduled the campaign within Hold. The account is then of no use any more. Refused counts the
	// plays that were held; invalid ones were not.
	GivenUp bool
	Refused int64
}

// The grain of the waits of Fire, in milliseconds.
const (
	// forgetPause parts the steps in which plays are forgotten.
	forgetPause instant.Millis = 1
	repairPause instant.Millis = 60 * 1000
)

// forgetStep is how many buckets are removed at once.
const forgetStep = 512

// Fire does what is due at now; read says whether all plays have been read that Lock.Ticket stands for. Its error says that a
// bucket cannot be read; the account is then unchanged.
func (a *Account) Fire(parts linearhash.Buckets, read bool, now instant.Instant) (Fired, error) {
	if a.NextDue() > now {
		return Fired{}, nil
	}
	switch {
	case a.Lock.Stage == Settling:
		return a.settle(parts, read, now)
	case a.Lock.Stage == Locked && a.Lock.AdjustDue != Never:
		return a.adjust(parts)
	case a.Lock.Stage == Locked:
		a.forget(parts, now)
		return Fired{}, nil
	}
	return a.refuse(parts), nil
}

// HoldFrom lets the hold of a campaign that nobody knows begin at an instant, if it began earlier: before that, what there is to
// know of the campaign may have lain unread.
func (a *Account) HoldFrom(at instant.Instant) {
	if !a.Known && a.HeldUntil != 0 {
		a.HeldUntil = max(a.HeldUntil, at.Add(Hold))
	}
}

// WaitFrom lets the lock wait for plays until LockWaitMax after an instant, if it would give up earlier: before that, the inputs
// were being caught up with, which takes as long as the backlog is.
func (a *Account) WaitFrom(at instant.Instant) {
	if a.Lock.Stage == Settling {
		a.Lock.By = max(a.Lock.By, at.Add(LockWaitMax))
	}
}

// Postpone puts off what is due and cannot be done, since a bucket cannot be read: somebody may repair it, until its plays
// are to be forgotten.
func (a *Account) Postpone(now instant.Instant) {
	later := now.Add(repairPause)
	switch {
	case a.Lock.Stage == Settling:
		a.Lock.Due = later
	case a.Lock.Stage == Locked && now >= a.Lock.ForgetDue:
		a.Lock.AdjustDue, a.Lock.ForgetDue = Never, now.Add(forgetPause)
	case a.Lock.Stage == Locked:
		a.Lock.AdjustDue = later
	}
}

// settle locks the count, when the plays that were there have been read, or have been waited for long enough.
func (a *Account) settle(parts linearhash.Buckets, read bool, now instant.Instant) (Fired, error) {
	if !read && now < a.Lock.By { // it is due when they have been read, or at By
		return Fired{}, nil
	}
	locked := *a
	locked.Lock = Lock{
		Stage: Locked, SettledAt: a.Lock.SettledAt, Version: 1, Spent: a.Cost.Round(a.Budget), AdjustDue: Never,
		ForgetDue: max(a.Lock.SettledAt.Add(Memory), a.Lock.Due.Add(forgetPause)), // never due again when it was
	}
	locked.Raises = nil
	statement, err := locked.Statement(parts)
	if err != nil {
		return Fired{}, err
	}
	*a = locked
	return Fired{Statement: statement, Locked: true, Early: !read}, nil
}

// adjust makes the next version of the statement. It is dated by when it was due, which stands in the row.
func (a *Account) adjust(parts linearhash.Buckets) (Fired, error) {
	adjusted := *a
	adjusted.Lock.Version++
	statement, err := adjusted.Statement(parts)
	if err != nil {
		return Fired{}, err
	}
	statement.AdjustedAt = a.Lock.AdjustDue
	adjusted.keepLines(parts, statement)
	adjusted.Lock.AdjustDue = Never
	adjusted.Lock.ForgetDue = max(a.Lock.ForgetDue, a.Lock.AdjustDue.Add(forgetPause))
	*a = adjusted
	return Fired{Statement: statement}, nil
}

// forget removes some of the plays that are kept.
func (a *Account) forget(parts linearhash.Buckets, now instant.Instant) {
	a.dropLines(parts)
	gone, all := a.plays(parts).Remove(a.Lock.Removed, forgetStep)
	if !all {
		a.Lock.Removed, a.Lock.ForgetDue = gone, now.Add(forgetPause)
		return
	}
	a.Lock.Stage, a.Lock.ForgetDue, a.Lock.Removed = Forgotten, Never, 0
	a.Timeline.Older.remove(parts)
	a.Timeline = Timeline{Terms: []Terms{a.Timeline.last()}}
	a.Entries, a.Latest, a.Farthest = 0, 0, 0
}

// refuse gives up a campaign that nobody knows.
func (a *Account) refuse(parts linearhash.Buckets) Fired {
	a.plays(parts).Remove(0, linearhash.Count(a.Entries))
	refused := a.NotCounted[UnknownCampaign]
	*a = Account{}
	return Fired{GivenUp: true, Refused: refused}
}
