// Package collectortest is an OpenTelemetry collector for tests: it takes spans over OTLP and keeps them.
package collectortest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Collector keeps what it was sent.
type Collector struct {
	// Endpoint is where it listens, for OTEL_EXPORTER_OTLP_ENDPOINT.
	Endpoint string

	mu       sync.Mutex
	spans    []Span
	requests []http.Header
}

// Span is a span that was sent, and the resource that it came from.
type Span struct {
	*otlp.Span
	Resource map[string]string
}

// requestMaxBytes bounds what is read of a request.
const requestMaxBytes = 64 << 20

// HTTP starts a collector that takes OTLP over HTTP, in protobuf, until the test ends.
func HTTP(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	server := httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(server.Close)
	c.Endpoint = server.URL
	return c
}

func (c *Collector) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, requestMaxBytes))
	request := &coltrace.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(body, request)
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" {
		http.Error(w, "not an export of traces", http.StatusBadRequest)
		return
	}
	c.keep(request, r.Header)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// GRPC starts a collector that takes OTLP over gRPC until the test ends.
func GRPC(t testing.TB) *Collector {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Collector{Endpoint: "http://" + listener.Addr().String()}
	server := grpc.NewServer()
	coltrace.RegisterTraceServiceServer(server, service{collector: c})
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with Stop
	}()
	t.Cleanup(func() {
		server.Stop()
		<-served
	})
	return c
}

type service struct {
	coltrace.UnimplementedTraceServiceServer
	collector *Collector
}

// Export implements OTLP's trace service.
func (s service) Export(
	_ context.Context, request *coltrace.ExportTraceServiceRequest,
) (*coltrace.ExportTraceServiceResponse, error) {
	s.collector.keep(request, nil)
	return &coltrace.ExportTraceServiceResponse{}, nil
}

func (c *Collector) keep(request *coltrace.ExportTraceServiceRequest, header http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, header)
	for _, of := range request.GetResourceSpans() {
		resource := attributesOf(of.GetResource().GetAttributes())
		for _, scope := range of.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, Span{Span: span, Resource: resource})
			}
		}
	}
}

// Spans returns what was sent so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Headers returns the headers of the requests so far, nil for those of gRPC.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}

// Attributes returns a span's attributes, as texts.
func (s Span) Attributes() map[string]string { return attributesOf(s.GetAttributes()) }

func attributesOf(given []*common.KeyValue) map[string]string {
	attributes := make(map[string]string, len(given))
	for _, a := range given {
		text := a.GetValue().GetStringValue()
		if _, is := a.GetValue().GetValue().(*common.AnyValue_StringValue); !is {
			text = a.GetValue().String()
		}
		attributes[a.GetKey()] = text
	}
	return attributes
}
