// Package readiness is how ready the devices of a campaign are, over all its stores: the newest that each store has said, their
// sum, and what is told of it. Everything here is a plain function over plain data: the campaign's row, what is kept of each
// store beside it in buckets, and instants in; reports out.
//
// A report is made when its content differs from that of the one before, and at most once in Pause, so that a campaign with ten
// thousand stores does not tell of each of them. While an outage is caught up with, nothing is told: what was read
// last is what counts, and a replay of all that was read ends where it began.
package readiness

import (
	"crypto/sha256"
	"math"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
)

// Never is the due instant of a row that waits for nothing.
const Never instant.Instant = math.MaxInt64

// How long things take, in milliseconds.
const (
	// Pause is how long changes are gathered for one report. A store gathers for playlist.Coalesce before (500 ms), and what answers
	// to something is to be at most 1 s behind it: together they leave a fifth of that for the way.
	Pause instant.Millis = 300
	// Memory is how long after its end or cancel what its stores have said is kept of a campaign.
	Memory instant.Millis = 24 * 60 * 60 * 1000
	// forgetPause parts the steps in which that is forgotten; repairPause is how long a part that cannot be read is left alone.
	forgetPause instant.Millis = 1
	repairPause instant.Millis = 60 * 1000
)

// Row is what the group keeps of a campaign. New makes the one of a campaign of which nothing was heard.
// Invariant: Sums is the sum of the newest change of each store.
type Row struct {
	// Sequence is that of the newest transition that was taken in.
	Sequence int64
	// Revision is the newest of the campaign's definition that a transition or a store has spoken of.
	Revision int64
	Stage    Stage
	// Stores counts the stores of which something is kept, those that have no devices for it any more included.
	Stores int64
	Sums   Counts
	// AtStart is what a Started campaign had at its first activation.
	AtStart AtStart

	// Reports counts the reports that were made; Said is the content of the newest.
	Reports int64
	Said    Content
	// Looked is when the content was looked at last, whether it had changed or not.
	Looked instant.Instant
	// Due is when it is to be looked at again; of one that is Over, when some more of it is forgotten.
	Due instant.Instant
	// Removed counts the buckets that are gone.
	Removed int64
}

// New returns the row of a campaign of which nothing was heard.
func New() Row { return Row{Due: Never} }

// Counts are numbers of devices. Invariant: Ready + Failed + Unreachable <= Total.
type Counts struct{ Total, Ready, Failed, Unreachable int64 }

// AtStart are the devices at the first activation.
type AtStart struct{ Ready, Total int64 }

// Content is the identity of what a report says.
type Content [16]byte

// Stage is how far a campaign has come.
type Stage uint8

// The stages, in order.
const (
	Waiting   Stage = iota // never active
	Starting               // active; what it had at that instant is not known before an outage is caught up with
	Started                // was active
	Over                   // completed or cancelled: nothing is told any more
	Forgotten              // what its stores have said is not kept any more
	stageCount
)

// Moment is when a record is read.
type Moment struct {
	Now instant.Instant
	// CatchingUp says that there is more to be read which came before now.
	CatchingUp bool
}

// NextDue returns the earliest instant at which the row has something to do by itself, or Never.
func (r *Row) NextDue() instant.Instant { return r.Due }

func (c Counts) plus(d Counts) Counts {
	return Counts{c.Total + d.Total, c.Ready + d.Ready, c.Failed + d.Failed, c.Unreachable + d.Unreachable}
}

func (c Counts) minus(d Counts) Counts {
	return Counts{c.Total - d.Total, c.Ready - d.Ready, c.Failed - d.Failed, c.Unreachable - d.Unreachable}
}

// hold says whether the counts can be those of so many devices.
func (c Counts) hold(most int64) bool {
	return c.Total >= 0 && c.Ready >= 0 && c.Failed >= 0 && c.Unreachable >= 0 && c.Total <= most &&
		c.Ready <= c.Total && c.Failed <= c.Total-c.Ready && c.Unreachable <= c.Total-c.Ready-c.Failed
}

// storesPrefix begins the names of the buckets that keep stores.
const storesPrefix = "s/"

func (r *Row) stores(parts linearhash.Buckets) *linearhash.Table {
	return linearhash.Of(parts, storesPrefix, r.Stores)
}

func hashOf(storeID string) linearhash.Hash {
	sum := sha256.Sum256([]byte(storeID))
	return linearhash.Hash(sum[:len(linearhash.Hash{})])
}
