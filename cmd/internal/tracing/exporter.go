package tracing

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// connect makes an exporter; it reads its own variables and reaches nobody yet.
func connect(ctx context.Context, name, protocol string) (made sdktrace.SpanExporter, err error) {
	switch {
	case name == exporterConsole:
		made, err = stdouttrace.New()
	case protocol == protocolGRPC:
		made, err = otlptracegrpc.New(ctx)
	default:
		made, err = otlptracehttp.New(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("making the exporter %s: %w", name, err)
	}
	return made, nil
}

// newSpans returns the counter of spans by what became of them. It is there, at zero, also while traces are off.
func newSpans(registry prometheus.Registerer) *prometheus.CounterVec {
	spans := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "campaign_engine", Name: "trace_spans_total", Help: "Spans of committed work by what became of them.",
	}, []string{"end"})
	for _, end := range []string{spanExported, spanFailed, spanDropped} {
		spans.WithLabelValues(end)
	}
	if registry != nil {
		registry.MustRegister(spans)
	}
	return spans
}

// What becomes of a span.
const (
	spanExported = "exported" // the collector has it
	spanFailed   = "failed"   // the collector did not take it, not all that was sent with it, or not in time
	spanDropped  = "dropped"  // too many were waiting
)

// exporter is a span exporter behind a bounded queue. The SDK's batch processor drops what does not fit, too, but tells
// nobody how much; so what is on its way is counted here, and never more of it than the queue holds. Whoever ends a span
// waits for nothing.
type exporter struct {
	sdktrace.SpanExporter
	spans *prometheus.CounterVec
	max   int64
	held  atomic.Int64 // spans in the queue, and in the batch that is being sent
	inner sdktrace.SpanProcessor
	once  sync.Once // shut down
}

func newExporter(inner sdktrace.SpanExporter, queue int, spans *prometheus.CounterVec) *exporter {
	e := &exporter{SpanExporter: inner, spans: spans, max: int64(queue)}
	e.inner = sdktrace.NewBatchSpanProcessor(e, sdktrace.WithMaxQueueSize(queue))
	return e
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *exporter) ExportSpans(ctx context.Context, batch []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, batch)
	e.held.Add(-int64(len(batch)))
	end := spanExported
	if err != nil {
		end = spanFailed
	}
	e.spans.WithLabelValues(end).Add(float64(len(batch)))
	return err
}

// Shutdown implements sdktrace.SpanExporter. It interrupts what is on its way; only the first call does anything.
func (e *exporter) Shutdown(ctx context.Context) (err error) {
	e.once.Do(func() { err = e.SpanExporter.Shutdown(ctx) })
	return err
}

func (e *exporter) processor() sdktrace.SpanProcessor { return queue{e} }

// queue is the way into an exporter.
type queue struct{ *exporter }

// OnStart implements sdktrace.SpanProcessor.
func (q queue) OnStart(ctx context.Context, span sdktrace.ReadWriteSpan) { q.inner.OnStart(ctx, span) }

// OnEnd implements sdktrace.SpanProcessor.
func (q queue) OnEnd(span sdktrace.ReadOnlySpan) {
	if !span.SpanContext().IsSampled() {
		return
	}
	if q.held.Add(1) > q.max {
		q.held.Add(-1)
		q.spans.WithLabelValues(spanDropped).Inc()
		return
	}
	q.inner.OnEnd(span)
}

// Shutdown implements sdktrace.SpanProcessor.
func (q queue) Shutdown(ctx context.Context) error { return q.inner.Shutdown(ctx) }

// ForceFlush implements sdktrace.SpanProcessor.
func (q queue) ForceFlush(ctx context.Context) error { return q.inner.ForceFlush(ctx) }
