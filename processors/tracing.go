package processors

import (
	"context"
	"strconv"

	"github.com/lovoo/goka"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/topics"
)

// A trace goes from a campaign's event through transitions-due to what became of it, each span the child of the one before.
// So does that of a timed transition, however late it fires: the row keeps where the newest accepted revision stands in its
// trace. Links between a trace per firing would be kinder to backends, which like their traces short. But who looks for
// what came of an event has its trace id, and one search with it must show the start, too; and the decision to sample, which
// the event's producer took, then holds for all that follows from it.
//
// A span ends when its transaction has committed. What was aborted has no span, and its headers were aborted with it: each
// id in a committed header is that of a span that was ended, or says by its flags that nobody records it.

// Option changes how a group graph is built.
type Option func(*tracing)

// WithTracer has spans made of what the callbacks do. Without a tracer, or with nil, a trace's context is passed on as it
// came.
func WithTracer(tracer trace.Tracer) Option { return func(t *tracing) { t.tracer = tracer } }

// tracing makes the spans of a group; the zero value makes none.
type tracing struct{ tracer trace.Tracer }

func tracingOf(options []Option) (t tracing) {
	for _, option := range options {
		option(&t)
	}
	return t
}

// hop is a place that a trace goes through: a span, or, where none is made, the context as it came.
type hop struct {
	span    trace.Span // nil without a tracer
	context topics.TraceContext
}

// begin starts a span that ends with the commit.
func (t tracing) begin(
	ctx engine.Context, parent topics.TraceContext, name string, kind trace.SpanKind, attributes []attribute.KeyValue,
) hop {
	within := context.Background()
	if parent.Given() {
		within = trace.ContextWithRemoteSpanContext(within, spanContext(parent))
	}
	_, span := t.tracer.Start(within, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	switch {
	case span.IsRecording():
		engine.OnCommit(ctx, func() { span.End() })
		return hop{span: span, context: traceContext(span.SpanContext())}
	case parent.Given(): // nobody will see this span: what is behind it belongs to the one before
		return hop{span: span, context: parent}
	default: // that this trace is not sampled holds for all that is behind
		return hop{span: span, context: traceContext(span.SpanContext())}
	}
}

func spanContext(c topics.TraceContext) trace.SpanContext {
	state, _ := trace.ParseTraceState(c.State) // an unreadable one is none, as Trace Context wants it
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID(c.Parent[:16]), SpanID: trace.SpanID(c.Parent[16:24]), TraceFlags: trace.TraceFlags(c.Parent[24]),
		TraceState: state, Remote: true,
	})
}

func traceContext(c trace.SpanContext) topics.TraceContext {
	var parent topics.TraceParent
	traceID, spanID := c.TraceID(), c.SpanID()
	copy(parent[:16], traceID[:])
	copy(parent[16:24], spanID[:])
	parent[24] = byte(c.TraceFlags())
	return topics.NewTraceContext(parent, c.TraceState().String())
}

// carrying has the context put into an emitted record's headers.
func carrying(c topics.TraceContext) []goka.ContextOption {
	if !c.Given() {
		return nil
	}
	return []goka.ContextOption{goka.WithCtxEmitHeaders(c.Headers())}
}

// traceOfRow returns the context that a row keeps. A row may have been written by others.
func traceOfRow(kept timer.Trace) topics.TraceContext {
	return topics.NewTraceContext(topics.TraceParent(kept), "")
}

// process is the span of a record that was read: the child of what its producer was doing.
func (t tracing) process(ctx engine.Context, record topics.Record, parent topics.TraceContext) hop {
	if t.tracer == nil {
		return hop{context: parent}
	}
	const operation = "process"
	attributes := append(consumed(ctx, record.Topic, record.Partition, record.Offset), key(string(record.Key))...)
	return t.begin(ctx, parent, operation+" "+record.Topic, trace.SpanKindConsumer, attributes)
}

// due is the span of a transition that became due.
func (t tracing) due(ctx engine.Context, due *schemas.Due, parent topics.TraceContext) hop {
	if t.tracer == nil {
		return hop{context: parent}
	}
	attributes := append(transition(due), semconv.MessagingSystemKafka, semconv.MessagingOperationTypeSend,
		semconv.MessagingOperationName("send"), semconv.MessagingDestinationName(string(topics.TransitionsDue)))
	return t.begin(ctx, parent, "transition due", trace.SpanKindProducer, append(attributes, key(due.CampaignID)...))
}

// answer is the span of a transition that was applied or rejected; name and value are an attribute that says how.
func (t tracing) answer(ctx engine.Context, due *schemas.Due, outcome, name, value string) hop {
	parent := topics.TraceOfMap(ctx.Headers())
	if t.tracer == nil {
		return hop{context: parent}
	}
	attributes := append(transition(due), consumed(ctx, string(ctx.Topic()), ctx.Partition(), ctx.Offset())...)
	attributes = append(append(attributes, key(due.CampaignID)...), attribute.String(name, value))
	return t.begin(ctx, parent, "transition "+outcome, trace.SpanKindConsumer, attributes)
}

// became notes what became of the record that a span is of.
func (h hop) became(outcome string) {
	if h.span != nil {
		h.span.SetAttributes(attribute.String("campaign.outcome", outcome))
	}
}

// refused notes that the record went to dead-letters. A refusal holds nothing of the payload.
func (h hop) refused(refusal *topics.Refusal) {
	if h.span != nil {
		h.span.SetAttributes(semconv.ErrorTypeKey.String(string(refusal.Reason)))
		h.span.SetStatus(codes.Error, string(refusal.Reason)+": "+refusal.Detail)
		h.became("refused")
	}
}

// consumed are the attributes of a record that was read.
func consumed(ctx engine.Context, topic string, partition int32, offset int64) []attribute.KeyValue {
	return append(make([]attribute.KeyValue, 0, 16),
		semconv.MessagingSystemKafka, semconv.MessagingOperationTypeProcess, semconv.MessagingOperationName("process"),
		semconv.MessagingConsumerGroupName(string(ctx.Group())), semconv.MessagingDestinationName(topic),
		semconv.MessagingDestinationPartitionID(strconv.Itoa(int(partition))), semconv.MessagingKafkaOffset(int(offset)))
}

// key is the attribute of a record's key, if that could be a campaign's id: the key of a refused record may be anything.
func key(key string) []attribute.KeyValue {
	if !schemas.IsID(key) {
		return nil
	}
	return []attribute.KeyValue{semconv.MessagingKafkaMessageKey(key)}
}

// transition are the attributes of a due transition.
func transition(due *schemas.Due) []attribute.KeyValue {
	return append(make([]attribute.KeyValue, 0, 20),
		attribute.String("campaign.id", due.CampaignID), attribute.Int64("campaign.revision", due.Revision),
		attribute.String("campaign.transition", string(due.Transition)),
		attribute.String("campaign.transition_id", due.TransitionID),
		attribute.Int64("campaign.lateness_ms", due.LatenessMs))
}
