package topics

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const (
	someParent  = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	otherParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
)

func TestParseTraceParent(t *testing.T) {
	for text, want := range map[string]string{
		someParent:  someParent,
		otherParent: otherParent,
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03":           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff":           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03",
		"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01":           someParent,
		"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-05-what-will": someParent,
		"":                 "",
		someParent + "-":   "",
		someParent + " ":   "",
		someParent[:54]:    "",
		" " + someParent:   "",
		someParent + "-00": "",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01":     "",
		"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.x":   "",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01":     "",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01":     "",
		"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01":     "",
		"00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01":     "",
		"00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01":     "",
		"0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01":     "",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x":     "",
		"00-0af7651916cd43dd8448eb211c8031-9cb7ad6b7169203331-01-abc": "",
	} {
		parent, is := ParseTraceParent(text)
		if got := string(parent.AppendText(nil)); is != (want != "") || is && got != want {
			t.Errorf("%q is read as %s (%v), want %q", text, got, is, want)
		}
		if is != parent.Valid() {
			t.Errorf("%q: valid is %v", text, parent.Valid())
		}
	}
}

// FuzzParseTraceParent holds what is read against OpenTelemetry's own reader. It refuses what has flags that nobody knows and
// versions that nobody wrote yet; Trace Context has both read.
func FuzzParseTraceParent(f *testing.F) {
	f.Add(someParent)
	f.Add(otherParent)
	f.Add("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x")
	f.Fuzz(func(t *testing.T, text string) {
		parent, is := ParseTraceParent(text)
		theirs := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(t.Context(),
			propagation.MapCarrier{"traceparent": text}))
		if !theirs.IsValid() {
			if again := string(parent.AppendText(nil)); is && again == text {
				t.Errorf("%q is taken for one", text)
			}
			return
		}
		traceID, spanID := theirs.TraceID(), theirs.SpanID()
		want := append(append(traceID[:], spanID[:]...), byte(theirs.TraceFlags()))
		if !is || !slices.Equal(parent[:], want) {
			t.Errorf("%q is read as %x, by OpenTelemetry as %x", text, parent, want)
		}
	})
}

func TestTraceOf(t *testing.T) {
	h := func(name, value string) Header { return Header{Key: name, Value: []byte(value)} }
	long := strings.Repeat("x", TraceStateMaxBytes-2)
	for name, c := range map[string]struct {
		headers []Header
		want    string
	}{
		"none":                         {nil, ""},
		"others":                       {[]Header{h("Traceparent", someParent), h("b3", "1")}, ""},
		"alone":                        {[]Header{h("traceparent", someParent)}, someParent},
		"with a state":                 {[]Header{h("tracestate", "a=b,c=d"), h("traceparent", someParent)}, someParent + " a=b,c=d"},
		"the last counts":              {[]Header{h("traceparent", otherParent), h("traceparent", someParent)}, someParent},
		"a state alone":                {[]Header{h("tracestate", "a=b")}, ""},
		"the event's":                  {[]Header{h("ce_traceparent", someParent), h("ce_tracestate", "a=b")}, someParent + " a=b"},
		"the hop's before the event's": {[]Header{h("ce_traceparent", otherParent), h("ce_tracestate", "a=b"), h("traceparent", someParent)}, someParent},
		"the event's, since the hop's cannot be read": {
			[]Header{h("traceparent", "nonsense"), h("tracestate", "a=b"), h("ce_traceparent", someParent)}, someParent},
		"the longest state":          {[]Header{h("traceparent", someParent), h("tracestate", "a="+long)}, someParent + " a=" + long},
		"a state that is too long":   {[]Header{h("traceparent", someParent), h("tracestate", "ab="+long)}, someParent},
		"a state that is no text":    {[]Header{h("traceparent", someParent), h("tracestate", "a=\n")}, someParent},
		"a state that is not ASCII":  {[]Header{h("traceparent", someParent), h("tracestate", "a=ä")}, someParent},
		"an empty one, and no state": {[]Header{h("traceparent", ""), h("tracestate", "")}, ""},
	} {
		got := TraceOf(c.headers)
		text := ""
		if got.Given() {
			text = strings.TrimSuffix(string(got.Parent.AppendText(nil))+" "+got.State, " ")
		}
		if text != c.want {
			t.Errorf("%s: got %q, want %q", name, text, c.want)
		}
		written := got.Headers()
		if again := TraceOfMap(written); again != got {
			t.Errorf("%s: written as %q it is %v", name, written, again)
		}
		if len(written) > 0 != (c.want != "") {
			t.Errorf("%s: written as %q", name, slices.Collect(maps.Keys(written)))
		}
	}
}

