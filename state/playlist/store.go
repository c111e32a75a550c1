package playlist

import (
	"slices"
	"strings"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Store is what is kept of a store beside its parts. New makes one.
type Store struct {
	// Placements, Presences and Acks are how far the inputs have been read for this store.
	Placements, Presences, Acks Position
	// Devices are in the order of their ids.
	Devices []Resident
	// Departed is the highest playlist revision of the devices that have left.
	Departed int64
	// Cause is the newest timestamp of the records that FlushDue is for, 0 without one that changes playlists.
	Cause instant.Instant
	// FlushedAt is when the store was flushed last, FlushDue when it will be, or Never.
	FlushedAt, FlushDue instant.Instant
	// Untold says that readiness may be another than was told.
	Untold bool
	// ForgetDue is when campaigns are forgotten next, or Never.
	ForgetDue instant.Instant
	// NotBefore holds everything back: Fire goes on then with what it has left.
	NotBefore instant.Instant
}

// Resident is what the row has of a device.
type Resident struct {
	ID string
	// Dirty says that its playlist may be another than it was sent, Leaving that it is in the store no more.
	Dirty, Leaving bool
	// Due is when something is due for the device alone: a push, or to give it up. Never otherwise.
	Due instant.Instant
}

// New returns a store of which nothing is known.
func New() *Store { return &Store{FlushDue: Never, ForgetDue: Never} }

// NextDue returns the earliest instant at which Fire has something to do, or Never.
func (s *Store) NextDue() instant.Instant {
	due := min(s.FlushDue, s.ForgetDue)
	for i := range s.Devices {
		due = min(due, s.Devices[i].Due)
	}
	return max(due, s.NotBefore)
}

// Postpone puts off all that is due and cannot be done, since a part cannot be read: somebody may repair it.
func (s *Store) Postpone(now instant.Instant) { s.NotBefore = now.Add(repairPause) }

// flush lets the store be flushed as soon as it may. A clock that was ahead once must not hold it back, whatever it has set.
func (s *Store) flush(now instant.Instant) {
	s.FlushDue = min(s.FlushDue, max(now, s.FlushedAt.Add(Coalesce)), now.Add(Coalesce))
	s.NotBefore = min(s.NotBefore, now.Add(repairPause))
}

// changed notes that playlists may have changed by a record.
func (s *Store) changed(from Origin, now instant.Instant) {
	s.Cause = max(s.Cause, from.Timestamp)
	s.flush(now)
}

// find returns where a device is, or belongs.
func (s *Store) find(id string) (at int, is bool) {
	return slices.BinarySearchFunc(s.Devices, id, func(r Resident, id string) int { return strings.Compare(r.ID, id) })
}
