// Package tracing sends what a process does as OpenTelemetry traces, where the standard OTEL_* variables say so. It is the
// only room that knows the SDK; everybody else has a trace.Tracer, or none.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/rmn-arms/campaign-engine/cmd/internal/logging"
)

// Settings say who traces, and where it is told what became of the spans.
type Settings struct {
	Instance string // service.instance.id
	Version  string // service.version
	Log      zerolog.Logger
	Registry prometheus.Registerer
}

// Traces is the way of spans out of a process. It is off unless the environment switches it on.
type Traces struct {
	log       zerolog.Logger
	provider  *sdktrace.TracerProvider // nil: off
	exporters []*exporter
	version   string
}

// The names of a process that the environment does not name, and of its instrumentation.
const (
	serviceName = "campaignd"
	scopeName   = "github.com/rmn-arms/campaign-engine"
)

// Open reads the environment and prepares what it asks for; nothing is reached yet. What it says wrongly is logged and taken
// for unset, as the specification wants it: for the sake of traces no campaign waits.
func Open(ctx context.Context, s Settings) *Traces {
	spans := newSpans(s.Registry)
	t := &Traces{log: s.Log, version: s.Version}
	p := planOf(os.Getenv)
	if len(p.exporters) > 0 || len(p.warnings) > 0 {
		defer speakBy(s.Log, secretsOf(os.Getenv))()
	}
	for _, warning := range p.warnings {
		s.Log.Warn().Str("variable", warning.variable).Msg("traces: " + warning.rule)
	}
	if len(p.exporters) == 0 {
		return t
	}
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(s.resource(ctx))}
	for _, name := range p.exporters {
		inner, err := connect(ctx, name, p.protocol)
		if err != nil {
			s.Log.Error().Err(errorWithout(err, secretsOf(os.Getenv))).Msg("traces: there are none to this exporter")
			continue
		}
		bounded := newExporter(inner, p.queue, spans)
		t.exporters = append(t.exporters, bounded)
		options = append(options, sdktrace.WithSpanProcessor(bounded.processor()))
	}
	if len(t.exporters) == 0 {
		return t
	}
	t.provider = sdktrace.NewTracerProvider(options...)
	s.Log.Info().Strs("exporters", p.exporters).Str("protocol", p.protocol).Int("queue", p.queue).Msg("traces are sent")
	return t
}

// resource tells who this is; the environment (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) goes before.
func (s Settings) resource(ctx context.Context) *resource.Resource {
	own := resource.NewSchemaless(semconv.ServiceName(serviceName), semconv.ServiceVersion(s.Version),
		semconv.ServiceInstanceID(s.Instance))
	given, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithFromEnv())
	merged, mergeErr := resource.Merge(own, given)
	if err := errors.Join(err, mergeErr); err != nil {
		otel.Handle(fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err))
	}
	return merged
}

// Tracer returns what spans are made by; nil when traces are off.
func (t *Traces) Tracer() trace.Tracer {
	if t.provider == nil {
		return nil
	}
	return t.provider.Tracer(scopeName, trace.WithInstrumentationVersion(t.version), trace.WithSchemaURL(semconv.SchemaURL))
}

// CloseMax is how long the last spans may take to be sent: it is part of the time that a process has to end in.
const CloseMax = 3 * time.Second

// interruptMax is how long what is on its way may take to end once it was interrupted.
const interruptMax = 500 * time.Millisecond

// Close sends what has not been sent, within a time. What is left then, since nobody takes it, is counted and logged.
func (t *Traces) Close(within time.Duration) {
	if t.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := t.provider.ForceFlush(ctx)
	ctx, cancel = context.WithTimeout(context.Background(), interruptMax)
	defer cancel()
	left := int64(0)
	for _, e := range t.exporters {
		left += e.held.Load()
		err = errors.Join(err, e.Shutdown(ctx)) // the processor would wait for the one that is on its way
	}
	err = errors.Join(err, t.provider.Shutdown(ctx))
	if left > 0 || err != nil {
		t.log.Warn().AnErr("cause", errorWithout(err, secretsOf(os.Getenv))).Int64("spans", left).
			Msg("traces: the last spans were not sent in time")
	}
}

// speakBy has the SDK tell of errors and wrong settings in the log, without what is secret: of the settings at once, and of
// what it cannot send seldom. The SDK has one place for that in a process.
func speakBy(log zerolog.Logger, secrets secrets) (opened func()) {
	otel.SetLogger(loggerFor(log, secrets))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.Warn().AnErr("cause", errorWithout(err, secrets)).Msg("traces: a setting is wrong, and taken for unset")
	}))
	return func() {
		seldom := logging.NewSeldom(logging.SeldomEvery)
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
			seldom.Tell("export", 1, func(count int) {
				log.Warn().AnErr("cause", errorWithout(err, secrets)).Int("times", count).Msg("traces: spans could not be sent")
			})
		}))
	}
}
