package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/collectortest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/topics"
)

// asProgram, in the environment, has this binary be campaignd.
const asProgram = "TEST_AS_CAMPAIGND"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	main()
}

// tracesDeadline bounds every wait; reaching it is a failure.
const tracesDeadline = 3 * time.Minute

// published is the context of whoever publishes the events of these tests.
const (
	publishedIn = "0af7651916cd43dd8448eb211c80319c"
	publishedBy = "b7ad6b7169203331"
)

// lived runs campaignd in an environment until a campaign that began in the past has started, and ends it. It returns the
// traceparent of what was applied, by transition.
func lived(t *testing.T, env ...string) map[string]string {
	t.Helper()
	address, _ := broker(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := proctest.Start(t, proctest.Command{
		Path: self, Env: append([]string{asProgram + "=1", "OTEL_TRACES_EXPORTER=", "OTEL_TRACES_SAMPLER="}, env...), Name: "campaignd",
		Args: []string{"run", "--brokers", address, "--partitions", "2", "--http-listen", "127.0.0.1:0", "--instance-id", "engine-1",
			"--processors", strings.Join([]string{topics.Timers, topics.Lifecycle, topics.Budgets}, ",")},
	})
	ctx, cancel := context.WithTimeout(t.Context(), tracesDeadline)
	defer cancel()
	ctx, stop := p.Context(ctx)
	defer stop()
	err = proctest.Await(ctx, func(context.Context) error {
		if !strings.Contains(p.Stderr(), `"message":"ready"`) {
			return fmt.Errorf("it is not ready")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.ConsumeTopics(string(topics.TransitionsApplied)),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	day := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	event := &kgo.Record{Topic: string(topics.CampaignEvents), Key: []byte("c-1"), Value: fmt.Appendf(nil,
		`{"specversion":"1.0","id":"e","source":"s","type":"campaign.created","data":{"campaign_id":"c-1","revision":1,"advertiser_id":"a-1",`+
			`"starts_at":%q,"ends_at":"2999-12-01T18:00:00Z","time_zone":"UTC","budget":{"amount":"1.00","currency":"USD"}}}`, day),
		Headers: []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-" + publishedIn + "-" + publishedBy + "-01")}}}
	if err := client.ProduceSync(ctx, event).FirstErr(); err != nil {
		t.Fatal(err)
	}
	applied := map[string]string{}
	for applied["start"] == "" {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			_, transition, _ := strings.Cut(string(r.Value), `"transition":"`)
			transition, _, _ = strings.Cut(transition, `"`)
			for _, header := range r.Headers {
				applied[transition] += header.Key + "=" + string(header.Value)
			}
		})
	}
	awaitAccounts(ctx, t, client)
	if err := p.Terminate(); err != nil {
		t.Fatal(err)
	}
	if code, err := p.Wait(tracesDeadline); err != nil || code != exitClean {
		t.Errorf("it ends with %d (%v)\n%s", code, err, p.Report())
	}
	return applied
}

// awaitAccounts waits until the accounts have read all that was applied.
func awaitAccounts(ctx context.Context, t *testing.T, client *kgo.Client) {
	t.Helper()
	group, _ := topics.GroupNamed(topics.Budgets)
	err := proctest.Await(ctx, func(ctx context.Context) error {
		lags, err := kadm.NewClient(client).Lag(ctx, group.ID())
		if err == nil {
			err = lags.Error()
		}
		if lag := lags[group.ID()].Lag.Total(); err == nil && lag > 0 {
			err = fmt.Errorf("%d offsets are to be read", lag)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAProcessSendsItsTraces: a collector gets the chain from the event to each transition that was applied, at the latest
// when the process ends; nothing is due before, since no batch is full.
func TestAProcessSendsItsTraces(t *testing.T) {
	collector := collectortest.HTTP(t)
	applied := lived(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.Endpoint, "OTEL_SERVICE_NAME=engine", "OTEL_BSP_SCHEDULE_DELAY=3600000")
	by := map[string]collectortest.Span{}
	for _, span := range collector.Spans() {
		by[fmt.Sprintf("%x", span.GetSpanId())] = span
		if trace := fmt.Sprintf("%x", span.GetTraceId()); trace != publishedIn || span.Resource["service.name"] != "engine" {
			t.Errorf("%s is in trace %s, of %v", span.GetName(), trace, span.Resource)
		}
	}
	if want := 1 + 3*3; len(by) != want { // the event; schedule, distribute and start, due, applied and taken into the account
		t.Errorf("the collector got %d spans, want %d", len(by), want)
	}
	for _, transition := range []string{"schedule", "distribute", "start"} {
		id, _ := strings.CutPrefix(applied[transition], "traceparent=00-"+publishedIn+"-")
		id, _, _ = strings.Cut(id, "-")
		for _, name := range []string{"transition applied", "transition due", "process campaign-events"} {
			span, is := by[id]
			if !is || span.GetName() != name {
				t.Fatalf("%s (%s): span %s is %q, want %q", transition, applied[transition], id, span.GetName(), name)
			}
			if got := span.Attributes()["campaign.transition_id"]; strings.HasPrefix(name, "transition") && got != "c-1/1/"+transition {
				t.Errorf("%s: %s is of %q", transition, name, got)
			}
			id = fmt.Sprintf("%x", span.GetParentSpanId())
		}
		if id != publishedBy {
			t.Errorf("%s: the first span's parent is %s, want %s", transition, id, publishedBy)
		}
	}
	noted := 0
	for _, span := range by {
		if span.GetName() != "process transitions-applied" {
			continue
		}
		noted++
		if parent := by[fmt.Sprintf("%x", span.GetParentSpanId())]; parent.GetName() != "transition applied" ||
			span.Attributes()["campaign.outcome"] != processors.Noted {
			t.Errorf("the child of %q became %q", parent.GetName(), span.Attributes()["campaign.outcome"])
		}
	}
	if noted != 3 {
		t.Errorf("%d transitions were taken into the account, want 3", noted)
	}
}

// TestAProcessWithoutACollector: it passes contexts on as they came, and sends nothing.
func TestAProcessWithoutACollector(t *testing.T) {
	collector := collectortest.HTTP(t)
	for transition, headers := range lived(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.Endpoint, "OTEL_SDK_DISABLED=true") {
		if headers != "traceparent=00-"+publishedIn+"-"+publishedBy+"-01" {
			t.Errorf("%s was applied with the headers %q", transition, headers)
		}
	}
	if got := len(collector.Headers()); got > 0 {
		t.Errorf("it has sent %d requests", got)
	}
}

// TestAProcessWithASilentCollector goes on, and ends.
func TestAProcessWithASilentCollector(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0") // the kernel accepts; nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if applied := lived(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+listener.Addr().String(), "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1"); len(applied) < 2 {
		t.Errorf("applied is %v", applied)
	}
}
