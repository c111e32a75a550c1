// Package device is where a device is: a fold over its events, which say that it is in a store, new or wiped, or in one no more.
// They lie in the partitions of different stores, so they are read in any order, and in another one when a deployment is
// rebuilt. What they come to does not depend on it: it is what they come to in the order of their times. Of two events of one
// time the one that is read first counts. Everything here is a plain function over plain data.
package device

import (
	"cmp"
	"errors"
	"slices"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
)

// Row is what the group keeps of a device; the zero Row is of one that nobody knows. That of a removed device stays, so that an
// older event does not bring it back. Invariant: At never falls, and each removal is later than it, or of Store and not earlier.
type Row struct {
	Known bool            // a registration has been read
	At    instant.Instant // the time of the newest one
	Store string          // of the newest one
	// Removals are those that came since, the newest of each store, in the order of their times. One of another store than
	// Store does nothing now; it would, if a registration came there that is newer than At and older than itself.
	Removals []Removal
	// Departed is the highest playlist revision under which a store has let it go, 0 for none. It never falls.
	Departed int64
}

// Removal says that a device is in a store no more.
type Removal struct {
	Store string
	At    instant.Instant
}

// RemovalsMax is how many removals are kept. Of more the oldest is forgotten.
const RemovalsMax = 16

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
	Stale     Outcome = iota // not newer than what it is about: nothing has changed
	Overruled                // a registration that is the newest, in a store from which the device was removed since
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

// In returns the store that the device is in; false when it is in none.
func (r *Row) In() (store string, is bool) {
	return r.Store, r.Known && r.removal(r.Store) < 0
}

// removal returns the place of a store's removal, or -1.
func (r *Row) removal(store string) int {
	return slices.IndexFunc(r.Removals, func(m Removal) bool { return m.Store == store })
}

// Apply takes an event in. What it returns is to be told to the stores, all or nothing: what one store is told has times that
// rise.
func (r *Row) Apply(e Event) (Outcome, []Telling) {
	switch at := r.removal(e.Store); {
	case r.Known && e.At <= r.At, !e.Registered && at >= 0 && e.At <= r.Removals[at].At:
		return Stale, nil
	case e.Registered:
		return r.register(e)
	default:
		return r.remove(e, at)
	}
}

func (r *Row) register(e Event) (Outcome, []Telling) {
	before, was := r.In()
	r.Known, r.At, r.Store = true, e.At, e.Store
	r.Removals = slices.DeleteFunc(slices.Clone(r.Removals), func(m Removal) bool {
		return m.At < e.At || m.At == e.At && m.Store != e.Store
	})
	var telling []Telling
	if was && before != e.Store {
		telling = append(telling, Telling{before, playlist.Presence{DeviceID: e.DeviceID, At: e.At}})
	}
	if _, is := r.In(); !is {
		return Overruled, telling
	}
	outcome := Placed
	if telling != nil {
		outcome = Moved
	}
	here := playlist.Presence{DeviceID: e.DeviceID, At: e.At, Present: true, Says: e.Says, MIME: e.MIME, Departed: r.Departed}
	return outcome, append(telling, Telling{e.Store, here})
}

// remove notes a removal; at is the place of the one before it of the same store.
func (r *Row) remove(e Event, at int) (Outcome, []Telling) {
	store, is := r.In()
	r.Removals = slices.Clone(r.Removals)
	if at >= 0 {
		r.Removals = slices.Delete(r.Removals, at, at+1)
	}
	place, _ := slices.BinarySearchFunc(r.Removals, e.At, func(m Removal, at instant.Instant) int { return cmp.Compare(m.At, at) })
	r.Removals = slices.Insert(r.Removals, place, Removal{e.Store, e.At})
	r.forget()
	if !is || store != e.Store {
		return Elsewhere, nil
	}
	return Removed, []Telling{{store, playlist.Presence{DeviceID: e.DeviceID, At: e.At}}}
}

// Depart takes in with which playlist revision a store has let the device go, and says whether none was as high. A store sends a
// device commands until it has read that the device has left, and by then another one may have sent it some, too: what it returns
// is to be told to the store where the device is now, so that its commands come above.
func (r *Row) Depart(d *playlist.Departure) (risen bool, telling []Telling) {
	if d.Revision <= r.Departed {
		return false, nil
	}
	r.Departed = d.Revision
	if store, is := r.In(); is {
		notice := playlist.Presence{DeviceID: d.DeviceID, At: r.At, Present: true, Departed: r.Departed, Notice: true}
		telling = append(telling, Telling{store, notice})
	}
	return true, telling
}

// forget drops the oldest removal that does nothing now, when there are too many.
func (r *Row) forget() {
	if len(r.Removals) <= RemovalsMax {
		return
	}
	idle := slices.IndexFunc(r.Removals, func(m Removal) bool { return m.Store != r.Store })
	r.Removals = slices.Delete(r.Removals, idle, idle+1)
}

// ErrRow says that bytes are not a row of this package.
var ErrRow = errors.New("decoding a device's row: not the encoding of one")

const (
	rowLayout      = 1
	departedLayout = 2 // of one with Departed; one without is as it was before there were any
)

// AppendBinary appends the row's encoding: layout, whether it is known, then of one that is the time and the store, the removals,
// and Departed where there is one.
func (r *Row) AppendBinary(b []byte) []byte {
	layout := byte(rowLayout)
	if r.Departed > 0 {
		layout = departedLayout
	}
	b = fields.AppendBool(append(b, layout), r.Known)
	if r.Known {
		b = fields.AppendText(fields.AppendInstant(b, r.At), r.Store)
	}
	b = fields.AppendUvarint(b, int64(len(r.Removals)))
	for _, m := range r.Removals {
		b = fields.AppendInstant(fields.AppendText(b, m.Store), m.At)
	}
	if layout == departedLayout {
		b = fields.AppendUvarint(b, r.Departed)
	}
	return b
}

// UnmarshalBinary sets the row to what AppendBinary wrote; it shares no memory with data. Its error is ErrRow, and the row is
// then unchanged.
func (r *Row) UnmarshalBinary(data []byte) error {
	in := fields.NewReader(data)
	layout := in.Byte()
	if layout != rowLayout && layout != departedLayout {
		return ErrRow
	}
	read := Row{Known: in.Bool()}
	if read.Known {
		read.At, read.Store = in.Instant(), in.Text()
	}
	if n := in.Length(); n > 0 && n <= RemovalsMax {
		read.Removals = make([]Removal, n)
	}
	for i := range read.Removals {
		read.Removals[i] = Removal{in.Text(), in.Instant()}
	}
	if layout == departedLayout {
		read.Departed = in.Uvarint()
	}
	if !in.Whole() || layout == departedLayout && read.Departed == 0 {
		return ErrRow
	}
	*r = read
	return nil
}
