package budget

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/money"
)

// An account in bytes:
//
//	due        8 bytes  next due instant in ms, big endian, two's complement; Never when nothing is waited for
//	layout     1 byte   2
//	flags      1 byte   bit 0 known, bits 1-2 the stage of the settlement, bit 3 raises, bit 4 older, bit 5 farthest, bit 6 lines
//	entries    uvarint; latest varint; where it is later, farthest (varint); where there are some, lines (uvarint)
//	plays, applied      positions: partition uvarint, offset uvarint
//	not counted         1 byte with a bit for each verdict that is not 0, then those: uvarint each
//
// of one that is not known: held until (varint). Of one that is:
//
//	advertiser, currency  a length byte and that many bytes each
//	budget     number   see money.Exact
//	status     1 byte
//	revision, sequence, plays, overran  uvarint; impressions, cost  numbers
//	terms      uvarint, then each: from, starts, length (varint: a window that was moved behind its fixed start
//	           is negative), cpm (number)
//	intervals  uvarint, then each: from (varint), length (uvarint; 0: open)
//	raises     where there are some: uvarint, then each: order (uvarint), before (number)
//	older      where there are some: how many blocks of terms, of intervals, of raises lie in parts (uvarint each)
//
// and of one that is settled: settled (varint), then of one that is not locked due, by (varint), ticket (uvarint), of one
// that is version (uvarint), spent (number), late plays (uvarint), late impressions (number), adjust due, forget due (varint),
// removed (uvarint).
//
// The last 4 bytes are the sum (CRC-32C, big endian) of all before them: what has it right was written whole by AppendBinary, so
// its due instant may be believed without a look at the rest. Whatever changes what the bytes mean takes another layout.
//
// Layout 1 is read, and not written any more: it has no sum and none of bits 4 to 6, and where one is settled and not locked, two
// numbers (uvarint) in place of the ticket. They were of one partition of plays; what lay there is read before anything fires.
const (
	layoutPlain    = 1
	layout         = 2
	duePrefixBytes = 8
	sumBytes       = 4
	knownFlag      = 1
	stageShift     = 1
	stageMask      = 3
	raisedFlag     = 8
	olderFlag      = 16
	farFlag        = 32
	linesFlag      = 64
)

// ErrAccount says that bytes are not an account of this package.
var ErrAccount = errors.New("decoding an account: not the encoding of one")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendBinary appends the account's encoding to b: its first 8 bytes are the next due instant, see NextDue.
func (a *Account) AppendBinary(b []byte) []byte {
	begin := len(b)
	b = a.append(b)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli))
}

// summed returns an account's encoding without its sum; false when it has none.
func summed(data []byte) ([]byte, bool) {
	at := len(data) - sumBytes
	if at < duePrefixBytes+2 || data[duePrefixBytes] != layout ||
		binary.BigEndian.Uint32(data[at:]) != crc32.Checksum(data[:at], castagnoli) {
		return nil, false
	}
	return data[:at], true
}

// isPlain says that bytes are of layout 1, if they are an account's encoding.
func isPlain(data []byte) bool {
	return len(data) >= duePrefixBytes+2 && data[duePrefixBytes] == layoutPlain && data[duePrefixBytes+1] < olderFlag
}

// DueOf reads from an account's encoding when it is due next; false when it is none.
func DueOf(data []byte) (due instant.Instant, readable bool) {
	if isPlain(data) {
		var account Account
		if account.UnmarshalBinary(data) != nil {
			return Never, false
		}
		return account.NextDue(), true
	}
	data, readable = summed(data)
	if !readable {
		return Never, false
	}
	return instant.Instant(binary.BigEndian.Uint64(data)), true
}

func (a *Account) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(a.NextDue()))
	flags := a.flags()
	b = append(b, layout, flags)
	b = binary.AppendUvarint(b, uint64(a.Entries))
	b = binary.AppendVarint(b, int64(a.Latest))
	if flags&farFlag != 0 {
		b = binary.AppendVarint(b, int64(a.Farthest))
	}
	if flags&linesFlag != 0 {
		b = binary.AppendUvarint(b, uint64(a.Lines))
	}
	b = a.Applied.append(a.Plays.append(b))
	b = appendCounts(b, &a.NotCounted)
	if !a.Known {
		return binary.AppendVarint(b, int64(a.HeldUntil))
	}
	b = a.appendRaises(a.appendTerms(b))
	if older := a.Timeline.Older; flags&olderFlag != 0 {
		for _, count := range [...]int64{older.Terms, older.Intervals, older.Raises} {
			b = binary.AppendUvarint(b, uint64(count))
		}
	}
	if a.Lock.Stage != Running {
		b = a.Lock.append(b)
	}
	return b
}

