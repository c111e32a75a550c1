// Package playlist is what is to be on a store's devices and what is: campaigns that are placed in the store, its devices, the
// playlist of each and what it has said of it. Everything here is a plain function over plain data: the store's row, parts that
// lie beside it, records and instants in; commands and changes of readiness out.
//
// Records change the store and send nothing: they only say when it has something to do. Fire does that, so that what comes at
// once is sent as one. A command is sent when the content of a device's playlist is another than that of its newest
// command, and again, under the same revision, for as long as the device has not said that it is ready (see push.go).
//
// Invariants: a device's playlist revision rises from command to command; when nothing is due, the newest command of every
// device has the content that compile makes of what is placed, and a revision above all with which, as far as the store was told,
// others have let the device go; the due instant is later after Fire than it was before.
package playlist

import (
	"errors"
	"math"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
)

// Never is the due instant of what waits for nothing.
const Never instant.Instant = math.MaxInt64

// Limits of one store. Rows and parts stay below 900 KiB at all of them, with ids of 128 bytes.
const (
	// DevicesMax is how many devices a store has; more are refused.
	DevicesMax = 1000
	// CampaignsMax is how many campaigns a store remembers: placed ones, and those removed within Memory; more are refused.
	CampaignsMax = 4096
	// CommandMaxBytes is how large a command may become as JSON. Campaigns that have no room in it are left out.
	CommandMaxBytes = 900 << 10
	// stepMaxBytes is of how many bytes of commands and changes Fire stops and goes on a millisecond later.
	stepMaxBytes = 2 << 20
	// wordMaxBytes is how much is kept of a device's own word for a failure.
	wordMaxBytes = 64
)

// Times, in milliseconds.
const (
	// Coalesce parts two flushes of a store at least.
	Coalesce instant.Millis = 500
	// Memory is how long after its end the sequence of a removed campaign is kept.
	Memory instant.Millis = 24 * 60 * 60 * 1000
	// EmptyValid is how long after its cause a command without entries is valid.
	EmptyValid instant.Millis = 7 * 24 * 60 * 60 * 1000
	// repairPause is how long a store waits whose parts cannot be read.
	repairPause instant.Millis = 60 * 1000
)

// Parts is where a store's parts are kept.
type Parts = linearhash.Buckets

// The names of parts: the index of campaigns, and one for each campaign that is placed and for each device.
const (
	indexPart      = "i"
	campaignPrefix = "c/"
	devicePrefix   = "d/"
)

// ErrPart says that a part is not what this package wrote.
var ErrPart = errors.New("reading a part of a store: not the encoding of one")

// Outcome is what became of a record. All but Taken leave playlists and readiness as they are.
type Outcome uint8

// The outcomes.
const (
	Taken         Outcome = iota
	Again                 // read before, by its position
	Stale                 // a placement whose sequence is not higher, a presence or departure that is not newer, than the one known
	NoRoom                // the store has as many devices, or campaigns, as it may
	UnknownDevice         // of a device that is not in this store
	NeverSent             // an ack for a revision that the device was never sent
	OldAck                // an ack for a revision before the present form of all that is in the playlist
	RepeatedAck           // the same as the device's newest ack
	outcomeCount
)

var outcomeNames = [outcomeCount]string{
	Taken: "taken", Again: "duplicate", Stale: "stale", NoRoom: "no-room", UnknownDevice: "unknown-device",
	NeverSent: "never-sent", OldAck: "old-ack", RepeatedAck: "repeated-ack",
}

// String returns the outcome as it is counted.
func (o Outcome) String() string {
	if o >= outcomeCount {
		return "unknown"
	}
	return outcomeNames[o]
}

// Changes says whether the store, or a part of it, may be another than before.
func (o Outcome) Changes() bool { return o == Taken || o == OldAck || o == RepeatedAck }

// Position is behind a record of a partition of an input. The zero Position is behind none.
type Position struct {
	Partition int32
	Offset    int64 // of the next record
}

// passed says whether a record at a position was read before.
func (p Position) passed(at Position) bool {
	return p.Partition == at.Partition && at.Offset < p.Offset
}

func (p Position) behind() Position { return Position{p.Partition, p.Offset + 1} }

// Origin is the record that a change comes from: where it lies, and its timestamp.
type Origin struct {
	Position
	Timestamp instant.Instant
}
