package processors

import (
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// What a callback counts, under these names, is added up when its transaction commits: an aborted batch counts nothing.
// Per partition of an input: records read = Accepted + Duplicates + Stale + Refused + Carried, and what was Carried is
// read once more from the loop; of transitions-due: records read = Applied + Rejected + Duplicates + Refused;
// of transitions-applied: Noted + Duplicates + Refused; of plays: the verdicts + Held + Refused + Carried; of
// transitions-applied by placements and readiness: Noted + Duplicates + PassedOver + UnreadableRows; of readiness-changes:
// Summed + Duplicates + AfterEnd + PassedOver + UnreadableRows; of device-events: Carried + Refused, and from the loop:
// Registered + Moved + Removed + Elsewhere + Stale + Refused.
const (
	Accepted   = "accepted"  // campaign events that became due transitions
	Duplicates = "duplicate" // same revision, same data; a due transition that is read again
	Stale      = "stale"     // lower revision; a device event that is not newer
	Carried    = "carried"   // sent on to its key's partition
	Refused    = "refused/"  // and the reason: went to dead-letters
	Due        = "due"       // due transitions emitted
	Applied    = "applied"   // transitions applied
	Rejected   = "rejected"  // transitions rejected
	// Postdated counts due transitions whose decided_at is later than the clock: it is that of the campaign's decision before,
	// which was made by a clock that was ahead of this one. Each is Due, too.
	Postdated = "postdated"
	// Of pending campaigns whose wall-clock times another version of the time zone database had resolved:
	Rezoned = "rezoned" // the window moves: each is Due, too
	Unmoved = "unmoved" // it stays where it is
	// RezoneKept are those, of both, of which an end stays where it is because it means nothing by the new rules: a time that is
	// skipped or repeated and to be rejected, a zone that is gone, a window that would be none.
	RezoneKept = "rezone-kept"
	// Of plays, what is counted is the verdict, in the contract's words, and:
	Held = "held" // its campaign is not known yet; counted again under its verdict if nobody schedules it
	// Of accounts:
	Noted       = "noted"        // applied transitions that an account, placements or readiness have taken in
	Locked      = "locked"       // counts locked, budgets released
	LockedEarly = "locked-early" // of them, those that could not wait for plays that were there, unread
	Adjusted    = "adjusted"     // adjusted statements
	Provisional = "provisional"  // statements for mails that do not wait for the lock
	// PassedOver are records of the engine's own topics that cannot be read, and are not Refused: others have, or nobody can.
	PassedOver = "passed-over"
	// Of placements:
	Placed    = "placed"    // stores told what they get of a campaign
	Unplaced  = "unplaced"  // stores told that a campaign is removed
	Continued = "continued" // steps sent to the loop; one that a transition has overtaken is Stale when it comes
	// Of devices:
	Registered = "registered" // in a store, new or wiped
	Moved      = "moved"      // registered in another store than before
	Removed    = "removed"    // in no store any more
	Elsewhere  = "elsewhere"  // removals from a store in which the device was not: nobody is told
	// Of stores, what is counted is the kind of record and what became of it, in the words of playlist.Outcome, for instance
	// ack/old-ack; records read = those + Refused + Carried. And:
	Placement     = "placement/"
	Presence      = "presence/"
	Acked         = "ack/"
	Commanded     = "commanded"      // new playlists sent
	Pushed        = "pushed"         // those sent once more
	GivenUp       = "given-up"       // devices found to be unreachable
	ReadinessTold = "readiness-told" // changes of readiness
	// Of readiness:
	Summed   = "summed"    // changes of stores that were added up
	AfterEnd = "after-end" // changes of campaigns that are over
	Reported = "reported"  // how ready a campaign is, told
	// UnreadableRows counts records whose row cannot be read. Each is Refused, too, but by placements and readiness, and not counted
	// twice above.
	UnreadableRows = "unreadable-row"
)

// countLateness counts, under the transition's name, how long after its due instant a due transition, or what was applied of
// it, is committed. The due instant is that of the record: when the transition could first have been decided.
func countLateness(ctx engine.Context, due *schemas.Due) {
	ctx.CountSince(string(due.Transition), instant.Instant(due.DecidedAt).Add(-instant.Millis(due.LatenessMs)))
}
