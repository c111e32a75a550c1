package playlist

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A store in bytes:
//
//	due        8 bytes  next due instant in ms, big endian, two's complement; Never when nothing is waited for
//	layout     1 byte   1
//	positions  of placements, presences, acks: partition, offset each
//	departed, cause, flushed, flush due, untold, forget due, not before
//	devices    their number, then each: id, flags, due
//
// Numbers are varints, see fields. An instant that may be Never is written as one more than it is, and Never as 0.
const (
	storeLayout    = 1
	duePrefixBytes = 8
	dirtyFlag      = 1
	leavingFlag    = 2
	residentFlags  = dirtyFlag | leavingFlag
)

// ErrStore says that bytes are not a store of this package.
var ErrStore = errors.New("decoding a store: not the encoding of one")

// AppendBinary appends the store's encoding to b: its first 8 bytes are the next due instant, see NextDue.
func (s *Store) AppendBinary(b []byte) []byte {
	b = append(binary.BigEndian.AppendUint64(b, uint64(s.NextDue())), storeLayout)
	for _, p := range [...]Position{s.Placements, s.Presences, s.Acks} {
		b = fields.AppendUvarint(fields.AppendUvarint(b, int64(p.Partition)), p.Offset)
	}
	b = fields.AppendUvarint(b, s.Departed)
	b = fields.AppendInstant(fields.AppendInstant(b, s.Cause), s.FlushedAt)
	b = fields.AppendBool(appendDue(b, s.FlushDue), s.Untold)
	b = fields.AppendInstant(appendDue(b, s.ForgetDue), s.NotBefore)
	b = fields.AppendUvarint(b, int64(len(s.Devices)))
	for i := range s.Devices {
		r := &s.Devices[i]
		flags := flag(r.Dirty, dirtyFlag) | flag(r.Leaving, leavingFlag)
		b = appendDue(append(fields.AppendText(b, r.ID), flags), r.Due)
	}
	return b
}

// UnmarshalBinary sets the store to what AppendBinary wrote; it shares no memory with data. Its error is ErrStore, and the store
// is then unchanged.
func (s *Store) UnmarshalBinary(data []byte) error {
	if len(data) < duePrefixBytes {
		return ErrStore
	}
	in := fields.NewReader(data[duePrefixBytes:])
	if in.Byte() != storeLayout {
		return ErrStore
	}
	read := Store{
		Placements: readPosition(&in), Presences: readPosition(&in), Acks: readPosition(&in),
		Departed: in.Uvarint(), Cause: in.Instant(), FlushedAt: in.Instant(), FlushDue: readDue(&in), Untold: in.Bool(),
		ForgetDue: readDue(&in), NotBefore: in.Instant(),
	}
	if n := in.Length(); n > 0 {
		read.Devices = make([]Resident, n)
	}
	for i := range read.Devices {
		id, flags, due := in.Text(), in.Byte(), readDue(&in)
		if flags > residentFlags || i > 0 && id <= read.Devices[i-1].ID {
			return ErrStore
		}
		read.Devices[i] = Resident{id, flags&dirtyFlag != 0, flags&leavingFlag != 0, due}
	}
	if read.Placements.Partition|read.Presences.Partition|read.Acks.Partition < 0 { // one that is none
		return ErrStore
	}
	if !in.Whole() || binary.BigEndian.Uint64(data) != uint64(read.NextDue()) {
		return ErrStore
	}
	*s = read
	return nil
}

// readPosition reads a position; its partition is negative when it is none.
func readPosition(in *fields.Reader) Position {
	partition, offset := in.Uvarint(), in.Uvarint()
	if partition > math.MaxInt32 {
		return Position{Partition: -1}
	}
	return Position{int32(partition), offset}
}

// appendDue appends an instant that is mostly Never.
func appendDue(b []byte, at instant.Instant) []byte {
	if at == Never {
		return append(b, 0)
	}
	return fields.AppendInstant(b, at+1)
}

func readDue(in *fields.Reader) instant.Instant {
	if at := in.Instant(); at != 0 {
		return at - 1
	}
	return Never
}

// flag returns a flag's bit when it is set.
func flag(is bool, bit byte) byte {
	if is {
		return bit
	}
	return 0
}
