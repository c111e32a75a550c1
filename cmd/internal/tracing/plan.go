package tracing

import (
	"slices"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The variables that are read here; the SDK and the exporters read the others. Source: OpenTelemetry specification,
// "Environment Variable Specification" and "OpenTelemetry Protocol Exporter".
const (
	envSDKDisabled    = "OTEL_SDK_DISABLED"
	envTracesExporter = "OTEL_TRACES_EXPORTER"
	envEndpoint       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	envTracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	envProtocol       = "OTEL_EXPORTER_OTLP_PROTOCOL"
	envTracesProtocol = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	envHeaders        = "OTEL_EXPORTER_OTLP_HEADERS"
	envTracesHeaders  = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
	envQueueSize      = "OTEL_BSP_MAX_QUEUE_SIZE"
)

// The exporters and protocols that there are.
const (
	exporterNone    = "none"
	exporterOTLP    = "otlp"
	exporterConsole = "console"

	protocolGRPC = "grpc"
	protocolHTTP = "http/protobuf"
	protocolJSON = "http/json"
)

// plan is what the environment asks for.
type plan struct {
	exporters []string // none: off
	protocol  string   // of OTLP
	queue     int      // spans that wait at most
	warnings  []warning
}

// warning is of a variable whose value cannot be meant. It does not quote the value.
type warning struct{ variable, rule string }

// planOf reads the environment. Traces are on when it names an exporter or an OTLP endpoint, and not disabled: the other
// variables say how, and some of them (a service's name) are often set for every program of a machine. The specification's
// default, OTLP to this machine, would have every engine without a collector complain of it.
func planOf(getenv func(string) string) plan {
	get := func(name string) string { return strings.TrimSpace(getenv(name)) }
	p := plan{protocol: protocolHTTP, queue: sdktrace.DefaultMaxQueueSize}
	if strings.EqualFold(get(envSDKDisabled), "true") {
		return p
	}
	p.readExporters(get(envTracesExporter), get(envEndpoint)+get(envTracesEndpoint) != "")
	if len(p.exporters) == 0 {
		return p
	}
	for _, name := range []string{envProtocol, envTracesProtocol} { // the traces' own goes before
		p.readProtocol(name, get(name))
	}
	if given := get(envQueueSize); given != "" {
		size, err := strconv.Atoi(given)
		if err != nil || size < 1 || size > queueMax {
			p.warn(envQueueSize, "must be a number from 1 to "+strconv.Itoa(queueMax)+"; taken for unset")
			return p
		}
		p.queue = size
	}
	return p
}

// queueMax bounds what may be set: a span takes one or two KiB.
const queueMax = 1 << 20

func (p *plan) warn(variable, rule string) { p.warnings = append(p.warnings, warning{variable, rule}) }

// readExporters reads a list of exporters; endpoint says that an OTLP endpoint is named.
func (p *plan) readExporters(list string, endpoint bool) {
	none := false
	for name := range strings.SplitSeq(list, ",") {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "":
		case exporterNone:
			none = true
		case exporterOTLP, exporterConsole:
			if !slices.Contains(p.exporters, name) {
				p.exporters = append(p.exporters, name)
			}
		default:
			p.warn(envTracesExporter, "must be otlp, console or none; taken for unset")
		}
	}
	switch {
	case none:
		p.exporters = nil
	case len(p.exporters) == 0 && endpoint:
		p.exporters = []string{exporterOTLP}
	}
}

func (p *plan) readProtocol(variable, value string) {
	switch value = strings.ToLower(value); value {
	case "":
	case protocolGRPC, protocolHTTP, protocolJSON:
		p.protocol = value
	default:
		p.warn(variable, "must be grpc, http/protobuf or http/json; taken for unset")
	}
}
