package mail

import "errors"

// ErrRow says that bytes are not a row of this package.
var ErrRow = errors.New("decoding a row of the mailer: not the encoding of one")

// AppendBinary appends the row's encoding to b: its first 8 bytes are the next due instant, see NextDue.
func (r *Row) AppendBinary(b []byte) []byte { return b }

// UnmarshalBinary sets the row to what AppendBinary wrote; it shares no memory with data. Its error is ErrRow, and the row is
// then unchanged.
func (r *Row) UnmarshalBinary(data []byte) error { return ErrRow }
