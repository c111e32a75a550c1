// Package campaign is the lifecycle: the only decider of a campaign's status. It is a pure fold over the dues of one
// campaign in their order, so a replay gives the same answers. "Now" is a due's DecidedAt; there is no other clock.
package campaign

import "github.com/rmn-arms/campaign-engine/state/instant"

// Status is a node of the lifecycle, in the contract's words.
type Status string

// The statuses. Who moves a campaign on stands in the table, see table.go.
const (
	None      Status = ""          // no schedule was applied yet
	Scheduled Status = "SCHEDULED" // waits for its start
	Active    Status = "ACTIVE"    // runs
	Paused    Status = "PAUSED"    // an operator stopped it, before or after its start
	Completed Status = "COMPLETED" // its end came; final
	Cancelled Status = "CANCELLED" // an operator ended it; final
)

// Transition is an edge of the lifecycle, in the contract's words.
type Transition string

// The transitions.
const (
	Schedule   Transition = "schedule"
	Reschedule Transition = "reschedule"
	Rezone     Transition = "rezone"
	Distribute Transition = "distribute"
	Start      Transition = "start"
	Pause      Transition = "pause"
	Resume     Transition = "resume"
	End        Transition = "end"
	Settle     Transition = "settle"
	Cancel     Transition = "cancel"
)

// Reason says why a due was not applied, in the contract's words.
type Reason string

// The reasons.
const (
	Superseded    Reason = "superseded"
	AlreadyActive Reason = "already-active"
	AlreadyPaused Reason = "already-paused"
	NotPaused     Reason = "not-paused"
	IsPaused      Reason = "paused"
	WindowPassed  Reason = "window-passed"
	NotEnded      Reason = "not-ended"
	IsCompleted   Reason = "completed"
	IsCancelled   Reason = "cancelled"
)

// Row is what the lifecycle keeps of a campaign; the zero Row is a campaign without any due. Invariants: Revision and
// Sequence never fall; Completed and Cancelled are final; once EverActive, StartsAt is fixed.
type Row struct {
	Status     Status
	Revision   int64 // the highest seen in any due, rejected ones included
	Sequence   int64 // of the last applied due: 1, 2, 3, ...
	EverActive bool
	Settled    bool
	StartsAt   instant.Instant // of the window in force
	EndsAt     instant.Instant // of the window in force
	// Position is the one behind the newest due that was decided (Due.Position), 0 when it is not known; DecidedAt is then
	// the latest of all dues so far. Together they tell a due that is read again from one that is new.
	Position  int64
	DecidedAt instant.Instant
	// Campaign is the rendering of the definition in force. Nothing here looks into it: the caller replaces it when a
	// decision says Redefined, and repeats it with every applied due.
	Campaign []byte
}
