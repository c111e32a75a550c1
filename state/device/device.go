// Package device is where a device is: a fold over its events, which say that it is in a store, new or wiped, or in one no more.
// They come from the topic's partitions of different stores, so in any order; their time tells what is newer. Everything here is a
// plain function over plain data.
package device

import (
	"errors"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/state/rowbytes"
)

// Row is what the group keeps of a device; the zero Row is of one that nobody knows. That of a removed device stays, so that an
// older event does not bring it back. Invariant: At never falls.
type Row struct {
	Known bool
	At    instant.Instant // the time of the newest event
	Store string          // that it is in; empty when it is in none
}

// Event is an event of a device.
type Event struct {
	// Registered says that it is in the store, new or wiped; otherwise it was removed from there.
	Registered bool
	DeviceID   string
	Store      string
	At         instant.Instant // its CloudEvents time
	// Says and MIME are those of playlist.Presence.
	Says bool
	MIME []string
}

// Outcome is what became of an event.
type Outcome uint8

// The outcomes.
const (
	Stale     Outcome = iota // not newer than the newest
	Placed                   // in a store, where it may have been before
	Moved                    // in another store than before
	Removed                  // in no store any more
	Elsewhere                // removed from a store that it is not in
)

// Telling is what a store is to be told.
type Telling struct {
	StoreID  string
	Presence playlist.Presence
}

// Apply takes an event in. What it returns is to be told to the stores, all or nothing.
func (r *Row) Apply(e Event) (Outcome, []Telling) {
	if r.Known && e.At <= r.At {
		return Stale, nil
	}
	before := r.Store
	r.Known, r.At = true, e.At
	gone := playlist.Presence{DeviceID: e.DeviceID, At: e.At}
	switch {
	case !e.Registered && before != e.Store:
		return Elsewhere, nil
	case !e.Registered:
		r.Store = ""
		return Removed, []Telling{{before, gone}}
	}
	r.Store = e.Store
	here := Telling{e.Store, playlist.Presence{DeviceID: e.DeviceID, At: e.At, Present: true, Says: e.Says, MIME: e.MIME}}
	if before != "" && before != e.Store {
		return Moved, []Telling{{before, gone}, here}
	}
	return Placed, []Telling{here}
}

// ErrRow says that bytes are not a row of this package.
var ErrRow = errors.New("decoding a device's row: not the encoding of one")

const rowLayout = 1

// AppendBinary appends the row's encoding: layout, whether it is known, and then the time and the store.
func (r *Row) AppendBinary(b []byte) []byte {
	b = rowbytes.AppendBool(append(b, rowLayout), r.Known)
	if !r.Known {
		return b
	}
	return rowbytes.AppendText(rowbytes.AppendInstant(b, r.At), r.Store)
}

// UnmarshalBinary sets the row to what AppendBinary wrote; it shares no memory with data. Its error is ErrRow, and the row is
// then unchanged.
func (r *Row) UnmarshalBinary(data []byte) error {
	in := rowbytes.NewReader(data)
	if in.Byte() != rowLayout {
		return ErrRow
	}
	read := Row{Known: in.Bool()}
	if read.Known {
		read.At, read.Store = in.Instant(), in.Text()
	}
	if !in.Done() {
		return ErrRow
	}
	*r = read
	return nil
}
