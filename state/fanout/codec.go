package fanout

import (
	"errors"

	"github.com/rmn-arms/campaign-engine/state/fields"
)

// A row in bytes:
//
//	layout    1 byte   1
//	flags     1 byte   bit 0 distributed, bit 1 placed, bit 2 a walk is under way
//	sequence  uvarint
//	stores    uvarint
//	content, targets  16 bytes each, of one that is placed
//	walk      sequence and cursor, uvarint each, where one is under way
//
// and a walk, as a record: layout (1), sequence, cursor.
const (
	rowLayout  = 1
	walkLayout = 1

	distributedFlag = 1
	placedFlag      = 2
	walkFlag        = 4
)

// ErrRow says that bytes are not a row of this package, nor a walk.
var ErrRow = errors.New("decoding a campaign's placements: not the encoding of them")

// AppendBinary appends the row's encoding.
func (r *Row) AppendBinary(b []byte) []byte {
	flags := byte(0)
	for i, is := range [...]bool{r.Distributed, r.Placed, r.Walk.Under()} {
		if is {
			flags |= 1 << i
		}
	}
	b = fields.AppendUvarint(append(b, rowLayout, flags), r.Sequence)
	b = fields.AppendUvarint(b, r.Stores)
	if r.Placed {
		b = append(append(b, r.Content[:]...), r.Targets[:]...)
	}
	if r.Walk.Under() {
		b = fields.AppendUvarint(fields.AppendUvarint(b, r.Walk.Sequence), r.Walk.Cursor)
	}
	return b
}

// UnmarshalBinary sets the row to what AppendBinary wrote. Its error is ErrRow, and the row is then unchanged.
func (r *Row) UnmarshalBinary(data []byte) error {
	in := fields.NewReader(data)
	if in.Byte() != rowLayout {
		return ErrRow
	}
	flags := in.Byte()
	read := Row{
		Distributed: flags&distributedFlag != 0, Placed: flags&placedFlag != 0, Sequence: in.Uvarint(), Stores: in.Uvarint(),
	}
	if read.Placed {
		in.Read(read.Content[:])
		in.Read(read.Targets[:])
	}
	walks := flags&walkFlag != 0
	if walks {
		read.Walk = Walk{in.Uvarint(), in.Uvarint()}
	}
	if !in.Whole() || flags > distributedFlag|placedFlag|walkFlag || walks != read.Walk.Under() || !read.holds() {
		return ErrRow
	}
	*r = read
	return nil
}

// storesMax bounds what is read of a list's length, so that nothing overflows.
const storesMax = 1 << 53

// holds says whether a row that was read can be one.
func (r *Row) holds() bool {
	return r.Stores <= storesMax && r.Walk.Sequence <= r.Sequence && r.Walk.Cursor <= r.Stores &&
		(r.Placed || r.Walk.Under() || r.Stores == 0)
}

// AppendBinary appends the walk's encoding.
func (w *Walk) AppendBinary(b []byte) []byte {
	return fields.AppendUvarint(fields.AppendUvarint(append(b, walkLayout), w.Sequence), w.Cursor)
}

// UnmarshalBinary sets the walk to what AppendBinary wrote. Its error is ErrRow.
func (w *Walk) UnmarshalBinary(data []byte) error {
	in := fields.NewReader(data)
	if in.Byte() != walkLayout {
		return ErrRow
	}
	read := Walk{in.Uvarint(), in.Uvarint()}
	if !in.Whole() {
		return ErrRow
	}
	*w = read
	return nil
}
