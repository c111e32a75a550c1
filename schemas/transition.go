package schemas

import (
	"encoding/json"
	"strconv"
)

// Transition is an edge of the campaign's lifecycle.
type Transition string

// The transitions. An operator's change is due at once, a timed one at its instant.
const (
	Schedule   Transition = "schedule"   // first accepted definition
	Reschedule Transition = "reschedule" // a later definition
	Rezone     Transition = "rezone"     // a time zone's rules changed
	Distribute Transition = "distribute" // timed: starts_at - distribution lead
	Start      Transition = "start"      // timed: starts_at
	Pause      Transition = "pause"
	Resume     Transition = "resume"
	End        Transition = "end"    // timed: ends_at
	Settle     Transition = "settle" // timed: the end, or the cancel, plus the grace
	Cancel     Transition = "cancel"
)

// Transitions returns all transitions.
func Transitions() []Transition {
	return []Transition{Schedule, Reschedule, Rezone, Distribute, Start, Pause, Resume, End, Settle, Cancel}
}

// Due is the data of transition.due: somebody decided that a transition is to be made.
// Invariants: ScheduledFor <= DecidedAt for timed ones; one TransitionID once, ever; DecidedAt never falls within a
// campaign.
type Due struct {
	TransitionID string     `json:"transition_id"` // <campaign_id>/<revision>/<transition>
	CampaignID   string     `json:"campaign_id"`
	Revision     int64      `json:"revision"`
	Transition   Transition `json:"transition"`
	ScheduledFor Instant    `json:"scheduled_for"`
	DecidedAt    Instant    `json:"decided_at"`
	// LatenessMs = decided_at - max(scheduled_for, when the engine read the event that set it).
	LatenessMs int64 `json:"lateness_ms"`
	// ChangeReason is the reason that the operator gave for a pause, resume or cancel.
	ChangeReason string `json:"change_reason,omitempty"`
	// Window is what a rezone leads to; no other has it.
	Window *Rezoned `json:"window,omitempty"`
	// Campaign is a Placed as JSON; schedule and reschedule carry it (transition.applied always does). A rezone may, instead of
	// Window: this engine reads both and writes Window.
	Campaign json.RawMessage `json:"campaign,omitempty"`
}

// Applied is the data of transition.applied: the transition happened.
type Applied struct {
	Due
	From Status `json:"from,omitempty"` // empty on schedule
	To   Status `json:"to"`
	// AppliedAt equals DecidedAt.
	AppliedAt Instant `json:"applied_at"`
	// Sequence is 1, 2, 3, ... per campaign, no gaps.
	Sequence int64 `json:"sequence"`
	// FirstActive is true on the one transition that makes the campaign ACTIVE for the first time.
	FirstActive bool `json:"first_active,omitzero"`
}

// Rejected is the data of transition.rejected: the transition was due but the status does not allow it.
type Rejected struct {
	Due
	Status Status          `json:"status,omitempty"` // empty for a campaign without a schedule
	Reason RejectionReason `json:"reason"`
}

// Status is a node of the campaign's lifecycle.
type Status string

// The statuses.
const (
	Scheduled Status = "SCHEDULED"
	Active    Status = "ACTIVE"
	Paused    Status = "PAUSED"
	Completed Status = "COMPLETED"
	Cancelled Status = "CANCELLED"
)

// RejectionReason says why a due transition was not applied.
type RejectionReason string

// The reasons of rejection.
const (
	RejectedSuperseded    RejectionReason = "superseded"
	RejectedAlreadyActive RejectionReason = "already-active"
	RejectedAlreadyPaused RejectionReason = "already-paused"
	RejectedNotPaused     RejectionReason = "not-paused"
	RejectedPaused        RejectionReason = "paused"
	RejectedWindowPassed  RejectionReason = "window-passed"
	RejectedNotEnded      RejectionReason = "not-ended"
	RejectedCompleted     RejectionReason = "completed"
	RejectedCancelled     RejectionReason = "cancelled"
)

// TransitionID returns <campaign_id>/<revision>/<transition>: the identity of a due transition. That of a rezone has
// the tzdb version behind it: TransitionID(...) + "-" + version, and "." + n where the revision's n-th rezone leads back to that
// version, or to one before it, as when a release is taken back.
func TransitionID(campaignID string, revision int64, transition Transition) string {
	return campaignID + "/" + strconv.FormatInt(revision, 10) + "/" + string(transition)
}
