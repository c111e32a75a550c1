package processors

import (
	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// carriedInput is how a group takes an input from outside, whose producers may use any partitioner: a record that sits in another
// partition than its key's is sent there by the loop, once it is known to be worth it. What is too large for the loop has been
// refused by then.
type carriedInput[E any] struct {
	traces tracing
	decode func(key, value []byte, headers []topics.Header) (E, *topics.Refusal)
	// traceOf returns the context that an event came with, also one that is refused.
	traceOf func(E) topics.TraceContext
	take    func(engine.Context, topics.Record, E)
}

// onRecord takes a record as it was published.
func (c carriedInput[E]) onRecord(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	record := recordOf(ctx, message)
	event, read := c.read(ctx, record)
	switch {
	case !read:
	case ctx.Misplaced():
		ctx.Count(Carried)
		ctx.Loopback(ctx.Key(), &record)
	default:
		c.take(ctx, record, event)
	}
}

// onCarried takes a record that has come to its partition by the loop.
func (c carriedInput[E]) onCarried(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	record, is := message.(*topics.Record)
	if !is {
		refuseMalformed(ctx, c.traces, message)
		return
	}
	if event, read := c.read(ctx, *record); read {
		c.take(ctx, *record, event)
	}
}

// read decodes a record, or refuses it.
func (c carriedInput[E]) read(ctx engine.Context, record topics.Record) (event E, read bool) {
	event, refusal := c.decode(record.Key, record.Value, record.Headers)
	if refusal != nil {
		deadLetter(ctx, record, refusal, c.traces.process(ctx, record, c.traceOf(event)))
		return event, false
	}
	return event, true
}
