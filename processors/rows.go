package processors

import (
	"fmt"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/topics"
)

// rowOf is a row that knows its own bytes.
type rowOf[R any] interface {
	*R
	AppendBinary([]byte) []byte
	UnmarshalBinary([]byte) error
}

// Unreadable is what stands in a table and is no row of this version: somebody else wrote there, or a newer version did. It
// is the bytes as they are. No input of its campaign can be answered, and it is left alone; see refuseUnreadable.
type Unreadable []byte

// rowCodec is the goka codec of a table whose rows are of type R. It reads all bytes: an error would stop all campaigns of
// the group for the sake of one.
type rowCodec[R any, P rowOf[R]] struct{}

// timerRows are rows that wait for an instant, or for the time zone database of this process.
type timerRows struct {
	rowCodec[timer.Row, *timer.Row]
	settings Settings
}

// campaignRows are rows that never wait.
type campaignRows = rowCodec[campaign.Row, *campaign.Row]

// accountRows are rows that may wait for an instant. What lies beside them, in parts, does not.
type accountRows struct {
	rowCodec[budget.Account, *budget.Account]
}

var (
	_ engine.ReviewedCodec = timerRows{}
	_ engine.AwaitingCodec = accountRows{}
	_ engine.FirstCodec    = topics.AppliedCodec{}
)

// DueOf implements engine.DatedCodec. It is asked for each row that is written, so once for each play.
func (accountRows) DueOf(data []byte) (due instant.Instant, readable bool) { return budget.DueOf(data) }

// AwaitOf implements engine.AwaitingCodec.
func (accountRows) AwaitOf(data []byte) (ticket int64, by instant.Instant) {
	return budget.AwaitOf(data)
}

// DueOf implements engine.DatedCodec. It reads the whole row: bytes that begin like one are not one yet.
func (t timerRows) DueOf(data []byte) (due instant.Instant, readable bool) {
	due, _, readable = t.ReviewOf(data)
	return due, readable
}

// ReviewOf implements engine.ReviewedCodec. A row whose window was resolved by another time zone database is looked at anew: its
// timers may stand for instants that are none.
func (t timerRows) ReviewOf(data []byte) (due instant.Instant, review, readable bool) {
	var row timer.Row
	if row.UnmarshalBinary(data) != nil {
		return timer.Never, false, false
	}
	zones := t.settings.zones()
	due, _ = row.NextDue()
	if review = row.IsOutdated(zones.Version()); review {
		due = min(due, row.DueBy(zones))
	}
	return due, review, true
}

// Encode takes a *R.
func (rowCodec[R, P]) Encode(value any) ([]byte, error) {
	row, is := value.(*R)
	if !is {
		return nil, fmt.Errorf("encoding a row: got a %T", value)
	}
	return P(row).AppendBinary(make([]byte, 0, 192)), nil
}

// Decode returns a *R, or an Unreadable. It never fails.
func (rowCodec[R, P]) Decode(data []byte) (any, error) {
	row := new(R)
	if P(row).UnmarshalBinary(data) != nil {
		return Unreadable(data), nil
	}
	return row, nil
}

// stored returns the row of a callback's key, a zero one without, and for an Unreadable.
func stored[R any](value any) (row R, exists bool) {
	if kept, is := value.(*R); is {
		return *kept, true
	}
	return row, false
}
