package readiness

import (
	"errors"

	"github.com/rmn-arms/campaign-engine/state/fields"
)

// Change is how ready a store's devices are for a campaign now. It is the record of readiness-changes; a newer one of the same
// store replaces it. Invariant: Ready + Failed + Unreachable <= Total, and Unready has those that are not ready, cut at
// UnreadyMax, in the order of their ids.
type Change struct {
	StoreID string
	// Revision is that of the campaign's definition as the store knows it.
	Revision                          int64
	Total, Ready, Failed, Unreachable int64
	Unready                           []Unready
}

// Unready is a device that is not ready, and why, in the contract's words.
type Unready struct{ DeviceID, Reason string }

// UnreadyMax is how many devices a change names: no more than the contract lets a campaign name.
const UnreadyMax = 100

// ErrChange says that bytes are not a change.
var ErrChange = errors.New("decoding a change of readiness: not the encoding of one")

const changeLayout = 1

// AppendBinary appends the change's encoding: layout, then the fields in their order.
func (c *Change) AppendBinary(b []byte) []byte {
	b = fields.AppendUvarint(fields.AppendText(append(b, changeLayout), c.StoreID), c.Revision)
	for _, count := range [...]int64{c.Total, c.Ready, c.Failed, c.Unreachable, int64(len(c.Unready))} {
		b = fields.AppendUvarint(b, count)
	}
	for _, u := range c.Unready {
		b = fields.AppendText(fields.AppendText(b, u.DeviceID), u.Reason)
	}
	return b
}

// UnmarshalBinary sets the change to what AppendBinary wrote; it shares no memory with data. Its error is ErrChange.
func (c *Change) UnmarshalBinary(data []byte) error {
	in := fields.NewReader(data)
	if in.Byte() != changeLayout {
		return ErrChange
	}
	read := Change{
		StoreID: in.Text(), Revision: in.Uvarint(), Total: in.Uvarint(), Ready: in.Uvarint(), Failed: in.Uvarint(),
		Unreachable: in.Uvarint(),
	}
	if n := in.Length(); n > 0 {
		read.Unready = make([]Unready, n)
	}
	for i := range read.Unready {
		read.Unready[i] = Unready{in.Text(), in.Text()}
	}
	if !in.Whole() || len(read.Unready) > UnreadyMax {
		return ErrChange
	}
	*c = read
	return nil
}
