package timer

import "github.com/rmn-arms/campaign-engine/state/instant"

// ChangeKind is what an operator's change is about.
type ChangeKind uint8

// The kinds of changes. created and updated are both Definition: either may come first.
const (
	Definition ChangeKind = iota
	Pause
	Resume
	Cancel
	changeKindCount
)

// Change is an operator's change whose form has been checked. The fields below Trace belong to a Definition.
// Limits (the contract's): Revision >= 1; StartsAt < EndsAt, both and EndsAt + Grace within instant.Min and Max;
// Lead and Grace >= 0; AdvertiserID at most 128 bytes, Currency 3.
type Change struct {
	Kind     ChangeKind
	Revision int64
	Hash     Hash
	Trace    Trace // plays no part in what is decided

	AdvertiserID string
	Currency     string
	StartsAt     instant.Instant // resolved
	EndsAt       instant.Instant // resolved
	Wording      Wording
	Lead         instant.Millis
	Grace        instant.Millis
}

// Mode says whether timers may fire.
type Mode uint8

// The modes. CatchingUp holds from a start or takeover until the inputs have been read to the end seen then: a change
// published during an outage must be known before an overdue timer is decided.
const (
	Normal Mode = iota
	CatchingUp
)

// Verdict is what became of a change.
type Verdict uint8

// The verdicts.
const (
	Accepted  Verdict = iota // it is among the dues
	Duplicate                // same revision, same data: ignored and counted
	Stale                    // lower revision: ignored and counted
	Refused                  // for dead-letters, with a Refusal
)

// Refusal says why a change was refused. Reason is a dead letter's reason in the contract's words; Detail names the
// field (below the event's data) and the rule, never the payload.
type Refusal struct{ Reason, Detail string }

// The refusals that depend on what was accepted before, in the order in which they are looked for.
var (
	advertiserChanged = Refusal{"schema", "advertiser_id: is fixed by the first accepted definition"}
	currencyChanged   = Refusal{"invalid-money", "budget.currency: is fixed by the first accepted definition"}
	unknownCampaign   = Refusal{"unknown-campaign", "campaign_id: no definition has been accepted yet"}
	revisionConflict  = Refusal{"revision-conflict", "revision: was accepted before with other data"}
)

// Decision is what is to be kept and emitted after a change was read. Row is to be kept if Changed; it may have
// changed, and Dues may hold timed ones, whatever the verdict.
type Decision struct {
	Verdict Verdict
	Refusal Refusal // if Verdict is Refused
	Row     Row
	Changed bool
	Dues    []Due // in the order in which they became due
}

// Decide sequences an operator's change that was read at now. In Normal mode the timers due at or before now fire
// first, then the change is judged, and timers that it set and that are due already fire behind it.
func Decide(row Row, exists bool, change Change, now instant.Instant, mode Mode) Decision {
	var d Decision
	if exists && mode == Normal {
		row, d.Dues = fire(row, now, nil)
	}
	if d.Verdict, d.Refusal = judge(&row, exists, &change); d.Verdict == Accepted {
		row, d.Dues = accept(row, exists, change, now, d.Dues)
		if mode == Normal {
			row, d.Dues = fire(row, now, d.Dues)
		}
	}
	d.Row, d.Changed = row, len(d.Dues) > 0
	return d
}

// Misnamed says whether a definition names another advertiser than the first accepted one, and how that is refused. It is
// part of what Decide judges, and a function of its own because it comes before the checks of a definition's zone, window
// and money, which are made before there is a whole Change: of this one only Kind and AdvertiserID are looked at.
func Misnamed(row *Row, exists bool, change *Change) (Refusal, bool) {
	if exists && change.Kind == Definition && change.AdvertiserID != row.AdvertiserID {
		return advertiserChanged, true
	}
	return Refusal{}, false
}

// judge compares a change with what was accepted before. A closed campaign's change is judged like any other, also once
// the row has shrunk: what was refused while the campaign was open must be refused again when all inputs are replayed.
func judge(row *Row, exists bool, change *Change) (Verdict, Refusal) {
	if refusal, misnamed := Misnamed(row, exists, change); misnamed {
		return Refused, refusal
	}
	defines := change.Kind == Definition
	switch {
	case exists && defines && change.Currency != row.Currency:
		return Refused, currencyChanged
	case !exists && !defines:
		return Refused, unknownCampaign
	case !exists || change.Revision > row.Revision:
		return Accepted, Refusal{}
	case change.Revision < row.Revision:
		return Stale, Refusal{}
	case change.Hash == row.Hash:
		return Duplicate, Refusal{}
	default:
		return Refused, revisionConflict
	}
}

// accept makes a change part of the row and emits its due.
func accept(row Row, exists bool, change Change, now instant.Instant, dues []Due) (Row, []Due) {
	row.Revision, row.Hash, row.Rezones = change.Revision, change.Hash, Rezones{}
	row.DecidedAt = max(row.DecidedAt, now)
	if !row.Settled {
		row.Trace = change.Trace
	}
	if !row.Closed() {
		switch change.Kind {
		case Definition:
			row = define(row, exists, change, now)
		case Cancel:
			row = cancel(row)
		}
	}
	return row, append(dues, Due{
		Transition: transitionOf(change.Kind, exists), Revision: row.Revision,
		ScheduledFor: row.DecidedAt, DecidedAt: row.DecidedAt, Trace: change.Trace,
	})
}

// transitionOf returns an operator's transition: the first definition schedules, later ones reschedule.
func transitionOf(kind ChangeKind, exists bool) Transition {
	if kind == Definition && !exists {
		return DueSchedule
	}
	return [changeKindCount]Transition{DueReschedule, DuePause, DueResume, DueCancel}[kind]
}

// define takes a definition's fields over and arms its timers.
func define(row Row, exists bool, change Change, now instant.Instant) Row {
	if !exists {
		row.AdvertiserID, row.Currency = change.AdvertiserID, change.Currency
	}
	row.StartsAt, row.EndsAt = change.StartsAt, change.EndsAt
	row.Lead, row.Grace = change.Lead, change.Grace
	row.Wording = Wording{}
	if !change.Wording.isZero() {
		row.Wording = change.Wording
	}
	// Content is sent at once when its lead has passed, but not after the end.
	if now < row.EndsAt {
		row = arm(row, Distribute, row.StartsAt.Add(-row.Lead))
	} else {
		row.Timers[Distribute] = Timer{}
	}
	row = arm(row, Start, row.StartsAt)
	row = arm(row, End, row.EndsAt)
	// Settle waits behind end from the beginning; at the same instant the kinds' order keeps it there.
	return arm(row, Settle, row.EndsAt.Add(row.Grace))
}

// arm sets a timer to an instant. A waiting one always follows, even back to where it once fired, since downstream may
// have moved on; one that has fired is armed again only for another instant.
func arm(row Row, kind Kind, at instant.Instant) Row {
	timer := &row.Timers[kind]
	switch {
	case timer.Armed && timer.At == at:
	case !timer.Armed && kind < End && row.Firings[kind] == Firing{Fired: true, At: at}:
	default:
		*timer = Timer{Armed: true, At: at, SetAt: row.DecidedAt}
	}
	return row
}

// cancel closes the row: what is left to do is to settle, a grace after the cancel.
func cancel(row Row) Row {
	row.Result = Cancelled
	row.Timers = [kindCount]Timer{Settle: {Armed: true, At: row.DecidedAt.Add(row.Grace), SetAt: row.DecidedAt}}
	return row
}
