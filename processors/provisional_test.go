package processors_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/simulation"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// The campaign of these tests runs from ten to six.
const provisionalCampaign = "create c-1 rev=1 starts=2026-12-01T10:00:00Z ends=2026-12-01T18:00:00Z cpm=1000 contact=a@example.com"

// provisionalRun is a simulation that keeps what is written.
type provisionalRun struct {
	t       *testing.T
	runner  *simulation.Runner
	written []topics.Record
	events  int
}

func newProvisionalRun(t *testing.T, grace instant.Millis) *provisionalRun {
	t.Helper()
	r := &provisionalRun{t: t}
	runner, err := simulation.New(simulation.Config{
		Settings: processors.Settings{DistributionLead: 24 * 3_600_000, SettlementGrace: grace},
		Now:      r.instant("2026-12-01T09:00:00Z"),
		Written:  func(record topics.Record) error { r.written = append(r.written, record); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	r.runner = runner
	return r
}

func (r *provisionalRun) instant(text string) instant.Instant {
	r.t.Helper()
	var at schemas.Instant
	if err := at.UnmarshalText([]byte(text)); err != nil {
		r.t.Fatal(err)
	}
	return instant.Instant(at)
}

// publish publishes events, as a scenario writes them, at an instant.
func (r *provisionalRun) publish(at string, lines ...string) {
	r.t.Helper()
	if err := r.runner.RunUntil(r.instant(at)); err != nil {
		r.t.Fatal(err)
	}
	for _, line := range lines {
		s, err := parseStep(0, line)
		if err != nil {
			r.t.Fatal(err)
		}
		r.events++
		record, err := eventRecord(s, fmt.Sprint("e-", r.events), schemas.Instant(r.runner.Now()))
		if err != nil {
			r.t.Fatal(err)
		}
		if err := r.runner.Publish(record); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := r.runner.Fire(); err != nil {
		r.t.Fatal(err)
	}
}

// statements returns the provisional ones.
func (r *provisionalRun) statements() (all []schemas.Statement) {
	r.t.Helper()
	for _, record := range r.written {
		if topics.Name(record.Topic) != topics.ProvisionalStatements {
			continue
		}
		var s schemas.Statement
		if err := jsonv2.Unmarshal(record.Value, &s); err != nil || string(record.Key) != s.CampaignID {
			r.t.Fatalf("%s: %s, %v", record.Key, record.Value, err)
		}
		all = append(all, s)
	}
	return all
}

// TestProvisionalStatements: who is written to before the count closes is told what there is by then; for others nothing is made.
func TestProvisionalStatements(t *testing.T) {
	plays := []string{
		"play c-1 id=p-1 started=2026-12-01T10:00:00Z impressions=12 store=s-1", "play c-1 id=p-2 started=2026-12-01T11:00:00Z store=s-2",
		"play c-1 id=p-2 started=2026-12-01T11:00:00Z store=s-2", "play c-1 id=p-3 started=2026-12-01T09:00:00Z",
	}
	const ended = "2026-12-01T18:00:00Z"
	for name, c := range map[string]struct {
		grace string
		until func(r *provisionalRun)
		want  int
	}{
		"two hours":              {" grace=7200", func(r *provisionalRun) { r.publish(ended) }, 1},
		"an hour and a second":   {" grace=3601", func(r *provisionalRun) { r.publish(ended) }, 1},
		"an hour":                {" grace=3600", func(r *provisionalRun) { r.publish(ended) }, 0},
		"none":                   {"", func(r *provisionalRun) { r.publish(ended) }, 0},
		"it has not ended":       {" grace=7200", func(r *provisionalRun) { r.publish("2026-12-01T17:59:59Z", "pause c-1 rev=2") }, 0},
		"a cancel":               {" grace=7200", func(r *provisionalRun) { r.publish("2026-12-01T12:00:00Z", "cancel c-1 rev=2") }, 1},
		"a cancel, and no grace": {" grace=0", func(r *provisionalRun) { r.publish("2026-12-01T12:00:00Z", "cancel c-1 rev=2") }, 0},
		"plays lie unread":       {" grace=7200", func(r *provisionalRun) { r.runner.CatchUp(true); r.publish(ended) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newProvisionalRun(t, 0)
			r.publish("2026-12-01T09:00:00Z", provisionalCampaign+c.grace)
			r.publish("2026-12-01T12:00:00Z", plays...)
			c.until(r)
			got := r.statements()
			if len(got) != c.want || r.runner.Counts()[topics.Budgets][processors.Provisional] != c.want {
				t.Fatalf("%d were made, %d counted; want %d", len(got), r.runner.Counts()[topics.Budgets][processors.Provisional], c.want)
			}
			for _, s := range got {
				if s.StatementID != "c-1/0" || s.Version != 0 || s.Plays != 2 || s.Impressions != "13" || s.Spent.Amount != "13.00" ||
					s.Released.Amount != "87.00" || len(s.ByStore) != 2 || s.NotCounted[schemas.PlayDuplicate] != 1 ||
					s.NotCounted[schemas.PlayOutOfWindow] != 1 || instant.Instant(s.LockedAt) != r.runner.Now() {
					t.Errorf("it says %+v", s)
				}
			}
			r.runner.CatchUp(false)
			for _, record := range slices.Clone(r.written) {
				if topics.Name(record.Topic) == topics.TransitionsApplied {
					if err := r.runner.Publish(record); err != nil {
						t.Fatal(err)
					}
				}
			}
			if again := r.statements(); len(again) != c.want {
				t.Errorf("%d once all is read again", len(again))
			}
		})
	}
}

// TestAnEndOfNoCampaignStatesNothing: somebody else has written it, for its campaign was never scheduled.
func TestAnEndOfNoCampaignStatesNothing(t *testing.T) {
	r := newProvisionalRun(t, 0)
	r.publish("2026-12-01T09:00:00Z", provisionalCampaign+" grace=7200")
	r.publish("2026-12-01T18:00:00Z")
	for _, record := range slices.Clone(r.written) {
		if topics.Name(record.Topic) == topics.TransitionsApplied && bytes.Contains(record.Value, []byte(`"transition":"end"`)) {
			record.Key, record.Value = []byte("c-2"), bytes.ReplaceAll(record.Value, []byte(`c-1`), []byte(`c-2`))
			if err := r.runner.Publish(record); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := r.statements(); len(got) != 1 {
		t.Errorf("%d provisional statements: %+v", len(got), got)
	}
}

// TestAProvisionalMailHasFigures goes from the events to the mails' texts. The grace is the one by which the campaign was accepted;
// the mailer has another.
func TestAProvisionalMailHasFigures(t *testing.T) {
	r := newProvisionalRun(t, 2*3_600_000)
	r.publish("2026-12-01T09:00:00Z", provisionalCampaign)
	r.publish("2026-12-01T12:00:00Z", "play c-1 id=p-1 started=2026-12-01T10:00:00Z impressions=34")
	r.publish("2026-12-01T18:00:00Z")
	r.publish("2026-12-01T19:00:00Z", "play c-1 id=p-2 started=2026-12-01T10:30:00Z impressions=34 store=s-9")
	m := newMailing(t)
	m.clock.Set(r.instant("2026-12-01T18:00:00Z"))
	read := func() {
		for _, record := range r.written {
			if slices.Contains(processors.MailedTopics(), record.Topic) {
				m.read(&kgo.Record{Topic: record.Topic, Key: record.Key, Value: record.Value})
			}
		}
		r.written = nil
	}
	read()
	r.publish("2026-12-02T18:00:00Z")
	m.clock.Set(r.instant("2026-12-01T20:00:00Z"))
	read()
	want := map[string]struct{ says, saysNot []string }{
		"started": {nil, []string{"34", "68"}},
		"provisional": {
			[]string{"Plays so far: 1 ", "Impressions so far: 34", "s-1", "closes: 2026-12-01 20:00:00"},
			[]string{"c-1/0", "c-1/1", "s-9", "68"},
		},
		"final": {[]string{"Plays: 2", "Impressions: 68", "s-9", "c-1/1"}, nil},
	}
	for _, made := range m.store.mails {
		text := strings.Join(strings.Fields(mailText(t, made.Message)), " ")
		for _, part := range want[made.Kind].says {
			if !strings.Contains(text, part) {
				t.Errorf("the %s mail does not say %q:\n%s", made.Kind, part, text)
			}
		}
		for _, part := range want[made.Kind].saysNot {
			if strings.Contains(text, part) {
				t.Errorf("the %s mail says %q:\n%s", made.Kind, part, text)
			}
		}
		delete(want, made.Kind)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v of %v", want, m.store.log())
	}
}

// mailText returns the plain text of a mail.
func mailText(t *testing.T, message []byte) string {
	t.Helper()
	read, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	_, boundary, _ := strings.Cut(read.Header.Get("Content-Type"), "boundary=")
	part, err := multipart.NewReader(read.Body, strings.Trim(strings.TrimSpace(boundary), `"`)).NextPart()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
