package readiness

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A row in bytes:
//
//	due      8 bytes  next due instant in ms, big endian, two's complement; Never when nothing is waited for
//	layout   1 byte   1
//	stage    1 byte
//	sequence, revision, reports  uvarint
//
// and, of one that is not forgotten:
//
//	stores, total, ready, failed, unreachable  uvarint
//	looked   varint
//	said     16 bytes, where there are reports
//	at start ready, total (uvarint), of one that is Started
//	removed  uvarint, of one that is Over
const (
	rowLayout      = 1
	duePrefixBytes = 8
)

// ErrRow says that bytes are not a row of this package.
var ErrRow = errors.New("decoding a row of readiness: not the encoding of one")

// AppendBinary appends the row's encoding to b: its first 8 bytes are the next due instant, see NextDue.
func (r *Row) AppendBinary(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(r.Due))
	b = append(b, rowLayout, byte(r.Stage))
	for _, number := range [...]int64{r.Sequence, r.Revision, r.Reports} {
		b = fields.AppendUvarint(b, number)
	}
	if r.Stage == Forgotten {
		return b
	}
	b = r.Sums.append(fields.AppendUvarint(b, r.Stores))
	b = fields.AppendInstant(b, r.Looked)
	if r.Reports > 0 {
		b = append(b, r.Said[:]...)
	}
	switch r.Stage {
	case Started:
		b = fields.AppendUvarint(fields.AppendUvarint(b, r.AtStart.Ready), r.AtStart.Total)
	case Over:
		b = fields.AppendUvarint(b, r.Removed)
	}
	return b
}

// UnmarshalBinary sets the row to what AppendBinary wrote; it shares no memory with data. Its error is ErrRow, and the row is
// then unchanged.
func (r *Row) UnmarshalBinary(data []byte) error {
	in := fields.NewReader(data)
	var due [duePrefixBytes]byte
	in.Read(due[:])
	read := Row{Due: instant.Instant(binary.BigEndian.Uint64(due[:]))}
	if in.Byte() != rowLayout {
		return ErrRow
	}
	read.Stage = Stage(in.Byte())
	read.Sequence, read.Revision, read.Reports = in.Uvarint(), in.Uvarint(), in.Uvarint()
	if read.Stage < Forgotten {
		read.Stores, read.Sums, read.Looked = in.Uvarint(), readCounts(&in), in.Instant()
		if read.Reports > 0 {
			in.Read(read.Said[:])
		}
	}
	switch read.Stage {
	case Started:
		read.AtStart = AtStart{in.Uvarint(), in.Uvarint()}
	case Over:
		read.Removed = in.Uvarint()
	}
	if !in.Whole() || !read.holds() {
		return ErrRow
	}
	*r = read
	return nil
}

// holds says whether the invariants hold that can be seen in one row.
func (r *Row) holds() bool {
	switch {
	case r.Stage >= stageCount || !r.Sums.hold(math.MaxInt64) || r.AtStart.Ready > r.AtStart.Total:
		return false
	case r.Stage == Starting || r.Stage == Over:
		return r.Due != Never
	case r.Stage == Forgotten:
		return r.Due == Never
	}
	return true
}
