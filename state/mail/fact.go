package mail

import "github.com/rmn-arms/campaign-engine/state/instant"

// Fact is something that was read: a Definition, a Transition, a Statement, an Interim or an AtStart.
type Fact interface{ fact() }

// Definition is a campaign.created or campaign.updated that is well-formed: one that the sequencer would refuse for its form or
// money, or for a window of instants, is not one. Whether it was applied is for a Transition to say.
type Definition Revision

// Transition is a transition.applied.
type Transition struct {
	ID       string
	Sequence int64
	// Campaign is what is in force from it on.
	Campaign Campaign
	// Nominal is for when it was scheduled, DecidedAt when it was applied.
	Nominal, DecidedAt instant.Instant
	Lateness           instant.Millis
	FirstActive        bool
	// Outcome is Completed for an end, Cancelled for a cancel, and Running for all others, settle included.
	Outcome Outcome
	// CPM is the price of 1,000 impressions from it on, a plain decimal text; empty: plays cost nothing.
	CPM string
	// Was and Reason are those of a cancel: what the campaign was before, and why the operator cancelled it.
	Was    Was
	Reason string
}

// Campaign is what letters tell of a definition that was applied.
type Campaign struct {
	ID, Name, AdvertiserID string
	Revision               int64 // of the definition, which may be older than the transition's
	Currency               string
	StartsAt, EndsAt       instant.Instant
	Zone                   string // its name in the tz database
	// Grace is from the end or the cancel until the settlement is due.
	Grace  instant.Millis
	Stores int64 // where there are none, no readiness is waited for
}

// Outcome is how a campaign has ended.
type Outcome uint8

// The outcomes.
const (
	Running Outcome = iota
	Completed
	Cancelled
	outcomeCount
)

// AtStart is the at_start of a campaign.readiness: of the devices at the first activation.
type AtStart struct{ Ready, Total int64 }

// Statement is a statement.final or statement.adjusted, or what an Interim says. Impressions and amounts are plain decimal texts.
type Statement struct {
	ID       string // empty: an Interim has none
	Version  int64  // 1: the final one; 0: an Interim; others are not mailed
	LockedAt instant.Instant
	Currency string

	Plays, Overran          int64
	Impressions             string
	Budget, Spent, Released string
	ByStore, ByCreative     Lines
	NotCounted              []Verdict // in the order of their names
}

// Interim is what was counted of a campaign when its end or cancel was read by who counts, where the count closes more than
// FinalWait later: plays that came after that are not in it. It has no ID, Version 0, and in LockedAt when the end was decided.
// Released is what would be left.
type Interim Statement

// Lines are what stores or creatives have played. In a fact Top may hold all that a statement lists; a row and a letter keep
// the TopMax that played most.
type Lines struct {
	Top []Line
	// Listed is how many the statement lists, Total of how many it counts; it is cut where Listed < Total, and Top is then of
	// those that are listed.
	Listed, Total int64
}

// Line is what one store or creative has played.
type Line struct {
	ID          string
	Plays       int64
	Impressions string
}

// Verdict is how many plays did not count, by the statement's word for why.
type Verdict struct {
	Name  string
	Plays int64
}

func (Definition) fact() {}
func (Transition) fact() {}
func (Statement) fact()  {}
func (Interim) fact()    {}
func (AtStart) fact()    {}
