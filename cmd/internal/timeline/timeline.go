// Package timeline tells the story of one campaign: what was published about it, what became due and when, what came of
// it, and what waits. It folds records that somebody else read; nothing here reads a clock or a topic.
//
//	timeline.go  what is told
//	fold.go      records in, story out
//	money.go     where the budget is, the lock, the release
//	readiness.go on how many devices the content is
//	foresee.go   which timers the status makes void
//	list.go      rows in, a line per campaign out
//	text.go      the story for a person
//	moment.go    when that person looks, and by whose clock
//	table.go     columns, colours, and what a terminal must not be shown
package timeline

import "github.com/rmn-arms/campaign-engine/schemas"

// Summary is what a campaign is now, and what comes next.
type Summary struct {
	CampaignID string `json:"campaign_id"`
	// Status is empty until the first transition was applied.
	Status schemas.Status `json:"status,omitempty"`
	// Revision is the newest that became due, Sequence the newest transition that was applied.
	Revision int64 `json:"revision"`
	Sequence int64 `json:"sequence"`
	// Campaign is the definition in force; nil until the first transition was applied.
	Campaign *schemas.Placed `json:"campaign,omitempty"`
	// Window is the campaign's, for a person.
	Window *Window `json:"window,omitempty"`
	// Next are the timers that wait, by instant. They come from the engine's own table; NextError says why they are not
	// known.
	Next      []Pending `json:"next"`
	NextError string    `json:"next_error,omitempty"`
	// Undecided are accepted events that the engine has not come to yet.
	Undecided []Undecided `json:"undecided,omitempty"`
	// Money is where the budget is; nil until the engine has taken the campaign into an account. MoneyError says why that is
	// not known.
	Money      *Money `json:"money,omitempty"`
	MoneyError string `json:"money_error,omitempty"`
	// Readiness is on how many devices its content is; nil until somebody has told. ReadinessError says why that is not known.
	Readiness      *schemas.Readiness `json:"readiness,omitempty"`
	ReadinessError string             `json:"readiness_error,omitempty"`
	// Refused counts the records about the campaign that went to dead-letters.
	Refused int `json:"refused"`
}

// Timeline is a campaign's whole story.
type Timeline struct {
	Summary
	// Steps are all transitions that became due, in the order of decision.
	Steps []Step `json:"steps"`
	// Settlements are the lock, the release, and the statements that were adjusted after them.
	Settlements []Settlement `json:"settlements"`
	// Refusals are the records that went to dead-letters, in their order there.
	Refusals []Refusal `json:"refusals"`
}

// Window is [StartsAt, EndsAt) with both ends as clocks in the campaign's time zone show them.
type Window struct {
	StartsAt       schemas.Instant `json:"starts_at"`
	StartsAtInZone string          `json:"starts_at_in_zone"`
	EndsAt         schemas.Instant `json:"ends_at"`
	EndsAtInZone   string          `json:"ends_at_in_zone"`
	TimeZone       string          `json:"time_zone"`
}

// Pending is a timer that waits for its instant.
type Pending struct {
	Transition schemas.Transition `json:"transition"`
	At         schemas.Instant    `json:"at"`
	AtInZone   string             `json:"at_in_zone,omitempty"`
	// Void says why the transition will be rejected if no change comes before it; empty when it will be applied, or when that
	// is not known because something due is not decided yet.
	Void schemas.RejectionReason `json:"void,omitempty"`
}

// Undecided is an event that was published and that nothing has come of yet.
type Undecided struct {
	Type        schemas.Type    `json:"type"`
	Revision    int64           `json:"revision"`
	PublishedAt schemas.Instant `json:"published_at"` // the record's timestamp
}

// Outcome is what came of a due transition.
type Outcome string

// The outcomes.
const (
	Waiting  Outcome = "waiting" // the lifecycle has not come to it yet
	Applied  Outcome = "applied"
	Rejected Outcome = "rejected"
)

// Step is one transition that became due.
type Step struct {
	TransitionID    string             `json:"transition_id"`
	Transition      schemas.Transition `json:"transition"`
	Revision        int64              `json:"revision"`
	ScheduledFor    schemas.Instant    `json:"scheduled_for"`
	ScheduledInZone string             `json:"scheduled_for_in_zone,omitempty"`
	DecidedAt       schemas.Instant    `json:"decided_at"`
	LatenessMs      int64              `json:"lateness_ms"`
	ChangeReason    string             `json:"change_reason,omitempty"`
	// Window is what a rezone leads to.
	Window *schemas.Rezoned `json:"window,omitempty"`

	Outcome  Outcome                 `json:"outcome"`
	From     schemas.Status          `json:"from,omitempty"`     // if Applied; empty on the first
	To       schemas.Status          `json:"to,omitempty"`       // if Applied
	Sequence int64                   `json:"sequence,omitempty"` // if Applied
	Status   schemas.Status          `json:"status,omitempty"`   // if Rejected: the one that it met
	Reason   schemas.RejectionReason `json:"reason,omitempty"`   // if Rejected
}

// Timed says whether the transition waited for an instant, rather than came from an operator.
func (s Step) Timed() bool {
	switch s.Transition {
	case schemas.Distribute, schemas.Start, schemas.End, schemas.Settle:
		return true
	default:
		return false
	}
}

// Refusal is a record that went to dead-letters.
type Refusal struct {
	Reason    schemas.Reason  `json:"reason"`
	Detail    string          `json:"detail"`
	Topic     string          `json:"topic"`
	Partition int32           `json:"partition"`
	Offset    int64           `json:"offset"`
	Timestamp schemas.Instant `json:"timestamp"` // the record's, by its producer's clock
	RefusedAt schemas.Instant `json:"refused_at"`
}
