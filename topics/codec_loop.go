package topics

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// LoopCodec is the codec of loop topics: *Record. It carries a record that sits in another partition than its key's to
// the right one, whole: where it came from, when, and what it said, so that there it is handled, and if need be
// refused, as if it had been read at its own place.
//
// The form is internal to one engine and may change between versions only with its leading byte: a version, then
// partition, offset and timestamp as varints, then topic, key, value and the headers, each text with its length
// before it. A nil key or value stays nil.
type LoopCodec struct{}

// loopVersion is the first byte of the form.
const loopVersion = 1

var errLoopForm = errors.New("must have the form of a loop record")

// Encode takes a *Record that has passed CheckSize. Headers come in their order, so equal records give equal bytes.
func (LoopCodec) Encode(value any) ([]byte, error) {
	record, is := value.(*Record)
	if !is {
		return nil, fmt.Errorf("encoding a loop record: got a %T", value)
	}
	if refusal := CheckSize(record.Key, record.Value, record.Headers); refusal != nil {
		return nil, fmt.Errorf("encoding a loop record: %s", refusal.Detail)
	}
	b := make([]byte, 0, len(record.Value)+len(record.Key)+len(record.Topic)+64)
	b = append(b, loopVersion)
	b = binary.AppendVarint(b, int64(record.Partition))
	b = binary.AppendVarint(b, record.Offset)
	b = binary.AppendVarint(b, int64(record.Timestamp))
	b = appendBytes(b, []byte(record.Topic))
	b = appendBytes(b, record.Key)
	b = appendBytes(b, record.Value)
	b = binary.AppendUvarint(b, uint64(len(record.Headers)))
	for _, header := range record.Headers {
		b = appendBytes(b, []byte(header.Key))
		b = appendBytes(b, header.Value)
	}
	return b, nil
}

// Decode returns a *Record that shares no memory with data, or a Malformed.
func (LoopCodec) Decode(data []byte) (any, error) {
	record, err := decodeLoop(bytes.Clone(data))
	if err != nil {
		return Malformed{Raw: bytes.Clone(data), Refusal: refuse(schemas.Malformed, "value", err.Error())}, nil
	}
	return record, nil
}

func decodeLoop(data []byte) (*Record, error) {
	if len(data) == 0 || data[0] != loopVersion {
		return nil, errLoopForm
	}
	in := loopReader{rest: data[1:]}
	record := &Record{
		Partition: int32(in.varint()), Offset: in.varint(), Timestamp: schemas.Instant(in.varint()),
		Topic: string(in.bytes()), Key: in.bytes(), Value: in.bytes(),
	}
	for count := in.uvarint(); count > 0 && !in.broken; count-- {
		record.Headers = append(record.Headers, Header{Key: string(in.bytes()), Value: in.bytes()})
	}
	if in.broken || len(in.rest) > 0 {
		return nil, errLoopForm
	}
	return record, nil
}

// appendBytes writes nil as 0, and anything else as its length plus one and itself.
func appendBytes(b, content []byte) []byte {
	if content == nil {
		return append(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(content))+1), content...)
}

// loopReader reads the form from its front. After the first thing that does not fit it is broken and returns zeros.
type loopReader struct {
	rest   []byte
	broken bool
}

func (r *loopReader) varint() int64 {
	n, length := binary.Varint(r.rest)
	r.skip(length)
	return n
}

func (r *loopReader) uvarint() uint64 {
	n, length := binary.Uvarint(r.rest)
	r.skip(length)
	return n
}

func (r *loopReader) skip(length int) {
	if length <= 0 {
		r.broken, r.rest = true, nil
		return
	}
	r.rest = r.rest[length:]
}

func (r *loopReader) bytes() []byte {
	length := r.uvarint()
	if length == 0 {
		return nil
	}
	if length--; length > uint64(len(r.rest)) {
		r.broken, r.rest = true, nil
		return nil
	}
	content := r.rest[:length:length]
	r.rest = r.rest[length:]
	return content
}