func (a *Account) flags() byte {
	flags := byte(a.Lock.Stage) << stageShift
	if a.Known {
		flags |= knownFlag
	}
	if len(a.Raises) > 0 {
		flags |= raisedFlag
	}
	if a.Timeline.Older != (Blocks{}) {
		flags |= olderFlag
	}
	if a.Farthest > a.Latest {
		flags |= farFlag
	}
	if a.Lines > 0 {
		flags |= linesFlag
	}
	return flags
}

func (p Position) append(b []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(p.Partition)), uint64(p.Offset))
}

func appendCounts(b []byte, counts *[verdictCount]int64) []byte {
	bits := len(b)
	b = append(b, 0)
	for verdict, count := range counts {
		if count != 0 {
			b[bits] |= 1 << verdict
			b = binary.AppendUvarint(b, uint64(count))
		}
	}
	return b
}

func (a *Account) appendTerms(b []byte) []byte {
	b = fields.AppendShort(fields.AppendShort(b, a.AdvertiserID), a.Budget.Currency())
	b = a.Budget.Exact().AppendBinary(b)
	b = append(b, byte(a.Status))
	for _, count := range [...]int64{a.Revision, a.Sequence, a.Counted.Plays, a.Overran} {
		b = binary.AppendUvarint(b, uint64(count))
	}
	b = a.Cost.AppendBinary(a.Counted.Impressions.AppendBinary(b))
	b = binary.AppendUvarint(b, uint64(len(a.Timeline.Terms)))
	for i := range a.Timeline.Terms {
		b = appendTerms(b, &a.Timeline.Terms[i])
	}
	b = binary.AppendUvarint(b, uint64(len(a.Timeline.Intervals)))
	for i := range a.Timeline.Intervals {
		b = appendInterval(b, &a.Timeline.Intervals[i])
	}
	return b
}

func appendTerms(b []byte, t *Terms) []byte {
	b = binary.AppendVarint(binary.AppendVarint(b, int64(t.From)), int64(t.StartsAt))
	b = binary.AppendVarint(b, int64(t.EndsAt.Sub(t.StartsAt)))
	return t.CPM.Exact().AppendBinary(b)
}

func appendInterval(b []byte, i *Interval) []byte {
	length := uint64(0)
	if i.To != Open {
		length = uint64(i.To.Sub(i.From))
	}
	return binary.AppendUvarint(binary.AppendVarint(b, int64(i.From)), length)
}

func appendRaise(b []byte, r *Raise) []byte {
	return r.Before.AppendBinary(binary.AppendUvarint(b, uint64(r.Order)))
}

func (a *Account) appendRaises(b []byte) []byte {
	if len(a.Raises) == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(a.Raises)))
	for i := range a.Raises {
		b = appendRaise(b, &a.Raises[i])
	}
	return b
}

func (l *Lock) append(b []byte) []byte {
	b = binary.AppendVarint(b, int64(l.SettledAt))
	if l.Stage == Settling {
		b = binary.AppendVarint(binary.AppendVarint(b, int64(l.Due)), int64(l.By))
		return binary.AppendUvarint(b, uint64(l.Ticket))
	}
	b = binary.AppendUvarint(b, uint64(l.Version))
	b = l.Spent.Exact().AppendBinary(b)
	b = binary.AppendUvarint(b, uint64(l.Late.Plays))
	b = l.Late.Impressions.AppendBinary(b)
	b = binary.AppendVarint(binary.AppendVarint(b, int64(l.AdjustDue)), int64(l.ForgetDue))
	return binary.AppendUvarint(b, uint64(l.Removed))
}

// AwaitOf reads from an account's encoding what its settlement waits for: a ticket, 0 for nothing, and the instant from which
// on it waits no longer.
func AwaitOf(data []byte) (ticket int64, by instant.Instant) {
	const flags = duePrefixBytes + 1
	if len(data) <= flags || Stage(data[flags]>>stageShift&stageMask) != Settling {
		return 0, 0
	}
	var account Account
	if account.UnmarshalBinary(data) != nil {
		return 0, 0
	}
	return account.Lock.Ticket, account.Lock.By
}

// UnmarshalBinary sets the account to what AppendBinary wrote; it shares no memory with data. Its error is ErrAccount, and
// the account is then unchanged.
func (a *Account) UnmarshalBinary(data []byte) error {
	plain := isPlain(data)
	if !plain {
		var is bool
		if data, is = summed(data); !is {
			return ErrAccount
		}
	}
	flags := data[duePrefixBytes+1]
	account := Account{Known: flags&knownFlag != 0}
	account.Lock.Stage = Stage(flags >> stageShift & stageMask)
	in := readerOf(data[duePrefixBytes+2:])
	in.plain = plain
	account.Entries, account.Latest = in.Uvarint(), in.Instant()
	account.Farthest = account.Latest
	if flags&farFlag != 0 {
		account.Farthest = in.Instant()
	}
	if flags&linesFlag != 0 {
		account.Lines = in.Uvarint()
	}
	account.Plays, account.Applied = in.position(), in.position()
	in.counts(&account.NotCounted)
	if account.Known {
		account.readTerms(&in)
		if flags&raisedFlag != 0 {
			account.readRaises(&in)
		}
		if flags&olderFlag != 0 {
			account.Timeline.Older = Blocks{in.Uvarint(), in.Uvarint(), in.Uvarint()}
		}
		account.Lock.read(&in, account.Budget.Currency())
	} else {
		account.HeldUntil = in.Instant()
	}
	if !in.Whole() || account.flags() != flags ||
		account.Lock.Stage >= stageCount || !account.holds() ||
		binary.BigEndian.Uint64(data) != uint64(account.NextDue()) {
		return ErrAccount
	}
	*a = account
	return nil
}

