//go:build bench

package bench

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/ceiling"
	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/state/pgstore/pgtest"
	"github.com/rmn-arms/campaign-engine/topics"
)

var (
	played   = flag.Int("played", 1_000_000, "plays of the measurement of plays")
	settling = flag.Int("settling", 100_000, "campaigns that settle at one instant")
)

// playing is how many campaigns the plays are of.
const playing = 2000

// TestMoney measures plays, settlements, and what becomes of them in Postgres.
func TestMoney(t *testing.T) {
	t.Run("plays", func(t *testing.T) {
		r := newRig(t, kafkatest.Start(t, kafkatest.Options{}))
		r.plays(*played)
	})
	t.Run("settlements", func(t *testing.T) {
		r := newRig(t, kafkatest.Start(t, kafkatest.Options{}))
		server := pgtest.Start(t)
		r.start("--database-url", server.URL("owner", "postgres"))
		r.settle(server.URL("owner", "postgres"), *settling)
		r.idle(10 * time.Second)
		r.stop()
		r.project(server, *settling)
	})
}

// priced returns the event that creates a campaign of a window, with money.
func priced(id string, starts, ends time.Time) *kgo.Record {
	value := fmt.Sprintf(template, id, starts.UTC().Format("2006-01-02T15:04:05.000Z"), ends.UTC().Format("2006-01-02T15:04:05.000Z"), title)
	return &kgo.Record{Topic: string(topics.CampaignEvents), Key: []byte(id), Value: []byte(value)}
}

