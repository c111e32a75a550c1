// Package budget is the account of a campaign: which of its plays count, what they cost, and what is left when the count is
// locked. Everything here is a plain function over plain data: the account's row, the plays kept beside it in buckets, and
// instants in; verdicts and statements out.
//
// A play is judged when it comes, by the timeline as it is known then, and again whenever a transition that comes later
// says something else about the instant at which it started. So plays and transitions may come in any order between
// them: what counts at the lock is the same. Only what is over budget depends on the order of arrival, as the contract says.
//
// Invariant: as long as the budget was not lowered below the cost, cost <= budget; at the lock, always,
// budget = spent + released.
package budget

import (
	"math"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
	"github.com/rmn-arms/campaign-engine/state/money"
)

// Never is the due instant of a row that waits for nothing.
const Never instant.Instant = math.MaxInt64

// How long things are kept and waited for, in milliseconds.
const (
	// Hold is how long the plays of a campaign that nobody knows are kept, from the first one on, or, where that is later, from
	// when the inputs had been caught up with; then they are refused.
	Hold instant.Millis = 60 * 60 * 1000
	// Memory is how long after its lock a campaign's plays are kept. What comes later adjusts nothing, and a repeat is not
	// told from a new play.
	Memory instant.Millis = 7 * 24 * 60 * 60 * 1000
	// Coalesce is how long plays that come after the lock are gathered for one adjusted statement.
	Coalesce instant.Millis = 500
	// LockWaitMax is how long a lock waits for the plays that were there, unread, when the settlement was read.
	LockWaitMax instant.Millis = 60 * 1000
)

// How many plays of a campaign that nobody knows are held; more are refused at once.
const (
	HeldMax = 10_000
	// HeldMaxBehind holds while the inputs are caught up with: what there is to know of the campaign may be on its way, and takes
	// as long as the backlog does. All that are held are judged in one transaction when it comes, some seconds of work for a
	// million, and a transaction must end within its time-out.
	HeldMaxBehind = 200_000
)

// playsPrefix begins the names of the buckets that keep plays.
const playsPrefix = "p/"

// Position is behind a record of a partition of an input. The zero Position is behind none.
type Position struct {
	Partition int32
	Offset    int64 // of the next record
}

// passed says whether a record at a position was read before.
func (p Position) passed(at Position) bool {
	return p.Partition == at.Partition && at.Offset < p.Offset
}

// Tally is a count of plays and the sum of their impressions.
type Tally struct {
	Plays       int64
	Impressions money.Exact
}

func (t *Tally) add(impressions money.Exact) {
	t.Plays++
	t.Impressions = t.Impressions.Plus(impressions)
}

func (t *Tally) remove(impressions money.Exact) {
	t.Plays--
	t.Impressions = t.Impressions.Minus(impressions)
}

// Account is what the group keeps of a campaign. The zero Account is one that nobody knows and that has no plays.
type Account struct {
	Known        bool // a schedule was applied
	AdvertiserID string
	Budget       money.Amount
	Revision     int64 // of the newest transition that was applied
	Sequence     int64
	Status       Status
	Timeline     Timeline

	Counted    Tally // of the valid plays
	Overran    int64 // of them, those that went on past the end of the window
	Cost       money.Exact
	NotCounted [verdictCount]int64
	// Raises are the raises of the budget that came when plays were over it, in their order, until the lock.
	Raises []Raise
	// Entries counts the plays that are kept.
	Entries int64
	// Lines counts the lines of statements that are kept; 0: none.
	Lines int64
	// Farthest is the latest start of a play that a timeline can judge, Latest that of one that is within its window: a play of
	// the year 9999 is not looked at again at each change.
	Latest, Farthest instant.Instant
	// Plays and Applied are how far the inputs have been read for this campaign.
	Plays   Position
	Applied Position

	// HeldUntil is when the plays of an unknown campaign are refused.
	HeldUntil instant.Instant

	Lock Lock
}

// Raise is a raise of the budget. It is for what comes after it: plays of a lower Order were refused by the budget Before.
type Raise struct {
	Order  int64
	Before money.Exact
}

// Lock is how far a settlement has come.
type Lock struct {
	Stage Stage
	// SettledAt is when the settlement was decided; it is the instant of the lock.
	SettledAt instant.Instant
	// Due is when Settling is due, once the plays have been read that Ticket stands for (0: none), or at By, whatever is unread.
	Due, By instant.Instant
	Ticket  int64

	// Version is of the newest statement.
	Version int64
	Spent   money.Amount
	Late    Tally // came after the lock, and would have counted
	// AdjustDue is when the next adjusted statement is made, or Never.
	AdjustDue instant.Instant
	// ForgetDue is when the next buckets are removed; Removed counts those that are gone.
	ForgetDue instant.Instant
	Removed   int64
}

// Stage is a stage of the settlement.
type Stage uint8

// The stages, in order.
const (
	Running   Stage = iota // not settled
	Settling               // settled, the count is not locked yet
	Locked                 // what counts is fixed and released
	Forgotten              // its plays are not kept any more
	stageCount
)

// Status is a node of the lifecycle.
type Status uint8

// The statuses.
const (
	None Status = iota
	Scheduled
	Active
	Paused
	Completed
	Cancelled
	statusCount
)

// NextDue returns the earliest instant at which the account has something to do by itself, or Never.
func (a *Account) NextDue() instant.Instant {
	switch {
	case a.Lock.Stage == Settling:
		return a.Lock.Due
	case a.Lock.Stage == Locked && a.Lock.AdjustDue != Never:
		return a.Lock.AdjustDue // before anything is forgotten that it tells of
	case a.Lock.Stage == Locked:
		return a.Lock.ForgetDue
	case !a.Known && a.Entries > 0:
		return a.HeldUntil
	}
	return Never
}

// Released is what goes back to the wallet, once locked.
func (a *Account) Released() money.Amount { return a.Budget.Minus(a.Lock.Spent) }

// ceiling is what the cost may come to: the budget, or, where that was lowered below it, the cost as it is.
func (a *Account) ceiling() money.Exact {
	if budget := a.Budget.Exact(); budget.Compare(a.Cost) > 0 {
		return budget
	}
	return a.Cost
}

func (a *Account) plays(parts linearhash.Buckets) *linearhash.Table {
	return linearhash.Of(parts, playsPrefix, a.Entries)
}
