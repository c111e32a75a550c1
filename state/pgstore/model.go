package pgstore

import (
	"encoding/json"

	"github.com/cockroachdb/apd/v3"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Batch is what one Write puts down. The order of the parts and of what is in them is free.
type Batch struct {
	Transitions []Transition
	Releases    []Release
	Statements  []Statement
	// Positions are where the sources of the above stood, and stand after it. Each partition once.
	Positions []Advance
}

// Partition is one partition of a source.
type Partition struct {
	Topic     string
	Partition int32
}

// Unread is the position of a partition of which nothing was ever written.
const Unread int64 = -1

// Advance moves the position of a partition.
type Advance struct {
	Partition
	// From is the position that Positions or the last Write left: the offset behind the last record that was written, or
	// Unread.
	From int64
	// Next is the offset behind the last record of this batch; at least From, and 0.
	Next int64
	// TopicID is the topic's. A Write is refused where the position is another one's.
	TopicID TopicID
}

// Transition is an applied transition, with the campaign as it was in force then. Key: CampaignID and Sequence.
type Transition struct {
	CampaignID   string
	Sequence     int64 // 1, 2, 3, ... per campaign
	TransitionID string
	Revision     int64
	Transition   string // the contract's word
	From, To     string // the contract's words; From is empty on schedule
	ScheduledFor instant.Instant
	DecidedAt    instant.Instant
	LatenessMs   int64
	FirstActive  bool
	ChangeReason string
	Campaign     Campaign
}

// Campaign is a definition in force. StartsAt and EndsAt are the window [StartsAt, EndsAt).
type Campaign struct {
	AdvertiserID     string
	Name             string
	StartsAt, EndsAt instant.Instant
	TimeZone         string
	Currency         string // ISO 4217
	Budget           apd.Decimal
	CPM              apd.NullDecimal // per 1,000 impressions, in Currency
	Stores           int32
	Creatives        int32
}

// Release is what a campaign gave back. Key: the campaign, once for ever. Invariant: Budget = Spent + Released.
type Release struct {
	CampaignID              string
	AdvertiserID            string
	Currency                string
	Budget, Spent, Released apd.Decimal
}

// ID returns the release's key, <campaign_id>/release.
func (r Release) ID() string { return r.CampaignID + "/release" }

// Statement is a version of what a campaign came to. Key: CampaignID and Version.
type Statement struct {
	CampaignID   string
	Version      int64 // 1 is final, 2, 3, ... are adjusted
	StatementID  string
	AdvertiserID string
	Status       string
	Revision     int64
	LockedAt     instant.Instant
	AdjustedAt   *instant.Instant // nil: final
	Plays        int64
	Impressions  apd.Decimal
	LatePlays    int64 // of Plays, those that came after the lock
	NotCounted   int64 // the sum over all verdicts
	Currency     string
	Budget, Cost apd.Decimal // Cost is not rounded
	Spent        apd.Decimal
	Released     apd.Decimal
	// Body is the whole statement as a JSON object. The database keeps what it says, not its spaces and the order of its
	// names; it takes no NUL in a text.
	Body json.RawMessage
}

// Result says what a Write did.
type Result struct {
	New      int // transitions, releases and statements that were not there before
	Repeated int // that were there with the same content
	Booked   int // releases that went to the ledger, those that had waited included
	Parked   int // new releases that wait for their campaign's settle
	// Conflicts are what was not written, or not booked, because something else stands there.
	Conflicts []Conflict
}

// The kinds of rows, as a Conflict names them.
const (
	KindTransition = "transition"
	KindRelease    = "release"
	KindStatement  = "statement"
)

// Conflict is a row that contradicts what is written.
type Conflict struct {
	Kind   string // KindTransition, ...
	Key    string // <campaign_id>/<sequence>, <campaign_id>/release, <campaign_id>/<version>
	Reason string
	Stored string // what stands there, as JSON; empty where nothing does
	Given  string // what came, as JSON
}
