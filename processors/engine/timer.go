package engine

import (
	"encoding/binary"
	"fmt"

	"github.com/lovoo/goka"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// TimerStream is the virtual input on which a group gets its timers. No such topic exists: the engine puts a message
// there for each row of the group's table that has become due. Its key is the row's, its value the due instant.
func TimerStream(group goka.Group) goka.Stream { return goka.Stream(string(group) + "-timers") }

// OnTimer is the edge of a group graph whose callback answers the group's timers. The message is the instant.Instant at
// which the row was due. The callback must write the row with a later due instant, or none: a row that stays due fails
// the batch, because it would fire for ever.
func OnTimer(group goka.Group, callback goka.ProcessCallback) goka.Edge {
	return goka.Input(TimerStream(group), TimerCodec{}, callback)
}

// TimerCodec is the codec of a timer stream: an instant.Instant as 8 bytes, big-endian.
type TimerCodec struct{}

// Encode implements goka.Codec.
func (TimerCodec) Encode(value any) ([]byte, error) {
	due, ok := value.(instant.Instant)
	if !ok {
		return nil, fmt.Errorf("encoding a timer: %T is not an instant.Instant", value)
	}
	return binary.BigEndian.AppendUint64(nil, uint64(due)), nil
}

// Decode implements goka.Codec.
func (TimerCodec) Decode(data []byte) (any, error) {
	if len(data) != 8 {
		return nil, fmt.Errorf("decoding a timer: %d bytes, not 8", len(data))
	}
	return instant.Instant(binary.BigEndian.Uint64(data)), nil
}

// DuePrefix reads the due instant from a row that begins with it: 8 bytes, big-endian milliseconds, the largest for never.
func DuePrefix(row []byte) instant.Instant {
	if len(row) < 8 {
		return never
	}
	return instant.Instant(binary.BigEndian.Uint64(row))
}