// TestTheEventsTrace: headers go before the envelope, and whatever stands in either makes no event wrong.
func TestTheEventsTrace(t *testing.T) {
	attributes := func(more string) string { return strings.Replace(createdWith(""), "{", "{"+more, 1) }
	parent := func(text string) []Header { return []Header{{"traceparent", []byte(text)}} }
	for name, c := range map[string]struct {
		value   string
		headers []Header
		want    string
		state   string
	}{
		"none":                      {createdWith(""), nil, "", ""},
		"structured":                {attributes(`"traceparent":"` + someParent + `","tracestate":"a=b",`), nil, someParent, "a=b"},
		"escaped":                   {attributes(`"traceparent":"\u0030` + someParent[1:] + `",`), nil, someParent, ""},
		"headers first":             {attributes(`"traceparent":"` + otherParent + `","tracestate":"a=b",`), parent(someParent), someParent, ""},
		"headers that are nonsense": {attributes(`"traceparent":"` + someParent + `",`), parent("x"), someParent, ""},
		"empty":                     {attributes(`"traceparent":"","tracestate":"",`), nil, "", ""},
		"no text":                   {attributes(`"traceparent":{"a":[1]},"tracestate":7,`), nil, "", ""},
		"null":                      {attributes(`"traceparent":null,`), nil, "", ""},
		"binary":                    {smallest(""), binaryHeaders(Header{"ce_traceparent", []byte(someParent)}), someParent, ""},
		"in data":                   {createdWith(`"traceparent":"` + someParent + `",`), nil, "", ""},
	} {
		event, refusal := DecodeCampaignEvent([]byte("c-1"), []byte(c.value), c.headers)
		if refusal != nil {
			t.Errorf("%s: refused: %+v", name, *refusal)
		}
		if want := traceContext(c.want, c.state); event.Trace != want || want.Given() != (c.want != "") {
			t.Errorf("%s: the trace is %+v, want %+v", name, event.Trace, want)
		}
		bare, _ := DecodeCampaignEvent([]byte("c-1"), []byte(createdWith("")), nil)
		if name != "in data" && event.ContentHash != bare.ContentHash {
			t.Errorf("%s: the trace plays a part in the hash", name)
		}
	}
}

// TestRefusalsKeepTheTrace, as far as it was read by then, and nothing else.
func TestRefusalsKeepTheTrace(t *testing.T) {
	headers := []Header{{"traceparent", []byte(someParent)}}
	for _, c := range refusals() {
		event, refusal := DecodeCampaignEvent([]byte(c.key), []byte(c.value), append(headers, c.headers...))
		if want := (CampaignEvent{Trace: TraceOf(headers)}); refusal == nil || refusal.Reason != c.reason || event != want {
			t.Errorf("%s: refused as %+v beside %+v", c.name, refusal, event)
		}
	}
	of := func(kind, data string) string {
		return `{"traceparent":"` + someParent + `","specversion":"1.0","id":"e-1","source":"s","type":"` + kind + `","data":` + data + `}`
	}
	for name, value := range map[string]string{
		"type": of("x", "{}"), "data": strings.Replace(of("campaign.created", "1"), `,"data":1`, "", 1),
		"schema": of("campaign.paused", "{}"), "envelope": strings.Replace(of("x", "{}"), "1.0", "0.3", 1),
	} {
		if event, refusal := DecodeCampaignEvent([]byte("c-1"), []byte(value), nil); refusal == nil || event.Trace != TraceOf(headers) {
			t.Errorf("%s: refused as %+v beside %+v", name, refusal, event)
		}
	}
}

// TestTheLoopCarriesTheTrace: what is refused, or accepted, in its own partition is in the same trace.
func TestTheLoopCarriesTheTrace(t *testing.T) {
	record := &Record{Topic: "t", Key: []byte("c-1"), Value: []byte(createdWith("")), Headers: []Header{
		{"traceparent", []byte(someParent)}, {"tracestate", []byte("a=b")},
	}}
	data, err := LoopCodec{}.Encode(record)
	if err != nil {
		t.Fatal(err)
	}
	carried, err := LoopCodec{}.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := TraceOf(carried.(*Record).Headers), TraceOf(record.Headers); got != want || !want.Given() {
		t.Errorf("the trace has become %+v, it was %+v", got, want)
	}
}