// holds says whether the invariants hold that can be seen in one row.
func (a *Account) holds() bool {
	switch {
	case a.Entries < 0 || a.Status >= statusCount || a.Lines > 0 && a.Lock.Stage != Locked:
		return false
	case !a.Known:
		return a.Lock.Stage == Running
	case len(a.Timeline.Terms) == 0:
		return false
	case a.Lock.Stage >= Locked:
		return a.Lock.Version > 0 && a.Lock.Spent.Compare(a.Budget) <= 0
	}
	return true
}

func (a *Account) readTerms(in *reader) {
	a.AdvertiserID = in.Short()
	currency := in.Short()
	a.Budget = in.amount(currency)
	a.Status = Status(in.Byte())
	a.Revision, a.Sequence, a.Counted.Plays, a.Overran = in.Uvarint(), in.Uvarint(), in.Uvarint(), in.Uvarint()
	a.Counted.Impressions, a.Cost = in.number(), in.number()
	a.Timeline.Terms = make([]Terms, in.Length())
	for i := range a.Timeline.Terms {
		a.Timeline.Terms[i] = in.terms()
	}
	a.Timeline.Intervals = make([]Interval, in.Length())
	for i := range a.Timeline.Intervals {
		a.Timeline.Intervals[i] = in.interval()
	}
}

func (a *Account) readRaises(in *reader) {
	a.Raises = make([]Raise, in.Length())
	for i := range a.Raises {
		a.Raises[i] = in.raise()
	}
}

func (in *reader) terms() (t Terms) {
	t.From, t.StartsAt = in.Instant(), in.Instant()
	t.EndsAt = t.StartsAt.Add(in.millis())
	t.CPM = in.number().Rate()
	return t
}

func (in *reader) interval() Interval {
	from, length := in.Instant(), in.Uvarint()
	if length == 0 {
		return Interval{from, Open}
	}
	return Interval{from, from.Add(instant.Millis(length))}
}

func (in *reader) raise() Raise { return Raise{in.Uvarint(), in.number()} }

func (l *Lock) read(in *reader, currency string) {
	switch l.Stage {
	case Running:
		return
	case Settling:
		l.SettledAt, l.Due, l.By = in.Instant(), in.Instant(), in.Instant()
		l.Ticket = in.ticket()
		l.AdjustDue, l.ForgetDue = Never, Never
		return
	}
	l.SettledAt, l.Version, l.Spent = in.Instant(), in.Uvarint(), in.amount(currency)
	l.Late.Plays, l.Late.Impressions = in.Uvarint(), in.number()
	l.AdjustDue, l.ForgetDue = in.Instant(), in.Instant()
	l.Removed = in.Uvarint()
}

// reader reads the fields of this package. Instants may be Never, so there is no bound but that of an int64.
type reader struct {
	fields.Reader
	plain bool // of layout 1
}

func readerOf(b []byte) reader { return reader{Reader: fields.NewReader(b)} }

func (in *reader) millis() instant.Millis { return instant.Millis(in.Varint()) }

func (in *reader) position() Position {
	partition := in.Uvarint()
	in.Bad = in.Bad || partition > math.MaxInt32
	return Position{int32(partition), in.Uvarint()}
}

func (in *reader) counts(counts *[verdictCount]int64) {
	bits := in.Byte()
	for verdict := range counts {
		if bits&(1<<verdict) != 0 {
			counts[verdict] = in.Uvarint()
		}
	}
}

func (in *reader) ticket() int64 {
	if in.plain {
		in.Uvarint()
		in.Uvarint()
		return 0
	}
	return in.Uvarint()
}

func (in *reader) number() money.Exact {
	number, rest, err := money.CutExact(in.Rest)
	if in.Bad = in.Bad || err != nil; in.Bad {
		return money.Exact{}
	}
	in.Rest = rest
	return number
}

func (in *reader) amount(currency string) money.Amount {
	number := in.number()
	if in.Bad {
		return money.Amount{}
	}
	amount, err := number.Of(currency)
	in.Bad = err != nil
	return amount
}
