package topics

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// The codecs below have goka's Codec interface. A codec sees neither key nor headers, and an error from it stops a
// partition for good. So Decode never returns one: what cannot be read comes out as a Malformed.

// Raw is a record's value as it stands on the topic.
type Raw []byte

// Malformed is what a codec makes of a value that it cannot read.
type Malformed struct {
	Raw     Raw
	Refusal *Refusal
}

// RawCodec passes values through; inputs are read with it, and DecodeCampaignEvent or another decoder of an input
// then reads the Raw beside the record's key and headers.
type RawCodec struct{}

// Encode takes a Raw.
func (RawCodec) Encode(value any) ([]byte, error) {
	raw, is := value.(Raw)
	if !is {
		return nil, fmt.Errorf("encoding a raw value: got a %T", value)
	}
	return raw, nil
}

// Decode returns a Raw that shares data's memory. A tombstone is a nil Raw.
func (RawCodec) Decode(data []byte) (any, error) { return Raw(data), nil }

// DueCodec is the codec of transitions-due: *schemas.Event[schemas.Due] is written, ReadDue is read.
type DueCodec struct{}

// ReadDue is a due transition as it was read, and the bytes that it was read from: whoever has to refuse it later owes
// dead-letters the record as it was.
type ReadDue struct {
	*schemas.Event[schemas.Due]
	Raw Raw
}

// Encode takes a *schemas.Event[schemas.Due]; equal events give equal bytes.
func (DueCodec) Encode(value any) ([]byte, error) {
	event, is := value.(*schemas.Event[schemas.Due])
	if !is {
		return nil, fmt.Errorf("encoding a due transition: got a %T", value)
	}
	return EncodeDue(event)
}

// Decode returns a ReadDue whose Raw shares data's memory, or a Malformed.
func (DueCodec) Decode(data []byte) (any, error) {
	event, refusal := DecodeDue(data)
	if refusal != nil {
		return Malformed{Raw: bytes.Clone(data), Refusal: refusal}, nil
	}
	return ReadDue{Event: event, Raw: data}, nil
}

// AppliedCodec is the codec of transitions-applied: *schemas.Event[schemas.Applied] is written, ReadApplied is read.
type AppliedCodec struct{}

// ReadApplied is an applied transition as it was read, and the bytes that it was read from, as ReadDue.
type ReadApplied struct {
	*schemas.Event[schemas.Applied]
	Raw Raw
}

// ReadFirst implements engine.FirstCodec: what is shown of a campaign is judged by what is known of it.
func (AppliedCodec) ReadFirst() {}

// Encode takes a *schemas.Event[schemas.Applied]; equal events give equal bytes.
func (AppliedCodec) Encode(value any) ([]byte, error) {
	event, is := value.(*schemas.Event[schemas.Applied])
	if !is {
		return nil, fmt.Errorf("encoding an applied transition: got a %T", value)
	}
	return EncodeApplied(event)
}

// Decode returns a ReadApplied whose Raw shares data's memory, or a Malformed.
func (AppliedCodec) Decode(data []byte) (any, error) {
	event, refusal := DecodeApplied(data)
	if refusal != nil {
		return Malformed{Raw: bytes.Clone(data), Refusal: refusal}, nil
	}
	return ReadApplied{Event: event, Raw: data}, nil
}

// RejectedCodec is the codec of transitions-rejected: *schemas.Event[schemas.Rejected].
type RejectedCodec struct{ eventCodec[schemas.Rejected] }

// Encode takes a *schemas.Event[schemas.Rejected]; equal events give equal bytes.
func (RejectedCodec) Encode(value any) ([]byte, error) {
	event, is := value.(*schemas.Event[schemas.Rejected])
	if !is {
		return nil, fmt.Errorf("encoding a rejected transition: got a %T", value)
	}
	return EncodeRejected(event)
}

// ReleasedCodec is the codec of budget-released: *schemas.Event[schemas.Released].
type ReleasedCodec struct{ eventCodec[schemas.Released] }

// StatementCodec is the codec of campaign-statements, of both their types: *schemas.Event[schemas.Statement].
type StatementCodec struct{ eventCodec[schemas.Statement] }

// CommandCodec is the codec of device-commands, and of stores' own topics: *schemas.Event[schemas.Command].
type CommandCodec struct{}

// Encode takes a *schemas.Event[schemas.Command]; equal events give equal bytes.
func (CommandCodec) Encode(value any) ([]byte, error) {
	event, is := value.(*schemas.Event[schemas.Command])
	if !is {
		return nil, fmt.Errorf("encoding a command: got a %T", value)
	}
	return EncodeCommand(event)
}

// Decode returns a *schemas.Event[schemas.Command] or a Malformed.
func (CommandCodec) Decode(data []byte) (any, error) {
	event, refusal := DecodeCommand(data)
	if refusal != nil {
		return Malformed{Raw: bytes.Clone(data), Refusal: refusal}, nil
	}
	return event, nil
}

// ReadinessCodec is the codec of campaign-readiness: *schemas.Event[schemas.Readiness].
type ReadinessCodec struct{ eventCodec[schemas.Readiness] }

// RefusedCodec is the codec of dead-letters: *schemas.Event[schemas.Refused].
type RefusedCodec struct{ eventCodec[schemas.Refused] }

// eventCodec encodes by reflection: the members come in the order of the struct's fields, those of maps in the order of
// their names, so that equal events give equal bytes.
type eventCodec[D any] struct{}

// Encode takes a *schemas.Event[D]. Its error says that value is another, a text no UTF-8, or an instant not between the
// years 0 and 9999.
func (eventCodec[D]) Encode(value any) ([]byte, error) {
	event, is := value.(*schemas.Event[D])
	if !is {
		return nil, fmt.Errorf("encoding a %T: got a %T", event, value)
	}
	encoded, err := json.Marshal(event, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", event.Type, err)
	}
	return encoded, nil
}

// Decode returns a *schemas.Event[D] or a Malformed. The engine is the only writer of these topics and reads none of
// them back: this is for tools, and looks at the JSON and the types of the fields alone.
func (eventCodec[D]) Decode(data []byte) (any, error) {
	if refusal := checkDepth(data); refusal != nil {
		return Malformed{Raw: bytes.Clone(data), Refusal: refusal}, nil
	}
	event := new(schemas.Event[D])
	if err := json.Unmarshal(data, event); err != nil {
		refusal := refuse(schemas.Malformed, "value", "must be an event of this topic")
		return Malformed{Raw: bytes.Clone(data), Refusal: refusal}, nil
	}
	return event, nil
}

// Decoded reads a record's value by a codec; false when it is no event of that kind.
func Decoded[D any](codec interface{ Decode([]byte) (any, error) }, value []byte) (*schemas.Event[D], bool) {
	message, err := codec.Decode(value)
	if err != nil {
		return nil, false
	}
	event, is := message.(*schemas.Event[D])
	return event, is
}
