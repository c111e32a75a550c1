package timer

import (
	"encoding/binary"
	"errors"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A row in bytes:
//
//	due       8 bytes  next due instant in ms, big endian, two's complement; Never when no timer is armed
//	layout    1 byte   1; 2 when a trace is kept; 3 and 4 are those with a time zone database
//	flags     1 byte   bits 0-1 result, 2 settled, 3 worded, 4-7 armed timers
//	hash      16 bytes
//	trace     25 bytes layouts 2 and 4 alone, where they are not all 0
//	revision  uvarint
//	decided   varint   ms since 1970
//
// then, unless settled (instants are told as the distance from the one that they most often equal):
//
//	starts    varint   ms since 1970
//	length    uvarint  of the window
//	lead, grace        uvarint
//	fired     1 byte   bits 0-1 distribute and start
//	firings   varint   each that fired, from its regular instant
//	timers    varint, uvarint   each armed one: its instant from its regular one, its setting before decided
//	rezones   uvarint  layouts 3 and 4 alone
//
// and at last texts, each a length byte and that many bytes: advertiser, currency; if worded: starts, ends, zone,
// disambiguation; in layouts 3 and 4, which are worded: database, and if there are rezones, the newest.
//
// The first eight bytes stand there so that rows can be indexed by their due instant without being decoded. There is
// one encoding of a row, and no other bytes are taken. Layout 1 is also how rows were written before traces were kept, 1 and 2
// how worded ones were before the database was.
const (
	duePrefixBytes = 8
	layoutPlain    = 1
	layoutMax      = layoutPlain + withTrace + withDatabase
	// What a layout has more than the plain one.
	withTrace    = 1
	withDatabase = 2

	settledFlag = 1 << 2
	wordedFlag  = 1 << 3
	armedShift  = 4
)

// ErrRow says that bytes are not a row of this package.
var ErrRow = errors.New("decoding a timer row: not the encoding of a row")

// AppendBinary appends the row's encoding to b: its first 8 bytes are the next due instant, see NextDue.
func (r *Row) AppendBinary(b []byte) []byte {
	due, _ := r.NextDue()
	b = binary.BigEndian.AppendUint64(b, uint64(due))
	b = append(b, r.layout(), r.flags())
	b = append(b, r.Hash[:]...)
	if r.traced() {
		b = append(b, r.Trace[:]...)
	}
	b = binary.AppendUvarint(b, uint64(r.Revision))
	b = binary.AppendVarint(b, int64(r.DecidedAt))
	if !r.Settled {
		b = binary.AppendVarint(b, int64(r.StartsAt))
		b = binary.AppendUvarint(b, uint64(r.EndsAt.Sub(r.StartsAt)))
		b = binary.AppendUvarint(b, uint64(r.Lead))
		b = binary.AppendUvarint(b, uint64(r.Grace))
		b = r.appendTimers(b)
	}
	zoned := r.zoned()
	if zoned {
		b = binary.AppendUvarint(b, uint64(r.Rezones.Count))
	}
	b = fields.AppendShort(fields.AppendShort(b, r.AdvertiserID), r.Currency)
	if !r.Wording.isZero() {
		b = fields.AppendShort(fields.AppendShort(b, r.Wording.StartsAtLocal), r.Wording.EndsAtLocal)
		b = fields.AppendShort(fields.AppendShort(b, r.Wording.Zone), r.Wording.Disambiguation)
	}
	if zoned {
		b = fields.AppendShort(b, r.Wording.Database)
		if r.Rezones.Count > 0 {
			b = fields.AppendShort(b, r.Rezones.Newest)
		}
	}
	return b
}

func (r *Row) traced() bool { return r.Trace != Trace{} }

// zoned says whether the time zone database is kept by which the window was resolved.
func (r *Row) zoned() bool { return r.Wording.Database != "" }

func (r *Row) layout() byte {
	layout := byte(layoutPlain)
	if r.traced() {
		layout += withTrace
	}
	if r.zoned() {
		layout += withDatabase
	}
	return layout
}

func (r *Row) flags() byte {
	flags := byte(r.Result)
	if r.Settled {
		return flags | settledFlag
	}
	if !r.Wording.isZero() {
		flags |= wordedFlag
	}
	for kind, timer := range r.Timers {
		if timer.Armed {
			flags |= 1 << (armedShift + kind)
		}
	}
	return flags
}

func (r *Row) appendTimers(b []byte) []byte {
	fired := len(b)
	b = append(b, 0)
	for kind, firing := range r.Firings {
		if firing.Fired {
			b[fired] |= 1 << kind
			b = binary.AppendVarint(b, int64(firing.At.Sub(r.regular(Kind(kind)))))
		}
	}
	for kind, timer := range r.Timers {
		if timer.Armed {
			b = binary.AppendVarint(b, int64(timer.At.Sub(r.regular(Kind(kind)))))
			b = binary.AppendUvarint(b, uint64(r.DecidedAt.Sub(timer.SetAt)))
		}
	}
	return b
}

// regular returns the instant of a kind of timer by the window in force.
func (r *Row) regular(kind Kind) instant.Instant {
	switch kind {
	case Distribute:
		return r.StartsAt.Add(-r.Lead)
	case Start:
		return r.StartsAt
	case End:
		return r.EndsAt
	default:
		return r.EndsAt.Add(r.Grace)
	}
}

// UnmarshalBinary sets the row to what AppendBinary wrote; the row shares no memory with data. Its error is ErrRow,
// and the row is then unchanged.
func (r *Row) UnmarshalBinary(data []byte) error {
	if len(data) < duePrefixBytes+2 {
		return ErrRow
	}
	layout, flags := data[duePrefixBytes], data[duePrefixBytes+1]
	if layout < layoutPlain || layout > layoutMax {
		return ErrRow
	}
	has := layout - layoutPlain
	row := Row{Result: Result(flags & 3), Settled: flags&settledFlag != 0}
	in := fields.Reader{Rest: data[duePrefixBytes+2:], Max: fields.Max}
	in.Read(row.Hash[:])
	if has&withTrace != 0 {
		in.Read(row.Trace[:])
	}
	row.Revision = in.Uvarint()
	row.DecidedAt = instant.Instant(in.Varint())
	if !row.Settled {
		row.StartsAt = instant.Instant(in.Varint())
		row.EndsAt = row.StartsAt + instant.Instant(in.Uvarint())
		row.Lead = instant.Millis(in.Uvarint())
		row.Grace = instant.Millis(in.Uvarint())
		row.readTimers(&in, flags>>armedShift)
	}
	if has&withDatabase != 0 {
		row.Rezones.Count = in.Uvarint()
	}
	row.readTexts(&in, flags&wordedFlag != 0, has&withDatabase != 0)
	due, _ := row.NextDue()
	if !in.Whole() || row.layout() != layout || row.flags() != flags || !row.holds() ||
		binary.BigEndian.Uint64(data) != uint64(due) {
		return ErrRow
	}
	*r = row
	return nil
}

func (r *Row) readTimers(in *fields.Reader, armed byte) {
	fired := in.Byte()
	in.Bad = in.Bad || fired>>End != 0
	for kind := range r.Firings {
		if fired&(1<<kind) != 0 {
			r.Firings[kind] = Firing{Fired: true, At: r.regular(Kind(kind)) + instant.Instant(in.Varint())}
		}
	}
	for kind := range r.Timers {
		if armed&(1<<kind) != 0 {
			at := r.regular(Kind(kind)) + instant.Instant(in.Varint())
			r.Timers[kind] = Timer{Armed: true, At: at, SetAt: r.DecidedAt - instant.Instant(in.Uvarint())}
		}
	}
}

// readTexts cuts all texts out of one string: one allocation a row.
func (r *Row) readTexts(in *fields.Reader, worded, zoned bool) {
	all := string(in.Rest)
	r.AdvertiserID = cutText(in, &all)
	r.Currency = cutText(in, &all)
	if worded {
		r.Wording.StartsAtLocal = cutText(in, &all)
		r.Wording.EndsAtLocal = cutText(in, &all)
		r.Wording.Zone = cutText(in, &all)
		r.Wording.Disambiguation = cutText(in, &all)
	}
	if zoned {
		r.Wording.Database = cutText(in, &all)
		if r.Rezones.Count > 0 {
			r.Rezones.Newest = cutText(in, &all)
		}
	}
}

// cutText takes a text off the front of all, which runs in step with rest.
func cutText(in *fields.Reader, all *string) string {
	size := int(in.Byte())
	if in.Bad = in.Bad || len(in.Rest) < size; in.Bad {
		return ""
	}
	text := (*all)[1 : 1+size]
	*all, in.Rest = (*all)[1+size:], in.Rest[size:]
	return text
}
