package processors

import (
	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// recordOf returns the record of a callback as it was read. A tombstone comes as a nil message.
func recordOf(ctx engine.Context, message any) topics.Record {
	record := topics.Record{
		Topic: string(ctx.Topic()), Partition: ctx.Partition(), Offset: ctx.Offset(),
		Timestamp: schemas.InstantOf(ctx.Timestamp()), Headers: topics.HeadersOfMap(ctx.Headers()),
	}
	if ctx.Key() != "" {
		record.Key = []byte(ctx.Key())
	}
	switch value := message.(type) {
	case topics.Raw:
		record.Value = value
	case topics.ReadDue:
		record.Value = value.Raw
	case topics.ReadApplied:
		record.Value = value.Raw
	case topics.Malformed:
		record.Value = value.Raw
	}
	return record
}

// deadLetter refuses a record in the transaction that reads it.
func deadLetter(ctx engine.Context, record topics.Record, refusal *topics.Refusal, at hop) {
	ctx.Count(Refused + string(refusal.Reason))
	at.refused(refusal)
	ctx.Emit(goka.Stream(topics.DeadLetters), string(topics.RefusedKey(record.Key)), topics.RefusedEvent(record, refusal),
		carrying(at.context)...)
}

// refuseMalformed refuses a message that its codec could not read.
func refuseMalformed(ctx engine.Context, traces tracing, message any) {
	refusal := &topics.Refusal{Reason: schemas.Malformed, Detail: "value: must not be missing"}
	if malformed, is := message.(topics.Malformed); is {
		refusal = malformed.Refusal
	}
	record := recordOf(ctx, message)
	deadLetter(ctx, record, refusal, traces.process(ctx, record, topics.TraceOf(record.Headers)))
}

// refuseForeign refuses a record of the engine's own that its codec could not read. Only somebody else can have written it.
func refuseForeign(ctx engine.Context, traces tracing, record topics.Record, message any) {
	unreadable, is := message.(Unreadable)
	if !is {
		refuseMalformed(ctx, traces, message)
		return
	}
	record.Value = unreadable
	deadLetter(ctx, record, &topics.Refusal{Reason: schemas.Malformed, Detail: "value: must be a record of the engine"},
		traces.process(ctx, record, topics.TraceOf(record.Headers)))
}
