package processors_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// The traces of the tests: what campaign services were doing when they published.
const (
	defining = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	pausing  = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
)

func at(text string) instant.Instant {
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return instant.Of(parsed)
}

func header(name, value string) topics.Header { return topics.Header{Key: name, Value: []byte(value)} }

func headerOf(r topics.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// traced is a deployment whose spans are recorded.
type traced struct {
	*brokerDeployment
	spans *tracetest.SpanRecorder
}

func newTraced(t *testing.T, options ...sdktrace.TracerProviderOption) traced {
	t.Helper()
	d := traced{
		newBroker(t, setup{partitions: 4, now: at("2026-11-30T00:00:00Z"), settings: processors.Settings{DistributionLead: 3_600_000}}),
		tracetest.NewSpanRecorder(),
	}
	d.tracer = sdktrace.NewTracerProvider(append(options, sdktrace.WithSpanProcessor(d.spans))...).Tracer("test")
	return d
}

// send publishes records where their keys belong.
func (d traced) send(records ...topics.Record) {
	d.t.Helper()
	for i := range records {
		records[i].Partition = byKey
	}
	d.publish(records)
}

// life has a campaign defined, its engine replaced, its start fired, itself paused, and its end fired. The definition lies
// in a foreign partition, in binary mode; the pause is in structured mode.
func (d traced) life(more ...topics.Header) {
	d.t.Helper()
	defined := definedAs("c-1", 1)
	defined.Headers = append([]topics.Header{
		header("ce_specversion", "1.0"), header("ce_id", "e-1"), header("ce_source", "s"), header("ce_type", "campaign.created"),
		header("ce_traceparent", pausing), header("traceparent", defining),
	}, more...)
	_, data, _ := strings.Cut(string(defined.Value), `"data":`)
	defined.Value = []byte(strings.TrimSuffix(data, "}"))
	defined.Partition = (topics.PartitionOf(defined.Key, d.setup.partitions) + 1) % d.setup.partitions
	paused := recordedEvent("c-1", "campaign.paused", `{"campaign_id":"c-1","revision":2,"reason":"r"}`)
	paused.Value = []byte(strings.Replace(string(paused.Value), `{`, `{"traceparent":"`+pausing+`",`, 1))

	d.start(d.setup.settings)
	d.publish([]topics.Record{defined})
	d.settle()
	d.stop()
	d.start(d.setup.settings)
	d.drive(at("2026-12-01T10:00:00Z"))
	d.settle()
	d.send(paused)
	d.settle()
	d.drive(at("2026-12-02T00:00:00Z"))
	d.settle()
	d.stop()
}

// TestATraceGoesFromTheEventToItsTransitions, across a restart, through the loop, and with each revision another one. Each
// hop is a span and the child of the one before; what is in the headers is the spans'.
func TestATraceGoesFromTheEventToItsTransitions(t *testing.T) {
	d := newTraced(t)
	d.life(header("tracestate", "congo=t61rcWkgMzE"))
	ended := map[string]sdktrace.ReadOnlySpan{}
	for _, span := range d.spans.Ended() {
		ended[span.SpanContext().SpanID().String()] = span
	}
	// chain tells of a header how it came to be: the names of the spans, from the last to the first.
	chain := func(r topics.Record) string {
		parts := strings.Split(headerOf(r, "traceparent"), "-")
		var names []string
		for id := parts[2]; ; {
			span, is := ended[id]
			if !is {
				return strings.Join(append(names, strings.Join([]string{"00", parts[1], id, "01"}, "-")), " < ")
			}
			if span.SpanContext().TraceID().String() != parts[1] {
				t.Errorf("%s: span %s is in trace %s, its header in %s", r.Value, span.Name(), span.SpanContext().TraceID(), parts[1])
			}
			names = append(names, span.Name())
			id = span.Parent().SpanID().String()
		}
	}
	want := map[topics.Name][]string{}
	for _, event := range []string{defining, defining, defining, pausing, pausing, pausing} {
		due := "transition due < process campaign-events < " + event
		want[topics.TransitionsDue] = append(want[topics.TransitionsDue], due)
		want[topics.TransitionsApplied] = append(want[topics.TransitionsApplied], "transition applied < "+due)
	}
	for topic, chains := range want {
		var got []string
		for _, record := range d.stored(topic) {
			got = append(got, chain(record))
		}
		if !slices.Equal(got, chains) {
			t.Errorf("%s: the traces are\n%s\nwant\n%s", topic, strings.Join(got, "\n"), strings.Join(chains, "\n"))
		}
	}
	accounts := 0 // what was applied is read by the accounts, whose spans no header leads on from
	for _, span := range ended {
		if parent, is := ended[span.Parent().SpanID().String()]; is && span.Name() == "process transitions-applied" {
			if parent.Name() != "transition applied" {
				t.Errorf("%s is the child of %s", span.Name(), parent.Name())
			}
			accounts++
		}
	}
	if len(ended) != 2+6+6+6 || accounts != 6 || len(d.spans.Started()) != len(d.spans.Ended()) {
		t.Errorf("of %d spans %d have ended, want 20; %d are of the accounts", len(d.spans.Started()), len(ended), accounts)
	}
	if schedule := d.stored(topics.TransitionsApplied)[0]; headerOf(schedule, "tracestate") != "congo=t61rcWkgMzE" {
		t.Errorf("the tracestate has become %q", headerOf(schedule, "tracestate"))
	}
}

// TestSpansTell what an operator searches for.
func TestSpansTell(t *testing.T) {
	d := newTraced(t)
	d.life()
	var start []string
	const read = "messaging.system=kafka messaging.operation.type=process messaging.operation.name=process messaging.consumer.group.name="
	const key = " messaging.kafka.message.key=c-1"
	noted := 0
	for _, span := range d.spans.Ended() {
		told := []string{span.Name(), span.SpanKind().String()}
		for _, a := range span.Attributes() {
			told = append(told, string(a.Key)+"="+a.Value.String())
		}
		line := strings.Join(told, " ")
		if strings.HasSuffix(line, key+" campaign.outcome=noted") && strings.Contains(line, read+"campaign-engine-budgets") {
			noted++
		} else if strings.Contains(line, "transition=start") || strings.Contains(line, "outcome") {
			start = append(start, line)
		}
	}
	if noted != 6 {
		t.Errorf("%d spans tell what the accounts made of 6 transitions", noted)
	}
	partition := topics.PartitionOf([]byte("c-1"), 4)
	from := func(topic string, partition int32, offset int) string {
		return fmt.Sprintf(" messaging.destination.name=%s messaging.destination.partition.id=%d messaging.kafka.offset=%d", topic, partition, offset)
	}
	transition := "campaign.id=c-1 campaign.revision=1 campaign.transition=start campaign.transition_id=c-1/1/start campaign.lateness_ms=0 "
	want := []string{
		"process campaign-events consumer " + read + "campaign-engine-timers" + from("campaign-events", (partition+1)%4, 0) + key +
			" campaign.outcome=accepted",
		"transition due producer " + transition +
			"messaging.system=kafka messaging.operation.type=send messaging.operation.name=send messaging.destination.name=transitions-due" + key,
		"transition applied consumer " + transition + read + "campaign-engine-lifecycle" + from("transitions-due", partition, 3) + key +
			" campaign.status=ACTIVE",
		"process campaign-events consumer " + read + "campaign-engine-timers" + from("campaign-events", partition, 0) + key +
			" campaign.outcome=accepted",
	}
	slices.Sort(start) // whose span ends first is up to the two engines: the other one may read what was committed before it is told
	slices.Sort(want)
	if !slices.Equal(start, want) {
		t.Errorf("they tell\n%s\nwant\n%s", strings.Join(start, "\n"), strings.Join(want, "\n"))
	}
}

// TestContextsArePassedOnWithoutATracer: as they came, and none is made up.
func TestContextsArePassedOnWithoutATracer(t *testing.T) {
	d := newTraced(t)
	d.tracer = nil
	d.life(header("tracestate", "congo=t61rcWkgMzE"))
	d.checkPassedOn([]string{defining + " congo=t61rcWkgMzE", defining + " ", defining + " ", pausing + " ", pausing + " ", pausing + " "})
	if len(d.spans.Started()) > 0 {
		t.Errorf("%d spans were made", len(d.spans.Started()))
	}
}

// checkPassedOn compares the headers of the dues and of what was applied.
func (d traced) checkPassedOn(want []string) {
	d.t.Helper()
	for _, topic := range []topics.Name{topics.TransitionsDue, topics.TransitionsApplied} {
		var got []string
		for _, record := range d.stored(topic) {
			got = append(got, headerOf(record, "traceparent")+" "+headerOf(record, "tracestate"))
		}
		if !slices.Equal(got, want) {
			d.t.Errorf("%s has the headers\n%q\nwant\n%q", topic, got, want)
		}
	}
}

// TestNoContextIsMadeUpWithoutATracer: nor does one that cannot be read do harm.
func TestNoContextIsMadeUpWithoutATracer(t *testing.T) {
	for name, headers := range map[string][]topics.Header{
		"none":       nil,
		"unreadable": {header("traceparent", "00-nonsense"), header("tracestate", "a=b"), header("ce_traceparent", "")},
	} {
		t.Run(name, func(t *testing.T) {
			d := newTraced(t)
			d.tracer = nil
			d.start(d.setup.settings)
			defined := definedAs("c-1", 1)
			defined.Headers = headers
			d.send(defined)
			d.settle()
			plain := len(d.rows(topics.CampaignEngineTimersTable)["c-1"])
			d.drive(at("2026-12-02T00:00:00Z"))
			d.settle()
			for _, topic := range []topics.Name{topics.TransitionsDue, topics.TransitionsApplied} {
				for _, record := range d.stored(topic) {
					if len(record.Headers) > 0 {
						t.Errorf("%s has the headers %q", record.Value, record.Headers)
					}
				}
			}
			if plain > 100 {
				t.Errorf("its row has %d bytes", plain)
			}
		})
	}
}

// TestWhatIsNotSampledIsPassedOn: with the context that came, or with one that says so to all that is behind.
func TestWhatIsNotSampledIsPassedOn(t *testing.T) {
	d := newTraced(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	d.life()
	d.checkPassedOn([]string{defining + " ", defining + " ", defining + " ", pausing + " ", pausing + " ", pausing + " "})

	d = newTraced(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	d.start(d.setup.settings)
	d.send(definedAs("c-1", 1))
	for _, now := range []string{"2026-11-30T00:00:01Z", "2026-12-01T10:00:00Z", "2026-12-02T00:00:00Z"} {
		d.settle()
		d.drive(at(now))
	}
	d.settle()
	first := headerOf(d.stored(topics.TransitionsDue)[0], "traceparent")
	if !strings.HasSuffix(first, "-00") {
		t.Errorf("the first due is in %q", first)
	}
	d.checkPassedOn(slices.Repeat([]string{first + " "}, 5))
}

// TestRefusalsAreInTheTrace: in the headers of dead-letters, and as errors.
func TestRefusalsAreInTheTrace(t *testing.T) {
	d := newTraced(t)
	d.start(d.setup.settings)
	envelope := recordedEvent("c-1", "campaign.closed", `{"campaign_id":"c-1"}`) // unknown-type, once the envelope is read
	envelope.Value = []byte(strings.Replace(string(envelope.Value), `{`, `{"traceparent":"`+pausing+`",`, 1))
	broken := topics.Record{Topic: string(topics.CampaignEvents), Key: []byte("c-2"), Value: []byte("{")}
	broken.Headers = []topics.Header{header("traceparent", defining)}
	unknown := recordedEvent("c-3", "campaign.paused", `{"campaign_id":"c-3","revision":2,"reason":"r"}`)
	unknown.Headers = broken.Headers
	due := topics.Record{Topic: string(topics.TransitionsDue), Key: []byte("c-4"), Value: []byte("[]"), Headers: broken.Headers}
	d.send(envelope, broken, unknown)
	d.settle()
	d.halt(topics.Timers)
	d.send(due)
	d.settle()
	d.stop()
	wrong := map[string]string{} // by span id
	for _, span := range d.spans.Ended() {
		if span.Status().Code == codes.Error {
			wrong[span.SpanContext().SpanID().String()] = span.Name() + ": " + span.Status().Description
		}
	}
	got := map[string]string{}
	for _, letter := range d.stored(topics.DeadLetters) {
		parts := strings.Split(headerOf(letter, "traceparent"), "-")
		got[string(letter.Key)] = parts[1] + " " + wrong[parts[2]]
	}
	traceOf := func(parent string) string { return strings.Split(parent, "-")[1] }
	for key, want := range map[string]string{
		"c-1": traceOf(pausing) + " process campaign-events: unknown-type: type",
		"c-2": traceOf(defining) + " process campaign-events: malformed: value",
		"c-3": traceOf(defining) + " process campaign-events: unknown-campaign: data.campaign_id",
		"c-4": traceOf(defining) + " process transitions-due: malformed: value",
	} {
		if !strings.HasPrefix(got[key], want) {
			t.Errorf("the dead letter of %s is in %q, want %q", key, got[key], want)
		}
	}
}

// TestWhatIsRejectedOrRepeatedIsInTheTrace, too.
func TestWhatIsRejectedOrRepeatedIsInTheTrace(t *testing.T) {
	d := newTraced(t)
	d.start(d.setup.settings)
	resumed := recordedEvent("c-1", "campaign.resumed", `{"campaign_id":"c-1","revision":2,"reason":"r"}`)
	resumed.Headers = []topics.Header{header("traceparent", defining)}
	d.send(definedAs("c-1", 1), resumed, resumed, definedAs("c-1", 1))
	d.settle()
	d.halt(topics.Timers)
	d.send(d.stored(topics.TransitionsDue)[:1]...) // at another offset: it is superseded
	d.settle()
	d.losePositions(topics.Lifecycle)
	d.begin(topics.Lifecycle)
	d.awaitDuesTaken(2 * 3)
	d.stop()
	told := map[string]int{}
	for _, span := range d.spans.Ended() {
		name := span.Name()
		for _, a := range span.Attributes() {
			if a.Key == "campaign.outcome" || a.Key == "campaign.rejection_reason" {
				name += " " + a.Value.AsString()
			}
		}
		told[name]++
	}
	for name, want := range map[string]int{
		"process campaign-events accepted": 2, "process campaign-events duplicate": 1, "process campaign-events stale": 1,
		"transition applied": 1, "transition rejected not-paused": 1, "transition rejected superseded": 1,
		"process transitions-due duplicate": 3,
	} {
		if told[name] != want {
			t.Errorf("%d spans are %q, want %d; all are %v", told[name], name, want, told)
		}
	}
	rejected := d.stored(topics.TransitionsRejected)
	if len(rejected) == 0 || !strings.Contains(headerOf(rejected[0], "traceparent"), strings.Split(defining, "-")[1]) {
		t.Errorf("rejected is %v", rejected)
	}
}

// TestAnAbortedAttemptHasNoSpan: what is shown as done was committed, once.
func TestAnAbortedAttemptHasNoSpan(t *testing.T) {
	d := newTraced(t)
	d.faulty = true
	group, _ := topics.GroupNamed(topics.Timers)
	struck := d.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Group: group.ID(), Err: kerr.IllegalGeneration})
	defined := definedAs("c-1", 1)
	defined.Headers = []topics.Header{header("traceparent", defining)}
	d.send(defined)
	d.begin(topics.Timers)
	d.ready()
	d.settle()
	if err := struck.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	d.stop()
	dues := d.stored(topics.TransitionsDue)
	if len(dues) != 1 || len(d.spans.Ended()) != 2 || len(d.spans.Started()) <= 2 {
		t.Fatalf("of %d spans %d have ended; %d dues were committed", len(d.spans.Started()), len(d.spans.Ended()), len(dues))
	}
	for _, span := range d.spans.Ended() {
		if span.Name() == "transition due" && !strings.Contains(headerOf(dues[0], "traceparent"), span.SpanContext().SpanID().String()) {
			t.Errorf("the due is in %s, its span is %s", headerOf(dues[0], "traceparent"), span.SpanContext().SpanID())
		}
	}
}

// TestTracesChangeNoValue: what is written is the same with spans, without, and without a context.
func TestTracesChangeNoValue(t *testing.T) {
	var told []map[place][]string
	for _, with := range []struct{ tracer, context bool }{{true, true}, {false, true}, {false, false}} {
		d := newTraced(t)
		if !with.tracer {
			d.tracer = nil
		}
		records := []topics.Record{definedAs("c-1", 1), recordedEvent("c-1", "campaign.paused", `{"campaign_id":"c-1","revision":2,"reason":"r"}`)}
		for i := range records {
			records[i].Partition, records[i].Timestamp = byKey, schemas.Instant(d.setup.now)
			if with.context {
				records[i].Headers = []topics.Header{header("traceparent", defining)}
			}
		}
		told = append(told, d.live([]move{{publish: records}, {drive: at("2026-12-02T00:00:00Z")}}))
		d.stop()
	}
	same(t, told[0], told[1])
	same(t, told[0], told[2])
}
