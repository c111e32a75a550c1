//go:build kafka

package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// patience bounds each wait, and all of a test once its broker is there; reaching it is a failure.
const patience = 5 * time.Minute

// deployment is a cluster of one broker, and the processes that run on it.
type deployment struct {
	t       *testing.T
	cluster *kafkatest.Cluster
	ctx     context.Context
	client  *kgo.Client
	binary  string
}

func deploy(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{t: t, binary: proctest.Build(t, "github.com/rmn-arms/campaign-engine/cmd/campaignd")}
	d.cluster = kafkatest.Start(t, kafkatest.Options{ShortLived: true})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	d.ctx = ctx
	d.client = d.connect()
	return d
}

func (d *deployment) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *deployment) connect(opts ...kgo.Opt) *kgo.Client {
	d.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(d.cluster.Brokers()...), kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.ProducerLinger(5 * time.Millisecond), kgo.MaxBufferedRecords(100_000),
	}, opts...)...)
	d.must(err)
	d.t.Cleanup(client.Close)
	return client
}

// running are the groups that an engine of the suite takes part in: what is tried here lies in the way of a campaign and its
// money; those of devices have a suite of their own.
var running = []string{topics.Timers, topics.Lifecycle, topics.Budgets}

// engine is a running campaignd.
type engine struct {
	*proctest.Process
	http string
}

// start runs campaignd under an instance name; it does not wait for it to be ready.
func (d *deployment) start(instance string, args ...string) *engine {
	d.t.Helper()
	http := net.JoinHostPort("127.0.0.1", strconv.Itoa(proctest.Port(d.t)))
	process := proctest.Start(d.t, proctest.Command{
		Path: d.binary,
		Args: append([]string{
			"run", "--brokers", d.cluster.Brokers()[0], "--instance-id", instance, "--http-listen", http,
			"--processors", strings.Join(running, ","),
		}, args...),
	})
	return &engine{process, "http://" + http}
}

func (d *deployment) ready(engines ...*engine) {
	d.t.Helper()
	for _, e := range engines {
		if err := e.AwaitHTTP(e.http+"/readyz", patience); err != nil {
			d.t.Fatalf("waiting for an engine: %v\n%s", err, e.Report())
		}
	}
}

// event returns a record of campaign-events.
func (d *deployment) event(kind schemas.Type, id string, revision int64, data any) *kgo.Record {
	d.t.Helper()
	encoded, err := json.Marshal(data)
	d.must(err)
	value, err := json.Marshal(schemas.RawEvent{
		SpecVersion: schemas.SpecVersion, ID: fmt.Sprintf("%s-%d", id, revision), Source: "suite", Type: kind, Subject: id,
		Data: encoded,
	})
	d.must(err)
	return &kgo.Record{Topic: string(topics.CampaignEvents), Key: []byte(id), Value: value}
}

// created returns the event that creates a campaign of a window.
func (d *deployment) created(id string, starts, ends time.Time) *kgo.Record {
	d.t.Helper()
	startsAt, endsAt := schemas.InstantOf(starts), schemas.InstantOf(ends)
	return d.event(schemas.CampaignCreated, id, 1, schemas.Definition{
		CampaignID: id, Revision: 1, AdvertiserID: "a-1", Name: "Suite", StartsAt: &startsAt, EndsAt: &endsAt,
		TimeZone: "America/New_York", Budget: schemas.Money{Amount: "500.00", Currency: "USD"}, CPM: "2.50",
		Stores: []string{"s-1", "s-2"},
	})
}

func (d *deployment) changed(kind schemas.Type, id string, revision int64) *kgo.Record {
	d.t.Helper()
	return d.event(kind, id, revision, schemas.Change{CampaignID: id, Revision: revision, Reason: "suite"})
}

func (d *deployment) publish(client *kgo.Client, records ...*kgo.Record) {
	d.t.Helper()
	d.must(client.ProduceSync(d.ctx, records...).FirstErr())
}

// idle fails unless, within patience, the groups have no lag and no transaction is open: invariant I11.
func (d *deployment) idle() {
	d.t.Helper()
	admin := kadm.NewClient(d.client)
	d.must(proctest.Await(d.ctx, func(ctx context.Context) error {
		for _, short := range running {
			group, _ := topics.GroupNamed(short)
			lags, err := admin.Lag(ctx, group.ID())
			if err != nil {
				return err
			}
			if err := lags.Error(); err != nil {
				return err
			}
			if lag := lags[group.ID()].Lag.Total(); lag != 0 {
				return fmt.Errorf("group %s has a lag of %d", group.ID(), lag)
			}
		}
		open, err := admin.ListTransactions(ctx, nil, []string{"Ongoing", "PrepareCommit", "PrepareAbort"})
		if err != nil {
			return err
		}
		if len(open) > 0 {
			return fmt.Errorf("transactions are open: %v", open.TransactionalIDs())
		}
		return nil
	}))
}
