package topics

import "encoding/hex"

// TraceParent is what W3C Trace Context's traceparent says, in bytes: trace id (16), id of the parent span (8), flags (1). The
// zero TraceParent says nothing: ids of zeros are not valid ones.
type TraceParent [16 + 8 + 1]byte

// TraceContext is a place in a trace, as records carry it from hop to hop.
type TraceContext struct {
	Parent TraceParent
	// State is tracestate as it was given: what vendors say of the trace, at most TraceStateMaxBytes; empty without one.
	State string
}

// TraceStateMaxBytes is the longest tracestate that is carried on; a longer one is dropped whole. Source: Trace Context,
// section 3.3.1.5: 512 characters are what every platform should carry, and a part of a list may say the wrong thing.
const TraceStateMaxBytes = 512

// The names of both, as headers, and as attributes of CloudEvents' distributed tracing extension.
const (
	headerTraceParent = "traceparent"
	headerTraceState  = "tracestate"
)

// The parts of a traceparent of version 00, and the flags that Trace Context knows: sampled, random.
const (
	traceParentChars = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	traceFlagsKnown  = 0x03
)

// ParseTraceParent reads a traceparent. A version after 00 is read as the standard wants it: by the parts that version 00 has.
// Flags that are not known are cut off, so that they are not promised to whoever is behind.
func ParseTraceParent(text string) (parent TraceParent, is bool) {
	if len(text) < traceParentChars || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return TraceParent{}, false
	}
	var version, flags [1]byte
	if !readHex(version[:], text[:2]) || !readHex(parent[:16], text[3:35]) || !readHex(parent[16:24], text[36:52]) ||
		!readHex(flags[:], text[53:55]) {
		return TraceParent{}, false
	}
	const versionOfNone = 0xff
	longer := len(text) > traceParentChars
	if version[0] == versionOfNone || longer && (version[0] == 0 || text[traceParentChars] != '-') {
		return TraceParent{}, false
	}
	parent[24] = flags[0] & traceFlagsKnown
	if !parent.Valid() {
		return TraceParent{}, false
	}
	return parent, true
}

// readHex reads lower-case hexadecimal digits, the only ones that Trace Context allows.
func readHex(into []byte, digits string) bool {
	for _, c := range []byte(digits) {
		if 'A' <= c && c <= 'F' {
			return false
		}
	}
	_, err := hex.Decode(into, []byte(digits))
	return err == nil
}

// Valid says whether it names a trace and a span in it, and no flags but those that are known.
func (p TraceParent) Valid() bool {
	return [16]byte(p[:16]) != [16]byte{} && [8]byte(p[16:24]) != [8]byte{} && p[24]&^traceFlagsKnown == 0
}

// AppendText appends the traceparent in version 00.
func (p TraceParent) AppendText(b []byte) []byte {
	b = append(b, "00-"...)
	b = hex.AppendEncode(b, p[:16])
	b = append(b, '-')
	b = hex.AppendEncode(b, p[16:24])
	b = append(b, '-')
	return hex.AppendEncode(b, p[24:])
}

// NewTraceContext returns the context of a parent and a tracestate. What is not valid, or too long, is left out.
func NewTraceContext(parent TraceParent, state string) TraceContext {
	if !parent.Valid() {
		return TraceContext{}
	}
	if !isTraceState(state) {
		state = ""
	}
	return TraceContext{Parent: parent, State: state}
}

// Given says whether there is a context.
func (c TraceContext) Given() bool { return c.Parent != TraceParent{} }

// Headers returns the headers that carry the context on; nil without one.
func (c TraceContext) Headers() map[string][]byte {
	if !c.Given() {
		return nil
	}
	headers := map[string][]byte{headerTraceParent: c.Parent.AppendText(make([]byte, 0, traceParentChars))}
	if c.State != "" {
		headers[headerTraceState] = []byte(c.State)
	}
	return headers
}

// TraceOf returns the context that a record's headers carry, none where they carry none that can be read. traceparent goes
// before ce_traceparent, an attribute of CloudEvents' binary mode: the first is the last hop's, the second may be older.
func TraceOf(headers []Header) TraceContext {
	if len(headers) == 0 {
		return TraceContext{}
	}
	for _, prefix := range [...]string{"", headerPrefix} {
		if parent, given := lastHeader(headers, prefix+headerTraceParent); given {
			state, _ := lastHeader(headers, prefix+headerTraceState)
			if trace := traceContext(parent, state); trace.Given() {
				return trace
			}
		}
	}
	return TraceContext{}
}

// TraceOfMap is TraceOf for headers in a map, for instance goka.Headers.
func TraceOfMap[M ~map[string][]byte](headers M) TraceContext {
	if len(headers) == 0 {
		return TraceContext{}
	}
	return traceContext(string(headers[headerTraceParent]), string(headers[headerTraceState]))
}

// traceContext returns the context that two texts tell. Where the parent cannot be read, the state means nothing either.
func traceContext(parent, state string) TraceContext {
	read, _ := ParseTraceParent(parent)
	return NewTraceContext(read, state)
}

// isTraceState says whether a tracestate is carried on: printable ASCII, and not too long. What its members say, and whether
// they are well formed, is for the vendors that wrote them.
func isTraceState(state string) bool {
	for _, c := range []byte(state) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(state) <= TraceStateMaxBytes
}
