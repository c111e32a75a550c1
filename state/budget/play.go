package budget

import (
	"encoding/binary"
	"errors"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
	"github.com/rmn-arms/campaign-engine/state/money"
)

// Verdict is what became of a play.
type Verdict uint8

// The verdicts, in the words of the contract.
const (
	Valid Verdict = iota
	Duplicate
	OutOfWindow
	NotActive
	AfterLock
	OverBudget
	UnknownCampaign
	Invalid
	verdictCount
)

// String returns the verdict in the contract's words.
func (v Verdict) String() string {
	return [verdictCount]string{
		"valid", "duplicate", "out-of-window", "not-active", "after-lock", "over-budget", "unknown-campaign", "invalid",
	}[v]
}

// within says that a play started within the window that is in force for it.
func (v Verdict) within() bool {
	return v != Invalid && v != OutOfWindow && v != UnknownCampaign
}

// Play is a play that was reported.
type Play struct {
	ID         linearhash.Hash // of its play_id
	StoreID    string
	CreativeID string
	StartedAt  instant.Instant
	EndedAt    instant.Instant
	// Impressions is not read when they are Negative.
	Impressions money.Exact
	Negative    bool
}

// invalid says that the play cannot have been.
func (p *Play) invalid() bool { return p.Negative || p.EndedAt < p.StartedAt }

// entry is what is kept of a play until its campaign's plays are forgotten: what it takes to judge it again.
type entry struct {
	order   int64 // of arrival: 0, 1, 2, ...
	verdict Verdict
	play    Play
}

// errEntry says that an entry is not what appendEntry wrote.
var errEntry = errors.New("reading a kept play: not the encoding of one")

// append appends the entry's encoding: order, verdict, when it started, how long it took (varint: it may have ended before), the
// impressions, the ids: one length byte (the contract allows fewer than 256) and that many bytes each. Its hash is what it
// is kept under.
func (e *entry) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(e.order))
	b = append(b, byte(e.verdict))
	b = binary.AppendVarint(b, int64(e.play.StartedAt))
	b = binary.AppendVarint(b, int64(e.play.EndedAt.Sub(e.play.StartedAt)))
	b = e.play.Impressions.AppendBinary(b)
	return fields.AppendShort(fields.AppendShort(b, e.play.StoreID), e.play.CreativeID)
}

// encoded returns what append appends.
func (e *entry) encoded() []byte {
	const numbers = 48 // what all but the ids take, mostly
	return e.append(make([]byte, 0, numbers+len(e.play.StoreID)+len(e.play.CreativeID)))
}

// head reads the first fields of an entry: what is looked at for all of them. The rest begins with how long it took.
func head(content []byte) (order int64, verdict Verdict, startedAt instant.Instant, rest reader, err error) {
	rest = readerOf(content)
	order, verdict, startedAt = rest.Uvarint(), Verdict(rest.Byte()), rest.Instant()
	if rest.Bad || verdict >= verdictCount {
		return 0, 0, 0, reader{}, errEntry
	}
	return order, verdict, startedAt, rest, nil
}

// readEntry reads what append wrote. Its error is errEntry.
func readEntry(kept linearhash.Entry) (e entry, err error) {
	var in reader
	e.play.ID = kept.Hash
	e.order, e.verdict, e.play.StartedAt, in, err = head(kept.Content)
	if err != nil {
		return entry{}, err
	}
	e.play.EndedAt = e.play.StartedAt.Add(in.millis())
	e.play.Impressions = in.number()
	e.play.StoreID, e.play.CreativeID = in.Short(), in.Short()
	if !in.Whole() {
		return entry{}, errEntry
	}
	return e, nil
}
