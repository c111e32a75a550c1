package timer

import "github.com/rmn-arms/campaign-engine/state/instant"

// Transition is an edge of the campaign's lifecycle, in the contract's words.
type Transition string

// The transitions that the sequencer emits: an operator's at once, a timed one at its instant, a rezone when another time zone
// database is first seen.
const (
	DueSchedule   Transition = "schedule"
	DueReschedule Transition = "reschedule"
	DueRezone     Transition = "rezone"
	DuePause      Transition = "pause"
	DueResume     Transition = "resume"
	DueCancel     Transition = "cancel"
	DueDistribute Transition = "distribute"
	DueStart      Transition = "start"
	DueEnd        Transition = "end"
	DueSettle     Transition = "settle"
)

// Due says that a transition is to be made. Invariants: DecidedAt never falls within a campaign; ScheduledFor <=
// DecidedAt; LatenessMs >= 0.
type Due struct {
	Transition   Transition
	Revision     int64
	ScheduledFor instant.Instant
	DecidedAt    instant.Instant
	// LatenessMs = DecidedAt - max(ScheduledFor, when the change that set the timer was read); an operator's and a rezone's is 0.
	LatenessMs instant.Millis
	// Timed is false on the due of an operator's change, which also carries what the change said, and true on all others.
	Timed bool
	// Trace is that of the change of this Revision.
	Trace Trace
	// Rezone is what a rezone led to; nil on all others.
	Rezone *Rezoned
}

// Rezoned is a window as another time zone database has it.
type Rezoned struct {
	// Suffix ends the due's id: the database's version, and where the revision has been rezoned to that or a newer one before,
	// how many rezones of the revision this makes. So no id comes twice.
	Suffix   string
	StartsAt instant.Instant
	EndsAt   instant.Instant
	// Wording is that of the ends that follow from it by that database: an end that is fixed elsewhere, or that it does not
	// place, has no text.
	Wording Wording
}
