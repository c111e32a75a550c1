package processors

import (
	"fmt"

	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/timer"
)

// rowOf is a row that knows its own bytes.
type rowOf[R any] interface {
	*R
	AppendBinary([]byte) []byte
	UnmarshalBinary([]byte) error
}

// rowCodec is the goka codec of a table whose rows are of type R. Its errors stop the group: a table is written by the
// engine alone, so bytes that cannot be read mean that somebody else wrote there, or a newer version did.
type rowCodec[R any, P rowOf[R]] struct{}

// The codecs of the tables.
type (
	timerRows    = rowCodec[timer.Row, *timer.Row]
	campaignRows = rowCodec[campaign.Row, *campaign.Row]
)

// Encode takes a *R.
func (rowCodec[R, P]) Encode(value any) ([]byte, error) {
	row, is := value.(*R)
	if !is {
		return nil, fmt.Errorf("encoding a row: got a %T", value)
	}
	return P(row).AppendBinary(make([]byte, 0, 192)), nil
}

// Decode returns a *R.
func (rowCodec[R, P]) Decode(data []byte) (any, error) {
	row := new(R)
	if err := P(row).UnmarshalBinary(data); err != nil {
		return nil, err
	}
	return row, nil
}

// stored returns the row of a callback's key, a zero one without.
func stored[R any](value any) (row R, exists bool) {
	if kept, is := value.(*R); is {
		return *kept, true
	}
	return row, false
}
