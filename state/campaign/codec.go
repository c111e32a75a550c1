package campaign

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A row in bytes:
//
//	due       8 bytes  math.MaxInt64, big endian: a lifecycle row never waits (every table's rows begin with it)
//	layout    1 byte   2; 1 when no position is known
//	status    1 byte   its place in statuses; bit 6 ever active, bit 7 settled
//	revision  uvarint
//	sequence  uvarint
//	starts    varint   ms since 1970
//	length    varint   of the window
//	position  uvarint  layout 2 alone, where it is not 0
//	decided   varint   layout 2 alone; ms since 1970
//	campaign  the rest
//
// There is one encoding of a row, and no other bytes are taken. Layout 1 is also how rows were written before positions
// were kept.
const (
	duePrefixBytes = 8
	layoutUnplaced = 1
	layoutPlaced   = 2

	everActiveFlag = 1 << 6
	settledFlag    = 1 << 7
)

var statuses = [...]Status{None, Scheduled, Active, Paused, Completed, Cancelled}

// ErrRow says that bytes are not a row of this package.
var ErrRow = errors.New("decoding a campaign row: not the encoding of a row")

// AppendBinary appends the row's encoding to b. A Status that is not one of the package's is written as None.
func (r *Row) AppendBinary(b []byte) []byte {
	status := byte(max(0, slices.Index(statuses[:], r.Status)))
	if r.EverActive {
		status |= everActiveFlag
	}
	if r.Settled {
		status |= settledFlag
	}
	b = binary.BigEndian.AppendUint64(b, math.MaxInt64)
	layout := byte(layoutUnplaced)
	if r.Position > 0 {
		layout = layoutPlaced
	}
	b = append(b, layout, status)
	b = binary.AppendUvarint(b, uint64(r.Revision))
	b = binary.AppendUvarint(b, uint64(r.Sequence))
	b = binary.AppendVarint(b, int64(r.StartsAt))
	b = binary.AppendVarint(b, int64(r.EndsAt.Sub(r.StartsAt)))
	if layout == layoutPlaced {
		b = binary.AppendUvarint(b, uint64(r.Position))
		b = binary.AppendVarint(b, int64(r.DecidedAt))
	}
	return append(b, r.Campaign...)
}

// UnmarshalBinary sets the row to what AppendBinary wrote. Campaign shares data's memory: a rendering is the largest
// part of a row and is only ever replaced, never written into. Its error is ErrRow, and the row is then unchanged.
func (r *Row) UnmarshalBinary(data []byte) error {
	if len(data) < duePrefixBytes+2 || binary.BigEndian.Uint64(data) != math.MaxInt64 {
		return ErrRow
	}
	layout := data[duePrefixBytes]
	flags := data[duePrefixBytes+1]
	index := int(flags &^ (everActiveFlag | settledFlag))
	if index >= len(statuses) || layout != layoutUnplaced && layout != layoutPlaced {
		return ErrRow
	}
	in := fields.Reader{Rest: data[duePrefixBytes+2:], Max: fields.Max}
	row := Row{
		Status: statuses[index], EverActive: flags&everActiveFlag != 0, Settled: flags&settledFlag != 0,
		Revision: in.Uvarint(), Sequence: in.Uvarint(), StartsAt: instant.Instant(in.Varint()),
	}
	row.EndsAt = row.StartsAt + instant.Instant(in.Varint())
	if layout == layoutPlaced {
		row.Position, row.DecidedAt = in.Uvarint(), instant.Instant(in.Varint())
		in.Bad = in.Bad || row.Position == 0
	}
	if in.Bad {
		return ErrRow
	}
	if len(in.Rest) > 0 {
		row.Campaign = in.Rest[:len(in.Rest):len(in.Rest)]
	}
	*r = row
	return nil
}
