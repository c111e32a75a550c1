package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// patience bounds waits that end by themselves when all is well.
const patience = 3 * time.Minute

// running is a campaignd of this test on its embedded broker.
type running struct {
	t             *testing.T
	ctx           context.Context
	http, brokers string
}

// noDatabase is an address where none is: make test starts no local Postgres.
const noDatabase = "postgres://nobody@127.0.0.1:1/none"

// start runs campaignd run until the test ends, with tables that wait for a database.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	at := func() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(proctest.Port(t))) }
	r := &running{t: t, http: at(), brokers: at()}
	command := &runCommand{}
	parser, err := kong.New(command, kong.Vars{"processors": config.ProcessorNames()})
	if err != nil {
		t.Fatal(err)
	}
	args = append(args, "--data-dir", proctest.Folder(t, "data"), "--http-listen", r.http, "--embedded-listen", r.brokers,
		"--database-url", noDatabase, "--instance-id", "engine-1", "--partitions", "2", "--log-level", "error")
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	var cancelWait context.CancelFunc
	r.ctx, cancelWait = context.WithTimeout(context.Background(), patience)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- command.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("campaignd run ends with %v", err)
		}
		cancelWait()
	})
	return r
}

// get asks for a path.
func (r *running) get(path string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(r.ctx, http.MethodGet, "http://"+r.http+path, nil)
	if err != nil {
		return 0, "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// await asks for a path until its answer is as wanted: nil.
func (r *running) await(path string, wanted func(status int, body string) error) {
	r.t.Helper()
	err := proctest.Await(r.ctx, func(context.Context) error {
		status, body, err := r.get(path)
		if err != nil {
			return err
		}
		return wanted(status, body)
	})
	if err != nil {
		r.t.Fatalf("waiting for %s: %v", path, err)
	}
}

// publish puts events into campaign-events, as campaign services do.
func (r *running) publish(values ...string) {
	r.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(r.brokers))
	if err != nil {
		r.t.Fatal(err)
	}
	defer client.Close()
	for i, value := range values {
		key := fmt.Sprintf("c-%d", i)
		record := &kgo.Record{
			Topic: string(topics.CampaignEvents), Key: []byte(key), Value: []byte(strings.ReplaceAll(value, "CAMPAIGN", key)),
		}
		if err := client.ProduceSync(r.ctx, record).FirstErr(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// event is an event about the campaign CAMPAIGN; more is what its data holds beside id and revision.
func event(kind string, revision int, more string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"e-%[2]d","source":"test","type":"campaign.%[1]s",`+
		`"data":{"campaign_id":"CAMPAIGN","revision":%[2]d,%[3]s}}`, kind, revision, more)
}

// between is a campaign's definition.
func between(starts, ends time.Time) string {
	return fmt.Sprintf(`"advertiser_id":"a","starts_at":%q,"ends_at":%q,"time_zone":"UTC","budget":{"amount":"1.00","currency":"EUR"}`,
		starts.Format(time.RFC3339), ends.Format(time.RFC3339))
}

// page is a metrics page as Prometheus reads it.
type page map[string]*dto.MetricFamily

func parsePage(t *testing.T, body string) page {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatalf("the page is not what Prometheus reads: %v", err)
	}
	return families
}

// sum adds up a metric's series that have these labels: "name=value". Of a histogram it is how often something was observed.
func (p page) sum(name string, labels ...string) (sum float64) {
	for _, metric := range p[name].GetMetric() {
		has := map[string]bool{}
		for _, label := range metric.GetLabel() {
			has[label.GetName()+"="+label.GetValue()] = true
		}
		all := true
		for _, label := range labels {
			all = all && has[label]
		}
		if all {
			sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// TestAMetricsPage lets Prometheus's own parser and linter read the page of an engine at work, and compares what it says with
// what was done. That there is no database keeps it from nothing but its tables, and shows.
func TestAMetricsPage(t *testing.T) {
	r := start(t)
	r.await("/readyz", func(status int, body string) error {
		if status != http.StatusOK {
			return fmt.Errorf("status %d: %s", status, body)
		}
		return nil
	})
	if code := realMain([]string{"ready", "--http-listen", r.http}); code != exitClean {
		t.Errorf("campaignd ready ends with %d", code)
	}
	now := time.Now()
	created := event("created", 1, between(now.Add(-time.Hour), now.Add(24*time.Hour)))
	later := event("created", 1, between(now.Add(time.Hour), now.Add(24*time.Hour)))
	r.publish(created, later, "{")
	r.publish(created)
	var text string
	committed := -1.0 // by the page before: a commit in this moment is counted on it, and not yet measured, or the other way round
	r.await("/metrics", func(_ int, body string) error {
		text = body
		p := parsePage(t, body)
		before := committed
		committed = p.sum("campaign_engine_transactions_total", "end=committed")
		if done := p.sum("campaign_engine_records_total", "outcome=applied"); done < 5 {
			return fmt.Errorf("%v transitions are applied", done)
		}
		if done := p.sum("campaign_engine_records_total", "outcome=duplicate"); done < 1 {
			return fmt.Errorf("%v duplicates are counted", done)
		}
		if done := p.sum("campaign_engine_records_total", "outcome=noted"); done < 5 {
			return fmt.Errorf("%v transitions are taken into accounts", done)
		}
		if lag := p.sum("campaign_engine_input_lag_offsets"); lag > 0 {
			return fmt.Errorf("%v offsets are to be read", lag)
		}
		if behind := p.sum("campaign_engine_partitions_catching_up"); behind > 0 {
			return fmt.Errorf("%v partitions are behind", behind)
		}
		if committed != before {
			return fmt.Errorf("%v transactions are committed, and %v were a moment ago", committed, before)
		}
		return nil
	})
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	checkPage(t, parsePage(t, text), now.Add(time.Hour).Truncate(time.Second))
}

// checkPage compares the page with: two campaigns scheduled and distributed, one of them started, one duplicate, one record
// refused; next is when the other starts.
func checkPage(t *testing.T, p page, next time.Time) {
	t.Helper()
	for _, c := range []struct {
		want   float64
		name   string
		labels []string
	}{
		{2, "campaign_engine_transition_lateness_seconds", []string{"processor=timers", "transition=schedule"}},
		{1, "campaign_engine_transition_lateness_seconds", []string{"processor=timers", "transition=start"}},
		{1, "campaign_engine_transition_lateness_seconds", []string{"processor=lifecycle", "transition=start"}},
		{10, "campaign_engine_transition_lateness_seconds", nil},
		{5, "campaign_engine_records_total", []string{"outcome=due"}},
		{2, "campaign_engine_records_total", []string{"outcome=accepted"}},
		{1, "campaign_engine_refused_total", nil},
		{1, "campaign_engine_refused_total", []string{"processor=timers", "reason=malformed"}},
		{16, "campaign_engine_partitions", nil},
		{0, "campaign_engine_partitions_catching_up", nil},
		{8, "campaign_engine_ready", nil},
		{1, "campaign_engine_projections_waiting", nil},
		{1, "campaign_engine_mailer_waiting", nil},
		{0, "campaign_engine_mail_server_waiting", nil},
		{0, "campaign_engine_mails_total", nil},
		{0, "campaign_engine_projection_rows_total", nil},
		{5, "campaign_engine_records_total", []string{"processor=budgets"}},
		{0, "campaign_engine_lock_lateness_seconds", []string{"processor=budgets"}},
		{0, "campaign_engine_clock_held", nil},
		{2, "campaign_engine_timers_pending", []string{"processor=timers"}},
		{2, "campaign_engine_timers_pending", nil},
		{0, "campaign_engine_timers_overdue", nil},
		{0, "campaign_engine_timers_overdue_oldest_seconds", nil},
		{float64(next.Unix()), "campaign_engine_timers_next_due_timestamp_seconds", nil},
		{14, "campaign_engine_takeover_duration_seconds", nil},
		{p.sum("campaign_engine_transactions_total", "end=committed"), "campaign_engine_commit_duration_seconds", nil},
		{p.sum("campaign_engine_transactions_total", "end=committed"), "campaign_engine_transaction_duration_seconds", nil},
		{0, "campaign_engine_transactions_total", []string{"end=aborted"}},
	} {
		if _, there := p[c.name]; !there {
			t.Errorf("there is no %s", c.name)
		}
		if got := p.sum(c.name, c.labels...); got != c.want {
			t.Errorf("%s%v is %v, want %v", c.name, c.labels, got, c.want)
		}
	}
	inputs := len(p["campaign_engine_input_lag_offsets"].GetMetric())
	want := 0
	for _, group := range topics.Transacted() {
		if group.PerStore { // it has seen no end of what was never written to
			continue
		}
		want += 2 * len(group.Inputs)
		if group.Loop != "" {
			want += 2
		}
	}
	if inputs != want {
		t.Errorf("the lag of %d partitions is told, want %d", inputs, want)
	}
}
