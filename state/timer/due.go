package timer

import "github.com/rmn-arms/campaign-engine/state/instant"

// Transition is an edge of the campaign's lifecycle, in the contract's words.
type Transition string

// The transitions that the sequencer emits: an operator's at once, a timed one at its instant.
const (
	DueSchedule   Transition = "schedule"
	DueReschedule Transition = "reschedule"
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
	// LatenessMs = DecidedAt - max(ScheduledFor, when the change that set the timer was read); an operator's is 0.
	LatenessMs instant.Millis
	// Timed is false on the due of an operator's change: that one also carries what the change said.
	Timed bool
	// Trace is that of the change of this Revision.
	Trace Trace
}
