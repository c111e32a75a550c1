//go:build kafka

package mailsuite

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/mailtest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/state/pgstore/pgtest"
	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	campaigns = 5000
	contacts  = 2
	rate      = 400 // mails a second
	patience  = 12 * time.Minute
)

// rig is the engine, and what it needs.
type rig struct {
	t       *testing.T
	ctx     context.Context
	binary  string
	args    []string
	http    string
	url     string // of the database
	brokers []string
	server  *mailtest.Server
	engine  *proctest.Process
}

func newRig(t *testing.T) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	r := &rig{
		t: t, ctx: ctx, binary: proctest.Build(t, "github.com/rmn-arms/campaign-engine/cmd/campaignd"),
		http: net.JoinHostPort("127.0.0.1", strconv.Itoa(proctest.Port(t))), server: mailtest.Start(t),
		brokers: kafkatest.Start(t, kafkatest.Options{}).Brokers(), url: pgtest.Start(t).URL("owner", "postgres"),
	}
	keys := filepath.Join(proctest.Folder(t, "keys"), "keys.json")
	_, err := signing.Add(keys)
	r.must(err)
	r.args = []string{
		"run", "--brokers", strings.Join(r.brokers, ","), "--database-url", r.url, "--http-listen", r.http, "--instance-id", "one",
		"--signing-keys", keys, "--smtp-url", r.server.URL(), "--mail-from", "Campaigns <campaigns@engine.example>",
		"--mail-rate", strconv.Itoa(rate), "--log-level", "warn",
	}
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) start() {
	r.t.Helper()
	r.engine = proctest.Start(r.t, proctest.Command{Path: r.binary, Args: r.args})
}

// publish makes campaigns that start at an instant, with their contacts.
func (r *rig) publish(instant time.Time) {
	r.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(r.brokers...))
	r.must(err)
	defer client.Close()
	records := make([]*kgo.Record, campaigns)
	for i := range records {
		id := fmt.Sprintf("c-%04d", i)
		var people []string
		for p := range contacts {
			people = append(people, fmt.Sprintf(`{"email":"desk-%d-%d@example.com","name":"Desk %d","locale":"de-DE"}`, i, p, p))
		}
		value := fmt.Sprintf(`{"specversion":"1.0","id":"e-%[1]s","source":"test","type":"campaign.created","data":{"campaign_id":"%[1]s",`+
			`"revision":1,"advertiser_id":"a-1","name":"Spring sale %[2]d","starts_at":%[3]q,"ends_at":"2035-01-01T00:00:00Z",`+
			`"time_zone":"America/New_York","budget":{"amount":"500.00","currency":"USD"},"contacts":[%[4]s]}}`,
			id, i, instant.UTC().Format(time.RFC3339), strings.Join(people, ","))
		records[i] = &kgo.Record{Topic: string(topics.CampaignEvents), Key: []byte(id), Value: []byte(value)}
	}
	r.must(client.ProduceSync(r.ctx, records...).FirstErr())
}

// states returns how many mails are in each state.
func (r *rig) states(ctx context.Context) (map[string]int, error) {
	rows, err := pgtest.Query(ctx, r.url, "SELECT state || ' ' || count(*) FROM campaign_engine.mails GROUP BY state")
	states := map[string]int{}
	for _, row := range rows {
		name, count, _ := strings.Cut(row, " ")
		states[name], _ = strconv.Atoi(count)
	}
	return states, err
}

// TestMailsOfOneInstant: 5,000 campaigns of two contacts each start at one instant, and the engine is killed in the middle of their
// mails. Each is taken once, none is lost, one is in doubt at most, and no more leave than may.
func TestMailsOfOneInstant(t *testing.T) {
	r := newRig(t)
	killed := make(chan struct{})
	r.server.Tell(func(count int) {
		if count == campaigns*contacts/3 {
			close(killed)
		}
	})
	r.start()
	r.must(r.engine.AwaitHTTP("http://"+r.http+"/readyz", patience))
	instant := time.Now().Add(12 * time.Second).Truncate(time.Second)
	r.publish(instant)
	select {
	case <-killed:
	case <-r.ctx.Done():
		t.Fatalf("a third of the mails has not come: %d\n%s", len(r.server.Times()), r.engine.Report())
	}
	r.must(r.engine.Kill())
	r.start()
	var states map[string]int
	err := proctest.Await(r.ctx, func(ctx context.Context) (err error) {
		if states, err = r.states(ctx); err == nil && states["sent"]+states["ambiguous"] != campaigns*contacts {
			err = fmt.Errorf("the mails are %v", states)
		}
		return err
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, r.engine.Report())
	}
	taken, times := r.server.Taken(), r.server.Times()
	for id, count := range taken {
		if count != 1 {
			t.Errorf("%s was taken %d times", id, count)
		}
	}
	if doubt := states["ambiguous"]; doubt > 1 || len(taken) < campaigns*contacts-doubt {
		t.Errorf("%d mails were taken, and the log says %v", len(taken), states)
	}
	lasted := times[len(times)-1].Sub(times[0])
	if least := time.Duration(len(times)-1) * time.Second / rate * 9 / 10; lasted < least {
		t.Errorf("%d mails left within %s: that is more than %d a second", len(times), lasted, rate)
	}
	t.Logf("%d mails within %s, the first %s after the start: %.0f a second; %v", len(times), lasted.Round(time.Millisecond),
		times[0].Sub(instant).Round(time.Millisecond), float64(len(times))/lasted.Seconds(), states)
	r.must(r.engine.Terminate())
	if code, err := r.engine.Wait(patience); err != nil || code != 0 {
		t.Errorf("the engine ended with %d, %v\n%s", code, err, r.engine.Report())
	}
}
