package mail

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A row in bytes (a text is a uvarint, its length, and that many bytes):
//
//	due        8 bytes  next due instant in ms, big endian, two's complement; Never when nothing is waited for
//	layout     1 byte   2
//	flags      1 byte   bit 0 started, bit 1 readiness at the start, bit 2 final statement, bit 3 interim statement
//	stages     1 byte each: of the letter at the start, of that at the end
//	sequence, dropped   uvarint
//	campaign            of one that is not finished
//	revisions  uvarint, then each: number (uvarint), advertiser, currency (texts), doubtful (1 byte), 1 byte: 1 where its contacts
//	           are those of the one before, else 0 and contacts (uvarint, then each: address, name, locale, texts)
//	started    at (varint), lateness, readiness by, active at (varint)
//	readiness  ready, total (uvarint)
//	letters    each that is due or provisional: transition (text), outcome (1 byte), nominal, decided, by (varint), campaign,
//	           price (text), what it was (1 byte), reason (text), since, doubt by (varint)
//	statements final, interim
//
// A campaign is its id, name, advertiser (texts), revision (uvarint), currency (text), starts, ends (varint), zone (text), grace
// (varint), stores (uvarint). A statement is its id (text), version (uvarint), locked (varint), currency (text), plays, overran
// (uvarint), impressions, budget, spent, released (texts), stores and creatives (lines), verdicts (uvarint, then each: name
// (text), plays (uvarint)). Lines are listed, total (uvarint), and a uvarint and that many of: id (text), plays (uvarint),
// impressions (text).
//
// The last 4 bytes are the sum (CRC-32C, big endian) of all before them. There is one encoding of a row, and no other bytes
// are taken; whatever changes what they mean takes another layout.
//
// Layout 1 is read, and not written any more: it has no bit 3, nothing that is doubtful, no active at, and its letters end
// with the campaign.
const (
	layoutBefore   = 1
	layout         = 2
	duePrefixBytes = 8
	sumBytes       = 4
	startedFlag    = 1
	atStartFlag    = 2
	finalFlag      = 4
	interimFlag    = 8
)

// ErrRow says that bytes are not a row of this package.
var ErrRow = errors.New("decoding a row of the mailer: not the encoding of one")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendBinary appends the row's encoding to b: its first 8 bytes are the next due instant, see NextDue.
func (r *Row) AppendBinary(b []byte) []byte { return r.append(b, layout) }

// RestPrefix returns what the encoding of a row begins with whose NextDue is Never, and that of no other.
func RestPrefix() []byte { return binary.BigEndian.AppendUint64(nil, uint64(Never)) }

func (r *Row) append(b []byte, layout byte) []byte {
	begin := len(b)
	b = binary.BigEndian.AppendUint64(b, uint64(r.NextDue()))
	b = append(b, layout, r.flags(), byte(r.Start.Stage), byte(r.End.Stage))
	b = appendCount(appendCount(b, r.Sequence), r.Dropped)
	if !r.finished() {
		b = r.appendOpen(b, layout)
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli))
}

func (r *Row) flags() (flags byte) {
	if r.Started {
		flags |= startedFlag
	}
	if r.AtStart != nil {
		flags |= atStartFlag
	}
	if r.Final != nil {
		flags |= finalFlag
	}
	if r.Interim != nil {
		flags |= interimFlag
	}
	return flags
}

// appendOpen appends what a row has that is not finished.
func (r *Row) appendOpen(b []byte, layout byte) []byte {
	b = r.appendRevisions(r.Campaign.append(b), layout)
	if r.Started {
		b = fields.AppendInstant(fields.AppendInstant(b, r.StartedAt), instant.Instant(r.Lateness))
		b = fields.AppendInstant(b, r.ReadinessBy)
		if layout != layoutBefore {
			b = fields.AppendInstant(b, r.ActiveAt)
		}
	}
	if r.AtStart != nil {
		b = appendCount(appendCount(b, r.AtStart.Ready), r.AtStart.Total)
	}
	b = r.End.append(r.Start.append(b, layout), layout)
	for _, statement := range [...]*Statement{r.Final, r.Interim} {
		if statement != nil {
			b = statement.append(b)
		}
	}
	return b
}

func (r *Row) appendRevisions(b []byte, layout byte) []byte {
	b = fields.AppendUvarint(b, int64(len(r.Revisions)))
	var before []Contact
	for _, revision := range r.Revisions {
		b = appendCount(b, revision.Number)
		b = fields.AppendText(fields.AppendText(b, revision.AdvertiserID), revision.Currency)
		if layout != layoutBefore {
			b = fields.AppendBool(b, revision.Doubtful)
		}
		same := sameContacts(before, revision.Contacts)
		b = fields.AppendBool(b, same)
		if !same {
			b = appendContacts(b, revision.Contacts)
		}
		before = revision.Contacts
	}
	return b
}

// UnmarshalBinary sets the row to what AppendBinary wrote; it shares no memory with data. Its error is ErrRow, and the row is
// then unchanged.
func (r *Row) UnmarshalBinary(data []byte) error {
	const flagsAt, startAt, endAt, headBytes = duePrefixBytes + 1, duePrefixBytes + 2, duePrefixBytes + 3, duePrefixBytes + 4
	end := len(data) - sumBytes
	if end < headBytes || binary.BigEndian.Uint32(data[end:]) != crc32.Checksum(data[:end], castagnoli) {
		return ErrRow
	}
	written, flags := data[duePrefixBytes], data[flagsAt]
	if written != layout && (written != layoutBefore || flags&interimFlag != 0) {
		return ErrRow
	}
	in := fields.NewReader(data[headBytes:end])
	row := Row{Started: flags&startedFlag != 0, Start: Waiting{Stage: Stage(data[startAt])}, End: Waiting{Stage: Stage(data[endAt])}}
	row.Sequence, row.Dropped = in.Uvarint(), in.Uvarint()
	if !row.finished() {
		row.readOpen(&in, flags, written)
	}
	if !in.Whole() || !row.holds() || !bytes.Equal(row.append(make([]byte, 0, len(data)), written), data) {
		return ErrRow
	}
	*r = row
	return nil
}

func (r *Row) readOpen(in *fields.Reader, flags, layout byte) {
	r.Campaign = readCampaign(in)
	r.Revisions = readRevisions(in, layout)
	if r.Started {
		r.StartedAt, r.Lateness, r.ReadinessBy = in.Instant(), instant.Millis(in.Varint()), in.Instant()
		r.ActiveAt = r.StartedAt.Add(r.Lateness)
		if layout != layoutBefore {
			r.ActiveAt = in.Instant()
		}
	}
	if flags&atStartFlag != 0 {
		r.AtStart = &AtStart{Ready: in.Uvarint(), Total: in.Uvarint()}
	}
	r.Start.read(in, layout)
	r.End.read(in, layout)
	if flags&finalFlag != 0 {
		r.Final = readStatement(in)
	}
	if flags&interimFlag != 0 {
		r.Interim = readStatement(in)
	}
}

// holds says whether the invariants hold that can be seen in one row.
func (r *Row) holds() bool {
	switch {
	case r.Start.Stage >= stageCount || r.Start.Stage == Provisional || r.End.Stage >= stageCount:
		return false
	case r.Start.Outcome != Running || r.Start.Was >= wasCount || r.End.Was >= wasCount:
		return false
	case r.End.waits() && (r.End.Outcome == Running || r.End.Outcome >= outcomeCount):
		return false
	case r.Start.Stage == Due && !r.Started:
		return false
	case r.Interim != nil && (r.Final != nil || r.End.Stage >= Provisional):
		return false
	}
	return true
}
