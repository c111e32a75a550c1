//go:build bench

package bench

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestOverloadRefused lets a broker refuse whatever the engine writes (NOT_ENOUGH_REPLICAS) for a minute, while timers
// become due and events come in.
func TestOverloadRefused(t *testing.T) {
	// One replica of three is away for good, so what is refused is a matter of min.insync.replicas: two replicas may be too few.
	// (Fewer replicas than that setting asks for are not refused where a topic has no more.)
	cluster := kafkatest.Start(t, kafkatest.Options{Brokers: 3, HeapMiB: 384})
	r := newRig(t, cluster)
	r.name = "two of three"
	r.must(cluster.Kill(2))
	r.start()
	r.refused(*refusal, 500, *floodRate)
	r.stop()
}

const abortedTransactions = `campaign_engine_transactions_total{end="aborted"`

func (r *rig) refused(lasts time.Duration, timers, events int) {
	r.t.Helper()
	g := r.gauge(true)
	// Timers from 5 s before the refusal until 5 s after it.
	begins := time.Now().Add(8 * time.Second).Truncate(time.Second)
	refused, taken := begins.Add(5*time.Second), begins.Add(5*time.Second+lasts)
	count := timers * int((lasts+10*time.Second)/time.Second)
	r.publish("timers", count, func(i int) time.Time { return begins.Add(time.Duration(i) * time.Second / time.Duration(timers)) })
	r.until("the timers to be armed", func() bool { return g.count("timers-distribute") == count })
	if left := time.Until(begins); left < 0 {
		r.t.Logf("all were scheduled only %s after the first: not a measurement", -left)
	}
	var published atomic.Int64
	r.at(refused)
	stop := r.trickle("flood", events, &published)
	engine, broker := r.cpu()
	memory := r.rss()
	aborted := r.sum(abortedTransactions)
	tape := r.record(2*time.Second, []string{"resident MiB", "events not read", "timers not visible"}, func() []int {
		overdue := max(0, min(count, int(time.Since(begins)*time.Duration(timers)/time.Second)))
		return []int{int(r.rss()), int(published.Load()) - g.count("flood-schedule"), overdue - g.count("timers-start")}
	})
	r.minInSync("3")
	r.at(taken)
	engineAfter, brokerAfter := r.cpu()
	during := r.rss()
	r.minInSync("2")
	stop()
	r.until("the events", func() bool { return g.count("flood-schedule") == int(published.Load()) })
	r.until("the timers that are due", func() bool {
		overdue := int(time.Since(begins)*time.Duration(timers)/time.Second) - timers/10
		return g.count("timers-start") >= min(count, overdue)
	})
	took := time.Since(taken)
	r.until("all timers", func() bool { return g.count("timers-start") == count })
	tape.stop()
	g.stop()
	_, _, most := g.lateness("timers-start")
	if g.twice+g.disorder > 0 || len(g.ids) != count {
		r.t.Errorf("%d of %d timers, %d twice, %d out of order", len(g.ids), count, g.twice, g.disorder)
	}
	r.report(fmt.Sprintf("writes refused for %s, %d timers/s, %d events/s", lasts, timers, events),
		fmt.Sprintf("caught up after %s", ms(took)),
		fmt.Sprintf("the latest timer %s, %d lost, %d twice, %d out of order; %d transactions aborted; resident MiB before %d, "+
			"at the end of it %d, at most %d; CPU meanwhile: engine %.1f s + broker %.1f s",
			ms(most), count-len(g.ids), g.twice, g.disorder, r.sum(abortedTransactions)-aborted, memory, during, tape.most(0),
			(engineAfter-engine).Seconds(), (brokerAfter-broker).Seconds()))
	fmt.Print(tape)
}

// minInSync sets min.insync.replicas of all that the engine writes.
func (r *rig) minInSync(value string) {
	r.t.Helper()
	client := r.connect()
	defer client.Close()
	var names []string
	for _, stream := range topics.Streams() {
		if stream.Name != topics.CampaignEvents {
			names = append(names, string(stream.Name))
		}
	}
	answers, err := kadm.NewClient(client).AlterTopicConfigs(r.ctx,
		[]kadm.AlterConfig{{Op: kadm.SetConfig, Name: "min.insync.replicas", Value: kadm.StringPtr(value)}}, names...)
	r.must(err)
	for _, answer := range answers {
		r.must(answer.Err)
	}
}

// trickle publishes events at a rate until it is stopped.
func (r *rig) trickle(prefix string, rate int, published *atomic.Int64) (stop func()) {
	client := r.connect()
	done, halt := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		const every = 20 * time.Millisecond
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for sent, began := 0, time.Now(); ; {
			for due := int(time.Since(began) * time.Duration(rate) / time.Second); sent < due; sent++ {
				client.Produce(r.ctx, campaign(fmt.Sprintf("%s-%07d", prefix, sent), far(0)), func(_ *kgo.Record, err error) {
					if err != nil {
						r.t.Errorf("publishing: %v", err)
						return
					}
					published.Add(1)
				})
			}
			select {
			case <-ticker.C:
			case <-halt:
				if err := client.Flush(r.ctx); err != nil {
					r.t.Errorf("publishing: %v", err)
				}
				return
			}
		}
	}()
	return func() {
		close(halt)
		<-done
		client.Close()
	}
}
