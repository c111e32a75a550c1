package playlist

import "github.com/rmn-arms/campaign-engine/state/fields"

// Departure says that a store has let a device go, and under which playlist revision: the device obeys nothing that is not above
// it. It is the record of device-departures.
type Departure struct {
	DeviceID, StoreID string
	Revision          int64 // the highest that the store has sent it, at least 1
}

const departureLayout = 1

// AppendBinary appends the departure's encoding: layout, then the fields in their order.
func (d *Departure) AppendBinary(b []byte) []byte {
	b = fields.AppendText(fields.AppendText(append(b, departureLayout), d.DeviceID), d.StoreID)
	return fields.AppendUvarint(b, d.Revision)
}

// UnmarshalBinary sets the departure to what AppendBinary wrote; it shares no memory with data. Its error is ErrRecord.
func (d *Departure) UnmarshalBinary(data []byte) error {
	in := fields.NewReader(data)
	if in.Byte() != departureLayout {
		return ErrRecord
	}
	read := Departure{DeviceID: in.Text(), StoreID: in.Text(), Revision: in.Uvarint()}
	if !in.Whole() || read.Revision == 0 {
		return ErrRecord
	}
	*d = read
	return nil
}
