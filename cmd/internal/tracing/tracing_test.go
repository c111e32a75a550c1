package tracing

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/cmd/internal/collectortest"
)

// closing is more than any collector here needs to take the last spans.
const closing = 30 * time.Second

// rig is what was opened in an environment that has nothing of OpenTelemetry but what the test gives it.
type rig struct {
	*Traces
	t        *testing.T
	registry *prometheus.Registry
	logged   *log
}

// log is what was logged; a collector may fail while it is looked at.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func open(t *testing.T, env map[string]string) rig {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	r := rig{t: t, registry: prometheus.NewRegistry(), logged: new(log)}
	r.Traces = Open(t.Context(), Settings{
		Instance: "engine-1", Version: "v0", Log: zerolog.New(r.logged), Registry: r.registry,
	})
	return r
}

// make makes spans.
func (r rig) make(count int) {
	tracer := r.Tracer()
	for n := range count {
		_, span := tracer.Start(r.t.Context(), fmt.Sprintf("span %d", n))
		span.End()
	}
}

// spans returns what the metric says became of them.
func (r rig) spans() string {
	r.t.Helper()
	families, err := r.registry.Gather()
	if err != nil || len(families) != 1 {
		r.t.Fatalf("gathering: %v, %v", families, err)
	}
	by := map[string]float64{}
	for _, metric := range families[0].GetMetric() {
		by[metric.GetLabel()[0].GetValue()] = metric.GetCounter().GetValue()
	}
	return fmt.Sprintf("%v exported, %v failed, %v dropped", by[spanExported], by[spanFailed], by[spanDropped])
}

func TestOff(t *testing.T) {
	r := open(t, map[string]string{"OTEL_SERVICE_NAME": "x", envSDKDisabled: "true", envEndpoint: "http://127.0.0.1:1"})
	if r.Tracer() != nil || r.provider != nil {
		t.Error("there is a tracer")
	}
	r.Close(closing)
	if got := r.spans(); got != "0 exported, 0 failed, 0 dropped" || r.logged.String() != "" {
		t.Errorf("%s; it logs %s", got, r.logged)
	}
}

// TestACollectorGetsSpans, all of them once closed, from who the environment says.
func TestACollectorGetsSpans(t *testing.T) {
	const count = 1300 // more than two batches
	for name, c := range map[string]struct {
		start func(testing.TB) *collectortest.Collector
		env   map[string]string
	}{
		"HTTP": {collectortest.HTTP, map[string]string{envHeaders: "authorization=Bearer%20token", "OTEL_EXPORTER_OTLP_COMPRESSION": "none"}},
		"gRPC": {collectortest.GRPC, map[string]string{envProtocol: "grpc"}},
	} {
		t.Run(name, func(t *testing.T) {
			collector := c.start(t)
			c.env[envEndpoint] = collector.Endpoint
			c.env["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=test,service.version=given"
			c.env["OTEL_SERVICE_NAME"] = "engine"
			r := open(t, c.env)
			r.make(count)
			r.Close(closing)
			spans := collector.Spans()
			if len(spans) != count || r.spans() != fmt.Sprintf("%d exported, 0 failed, 0 dropped", count) {
				t.Fatalf("it has %d spans of %d; %s; it logs %s", len(spans), count, r.spans(), r.logged)
			}
			for name, want := range map[string]string{
				"service.name": "engine", "service.instance.id": "engine-1", "service.version": "given",
				"deployment.environment.name": "test", "telemetry.sdk.name": "opentelemetry",
			} {
				if got := spans[0].Resource[name]; got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if header := collector.Headers()[0]; header != nil && header.Get("authorization") != "Bearer token" {
				t.Errorf("it is reached with the headers %v", header)
			}
		})
	}
}

// TestASilentCollectorHoldsNothingUp: it accepts and never answers. Whoever ends spans goes on, what does not fit is counted,
// and closing ends in time.
func TestASilentCollectorHoldsNothingUp(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			select {
			case asked <- struct{}{}:
			default:
			}
		}
	}()
	t.Cleanup(func() { listener.Close() })
	r := open(t, map[string]string{envEndpoint: "http://" + listener.Addr().String(), envQueueSize: "1000", "OTEL_EXPORTER_OTLP_TIMEOUT": "3600000", "OTEL_BSP_EXPORT_TIMEOUT": "3600000"})
	r.make(600)
	<-asked // a batch is on its way, and stays there
	r.make(5000)
	if got := r.spans(); got != "0 exported, 0 failed, 4600 dropped" {
		t.Error(got)
	}
	r.Close(10 * time.Millisecond)
	if got := r.spans(); got != "0 exported, 1000 failed, 4600 dropped" {
		t.Error(got)
	}
	if !strings.Contains(r.logged.String(), `"spans":1000,"message":"traces: the last spans were not sent in time"`) {
		t.Errorf("it logs %s", r.logged)
	}
}

// TestWhatFailsIsLoggedSeldomAndWithoutSecrets: a collector that does not know who asks, and says with what it was asked.
func TestWhatFailsIsLoggedSeldomAndWithoutSecrets(t *testing.T) {
	const token = "s3cr3t-t0ken"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		http.Error(w, "who is "+r.Header.Get("authorization")+"?"+strings.Repeat("x", 8<<10), http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	r := open(t, map[string]string{
		envEndpoint: strings.Replace(server.URL, "://", "://me:"+token+"-too@", 1), envHeaders: "authorization=Bearer%20" + token + "," + token + "-alone",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1", "OTEL_TRACES_SAMPLER": "sometimes",
	})
	r.make(20)
	r.Close(closing)
	logged := r.logged.String()
	if r.spans() != "0 exported, 20 failed, 0 dropped" || strings.Count(logged, "spans could not be sent") != 1 {
		t.Errorf("%s; it logs %s", r.spans(), logged)
	}
	for _, want := range []string{"401", "who is [secret]?", "[cut]", "parse headers", "sometimes", "a setting is wrong"} {
		if !strings.Contains(logged, want) {
			t.Errorf("it does not say %q: %s", want, logged)
		}
	}
	if strings.Contains(logged, token) || len(logged) > 4<<10 {
		t.Errorf("in %d bytes it logs %.5000s", len(logged), logged)
	}
}
