package readiness

import (
	"bytes"
	"errors"
	"math"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
)

// Outcome is what became of a change.
type Outcome uint8

// The outcomes.
const (
	Taken   Outcome = iota
	Same            // it says what its store has said before
	TooLate         // the campaign is over
	Unsound         // its numbers cannot be those of a store
	Lost            // what is kept beside the row cannot be read
)

// ErrPart says that what is kept beside the row is not what this package wrote.
var ErrPart = errors.New("reading what is kept of a store: not the encoding of it")

// storeDevicesMax bounds the devices of a store, so that sums cannot overflow.
const storeDevicesMax = math.MaxInt32

// Take takes in what a store says now. report is what is to be told now, nil for nothing. Its error says that a part cannot be
// read: with Lost the row is unchanged; with Taken it is to be kept, and the report comes when the part is repaired.
func (r *Row) Take(parts linearhash.Buckets, c *Change, at Moment) (outcome Outcome, report *Report, err error) {
	after := store{Counts{c.Total, c.Ready, c.Failed, c.Unreachable}, len(c.Unready) > 0, c.StoreID}
	switch {
	case c.StoreID == "" || !after.hold(storeDevicesMax):
		return Unsound, nil, nil
	case r.Stage >= Over:
		return TooLate, nil, nil
	}
	stores, hash := r.stores(parts), hashOf(c.StoreID)
	content, known, err := stores.Find(hash)
	if err != nil {
		return Lost, nil, err
	}
	before := store{id: c.StoreID}
	if known {
		if before, err = readStore(content); err != nil {
			return Lost, nil, err
		}
	}
	list := appendUnready(nil, c.Unready)
	listed := bytes.Equal(list, parts.Part(listName(c.StoreID)))
	unchanged := before == after && listed
	if unchanged && c.Revision <= r.Revision {
		return Same, nil, nil
	}
	if unchanged && !known {
		report, err = r.define(parts, c.Revision, at)
		return Taken, report, err
	}
	if err := stores.Set(hash, after.append(nil)); err != nil {
		return Lost, nil, err
	}
	if !listed {
		parts.SetPart(listName(c.StoreID), list)
	}
	r.Stores, r.Sums = stores.Entries(), r.Sums.minus(before.Counts).plus(after.Counts)
	r.Revision = max(r.Revision, c.Revision)
	report, err = r.speak(parts, at)
	return Taken, report, err
}

// define takes in a newer revision, of which a store speaks that has nothing for the campaign, and never had: nothing is kept of
// it, and where nothing was told yet there is nothing to tell.
func (r *Row) define(parts linearhash.Buckets, revision int64, at Moment) (*Report, error) {
	r.Revision = revision
	if r.Reports == 0 {
		return nil, nil
	}
	return r.speak(parts, at)
}

// store is what a bucket keeps of a store. Its unready devices lie in a part of their own: there may be a hundred, with reasons
// in the devices' own words, and a bucket is written whenever one of its stores changes.
type store struct {
	Counts
	listed bool // there are unready devices
	id     string
}

func (s *store) append(b []byte) []byte {
	b = fields.AppendBool(b, s.listed)
	b = s.Counts.append(b)
	return fields.AppendText(b, s.id)
}

func (c Counts) append(b []byte) []byte {
	for _, count := range [...]int64{c.Total, c.Ready, c.Failed, c.Unreachable} {
		b = fields.AppendUvarint(b, count)
	}
	return b
}

func readCounts(in *fields.Reader) Counts {
	return Counts{in.Uvarint(), in.Uvarint(), in.Uvarint(), in.Uvarint()}
}

// readStore reads what append wrote. Its error is ErrPart.
func readStore(content []byte) (store, error) {
	in := fields.NewReader(content)
	s := store{listed: in.Bool(), Counts: readCounts(&in), id: in.Text()}
	if !in.Whole() || !s.hold(storeDevicesMax) {
		return store{}, ErrPart
	}
	return s, nil
}

// listName is the part that keeps the unready devices of a store.
func listName(storeID string) string { return "u/" + storeID }

// appendUnready appends the devices one after the other: nothing when there are none.
func appendUnready(b []byte, devices []Unready) []byte {
	for _, u := range devices {
		b = fields.AppendText(fields.AppendText(b, u.DeviceID), u.Reason)
	}
	return b
}