// send publishes records and waits until the brokers have them.
func (r *rig) send(count int, record func(i int) *kgo.Record) {
	r.t.Helper()
	client := r.connect()
	defer client.Close()
	failed := make(chan error, 1)
	for i := range count {
		client.Produce(r.ctx, record(i), func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	r.must(client.Flush(r.ctx))
	select {
	case err := <-failed:
		r.t.Fatal(err)
	default:
	}
}

// plays reads a backlog of plays of active campaigns into their accounts.
func (r *rig) plays(count int) {
	r.t.Helper()
	starts, ends := time.Now().Add(-time.Minute).Truncate(time.Second), time.Now().Add(24*time.Hour)
	found := r.look(topics.TransitionsApplied, "played", "start", playing)
	r.start()
	r.send(playing, func(i int) *kgo.Record { return priced(fmt.Sprintf("played-%07d", i), starts, ends) })
	r.await(found)
	r.catchUp("budgets")
	r.stop()

	r.send(count, func(i int) *kgo.Record { return play(i, starts) })
	served, err := r.cluster.Usage(0)
	r.must(err)
	began := time.Now()
	r.start("--processors", topics.Budgets)
	took := r.readTo(topics.Budgets, string(topics.Plays)).Sub(began)
	engine, broker := r.cpu()
	if counted, want := r.sum(`campaign_engine_records_total{outcome="valid"`), count; counted != want {
		r.t.Errorf("%d plays were counted, want %d", counted, want)
	}
	r.report("plays into accounts", fmt.Sprintf("%.0f/s", float64(count)/took.Seconds()),
		fmt.Sprintf("%d plays of %d campaigns, from the start of the process to the last committed; CPU: engine %.1f s + broker %.1f s; %d MiB resident",
			count, playing, engine.Seconds(), (broker-served.CPU).Seconds(), r.rss()))
	r.stop()

	client := r.connect()
	r.must(kafkatest.Create(r.ctx, client, partitions, "ceiling"))
	result, err := ceiling.Copy(r.ctx, ceiling.Work{Brokers: r.brokers, Source: string(topics.Plays), Target: "ceiling", Records: count})
	r.must(err)
	r.report("ceiling: plain transactions copy the same plays", fmt.Sprintf("%.0f/s", result.PerSecond()),
		fmt.Sprintf("%d transactions, CPU of the copying process %.1f s", result.Transactions, result.CPU.Seconds()))
}

// play returns the i-th play of all campaigns.
func play(i int, at time.Time) *kgo.Record {
	id := fmt.Sprintf("played-%07d", i%playing)
	started := at.Add(time.Duration(i%50_000) * time.Millisecond).UTC()
	value := fmt.Sprintf(`{"specversion":"1.0","id":"%[1]s-%[2]d","source":"gateway-7","type":"play.reported","subject":"%[1]s",`+
		`"time":%[3]q,"datacontenttype":"application/json","data":{"play_id":"%[1]s-%[2]d","campaign_id":"%[1]s","creative_id":"cr-1",`+
		`"device_id":"d-%[5]d","store_id":"s-%[6]d","started_at":%[3]q,"ended_at":%[4]q,"impressions":"%[7]d.5"}}`,
		id, i, started.Format("2006-01-02T15:04:05.000Z"), started.Add(15*time.Second).Format("2006-01-02T15:04:05.000Z"),
		i%500, i%100, i%20)
	return &kgo.Record{Topic: string(topics.Plays), Key: []byte(id), Value: []byte(value)}
}

// readTo waits until a group has read a topic, and returns when that was.
func (r *rig) readTo(short, topic string) time.Time {
	r.t.Helper()
	group, _ := topics.GroupNamed(short)
	admin := kadm.NewClient(r.connect())
	r.until(topic, func() bool {
		ctx, cancel := context.WithTimeout(r.ctx, 10*time.Second)
		defer cancel()
		lags, err := admin.Lag(ctx, group.ID())
		r.must(err)
		lag := int64(0)
		for _, partition := range lags[group.ID()].Lag[topic] {
			lag += partition.Lag
		}
		return lag == 0
	})
	return time.Now()
}

// settle lets many campaigns settle at one instant.
func (r *rig) settle(url string, count int) {
	r.t.Helper()
	instant := time.Now().Add(time.Duration(15+count/1200) * time.Second).Truncate(time.Second)
	starts := time.Now().Add(-time.Minute)
	started := r.look(topics.TransitionsApplied, "settle", "start", count)
	settled := r.look(topics.TransitionsApplied, "settle", "settle", count)
	r.send(count, func(i int) *kgo.Record { return priced(fmt.Sprintf("settle-%07d", i), starts, instant) })
	r.await(started)
	r.projected(url)
	if left := time.Until(instant); left < time.Second {
		r.t.Logf("%s: all had started only %s before the instant: not a measurement", r.name, left)
	}
	r.at(instant)
	engine, broker := r.cpu()
	applied := r.await(settled)
	r.until("all releases", func() bool { return r.sum(`campaign_engine_records_total{outcome="locked"`) >= count })
	locked := time.Now()
	r.projected(url)
	inPostgres := time.Now()
	engineAfter, brokerAfter := r.cpu()
	releases, err := pgtest.Query(r.ctx, url, "SELECT count(*)::text FROM campaign_engine.releases")
	r.must(err)
	if releases[0] != fmt.Sprint(count) {
		r.t.Errorf("%s releases are in Postgres, want %d", releases[0], count)
	}
	r.report(fmt.Sprintf("%d campaigns settle at one instant", count),
		fmt.Sprintf("applied %s, released %s, in Postgres %s", ms(applied.last.Sub(instant)), ms(locked.Sub(instant)), ms(inPostgres.Sub(instant))),
		fmt.Sprintf("until the last; CPU: engine %.1f s + broker %.1f s", (engineAfter-engine).Seconds(), (brokerAfter-broker).Seconds()))
}

// projected waits until the tables hold the topics up to their ends. It looks seldom, and on one connection: each that is
// made costs the server some 10 ms of CPU, which would be measured, too.
func (r *rig) projected(url string) {
	r.t.Helper()
	admin := kadm.NewClient(r.connect())
	server, err := pgtest.Connect(r.ctx, url)
	r.must(err)
	defer server.Close(r.ctx)
	r.every(50*time.Millisecond, "the tables", func() bool {
		ends, err := admin.ListCommittedOffsets(r.ctx, processors.ProjectedTopics()...)
		r.must(err)
		want, have := int64(0), int64(0)
		ends.Each(func(end kadm.ListedOffset) { want += end.Offset })
		rows, err := server.Query(r.ctx, "SELECT coalesce(sum(next_offset), 0)::text FROM campaign_engine.source_positions")
		if err != nil { // the schema is not there yet
			return false
		}
		_, err = fmt.Sscan(rows[0], &have)
		r.must(err)
		return have == want
	})
}

// project reads all there is into empty tables.
func (r *rig) project(server *pgtest.Server, count int) {
	r.t.Helper()
	_, err := pgtest.Query(r.ctx, server.URL("owner", "postgres"), "CREATE DATABASE empty")
	r.must(err)
	url := server.URL("owner", "empty")
	r.start("--processors", topics.Projections, "--database-url", url)
	began := time.Now()
	r.projected(url)
	took := time.Since(began)
	engine, _ := r.cpu()
	rows, err := pgtest.Query(r.ctx, url, `SELECT ((SELECT count(*) FROM campaign_engine.campaign_transitions) +
(SELECT count(*) FROM campaign_engine.statements) + (SELECT count(*) FROM campaign_engine.releases))::text`)
	r.must(err)
	r.report("releases from the topics into Postgres", fmt.Sprintf("%.0f/s", float64(count)/took.Seconds()),
		fmt.Sprintf("%d releases in %s, of %s records; CPU of the engine %.1f s", count, ms(took), rows[0], engine.Seconds()))
	r.stop()
}
