package tracing

import (
	"slices"
	"testing"
)

func TestPlan(t *testing.T) {
	for name, c := range map[string]struct {
		env       map[string]string
		exporters []string
		protocol  string
		queue     int
		warned    []string
	}{
		"nothing is said":         {},
		"how, but not that":       {env: map[string]string{"OTEL_SERVICE_NAME": "x", envProtocol: "grpc", envHeaders: "a=b", "OTEL_TRACES_SAMPLER": "always_on"}},
		"metrics alone":           {env: map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://x"}},
		"empty":                   {env: map[string]string{envEndpoint: "", envTracesExporter: " "}},
		"an endpoint":             {env: map[string]string{envEndpoint: "http://x"}, exporters: []string{"otlp"}},
		"the traces' endpoint":    {env: map[string]string{envTracesEndpoint: "http://x"}, exporters: []string{"otlp"}},
		"an exporter":             {env: map[string]string{envTracesExporter: "otlp"}, exporters: []string{"otlp"}},
		"both":                    {env: map[string]string{envTracesExporter: "Console, otlp,otlp"}, exporters: []string{"console", "otlp"}},
		"console, and OTLP's":     {env: map[string]string{envTracesExporter: "console", envEndpoint: "http://x"}, exporters: []string{"console"}},
		"none":                    {env: map[string]string{envTracesExporter: "none", envEndpoint: "http://x"}},
		"none among others":       {env: map[string]string{envTracesExporter: "otlp,none"}},
		"disabled":                {env: map[string]string{envSDKDisabled: "TRUE", envEndpoint: "http://x", envTracesExporter: "zipkin"}},
		"not disabled":            {env: map[string]string{envSDKDisabled: "1", envEndpoint: "http://x"}, exporters: []string{"otlp"}},
		"over gRPC":               {env: map[string]string{envEndpoint: "http://x", envProtocol: "grpc"}, exporters: []string{"otlp"}, protocol: "grpc"},
		"the traces' protocol":    {env: map[string]string{envEndpoint: "http://x", envProtocol: "grpc", envTracesProtocol: "http/json"}, exporters: []string{"otlp"}, protocol: "http/json"},
		"an unknown exporter":     {env: map[string]string{envTracesExporter: "zipkin"}, warned: []string{envTracesExporter}},
		"unknown, and OTLP's":     {env: map[string]string{envTracesExporter: "zipkin", envEndpoint: "http://x"}, exporters: []string{"otlp"}, warned: []string{envTracesExporter}},
		"an unknown protocol":     {env: map[string]string{envEndpoint: "http://x", envProtocol: "udp"}, exporters: []string{"otlp"}, warned: []string{envProtocol}},
		"a queue":                 {env: map[string]string{envEndpoint: "http://x", envQueueSize: "100000"}, exporters: []string{"otlp"}, queue: 100_000},
		"a queue that is too big": {env: map[string]string{envEndpoint: "http://x", envQueueSize: "1048577"}, exporters: []string{"otlp"}, warned: []string{envQueueSize}},
		"a queue of nothing":      {env: map[string]string{envEndpoint: "http://x", envQueueSize: "0"}, exporters: []string{"otlp"}, warned: []string{envQueueSize}},
	} {
		p := planOf(func(name string) string { return c.env[name] })
		var warned []string
		for _, w := range p.warnings {
			warned = append(warned, w.variable)
		}
		if c.protocol == "" {
			c.protocol = protocolHTTP
		}
		if c.queue == 0 {
			c.queue = 2048
		}
		if !slices.Equal(p.exporters, c.exporters) || p.protocol != c.protocol || p.queue != c.queue || !slices.Equal(warned, c.warned) {
			t.Errorf("%s: the plan is %+v", name, p)
		}
	}
}

func TestSecretsAreTakenOut(t *testing.T) {
	env := map[string]string{
		envHeaders:        "authorization=Basic%20dXNlcjpwYXNz,x-tenant=a",
		envTracesHeaders:  "the-whole-token",
		envEndpoint:       "http://me:pa%2055word@collector:4318/x",
		envTracesEndpoint: "http://token-as-user@[::1",
	}
	s := secretsOf(func(name string) string { return env[name] })
	for text, want := range map[string]string{
		"sent Basic dXNlcjpwYXNz":                                  "sent [secret]",
		"sent dXNlcjpwYXNz":                                        "sent [secret]",
		"sent Basic%20dXNlcjpwYXNz":                                "sent [secret]",
		"input the-whole-token":                                    "input [secret]",
		`parse "http://me:pa%2055word@collector:4318/x": bad port`: `parse "http://[secret]@collector:4318/x": bad port`,
		"password pa%2055word":                                     "password [secret]",
		`parse "http://token-as-user@[::1"`:                        `parse "http://[secret]@[::1"`,
		"a tenant":                                                 "a tenant",
	} {
		if got := s.without(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
