//go:build bench

package bench

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/rmn-arms/campaign-engine/cmd/internal/ceiling"
	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

var (
	backlog   = flag.Int("backlog", 300_000, "events of the ingest measurement")
	crowd     = flag.Int("crowd", 100_000, "timers of the burst")
	rows      = flag.Int("rows", 1_000_000, "pending campaigns of the recovery measurement; 0 leaves it out")
	flood     = flag.Int("flood", 200_000, "events of the flood")
	refusal   = flag.Duration("refusal", 60*time.Second, "how long writes are refused")
	floodRate = flag.Int("flood-rate", 2000, "events per second while writes are refused")
	waiting   = flag.Int("pending", 100_000, "pending campaigns a partition in the takeover measurement")
	lasts     = flag.Duration("lasts", 60*time.Second, "length of the steady measurements")
)

// partitions of each topic.
const partitions = 8

func TestBench(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		r := newRig(t, nil)
		r.start()
		r.burst("cold", *crowd, 30*time.Second)
		r.burst("warm", *crowd, 30*time.Second)
		r.steady("slow", 500, *lasts/3, topics.TransitionsDue)
		r.steady("fast", 5000, *lasts/3, topics.TransitionsDue)
		r.stop()
	})
	t.Run("real", func(t *testing.T) {
		r := newRig(t, kafkatest.Start(t, kafkatest.Options{}))
		r.ingest(*backlog)
		r.ceiling(*backlog)
		r.start()
		r.burst("cold", *crowd, 30*time.Second)
		r.burst("warm", *crowd, 30*time.Second)
		r.steady("slow", 500, *lasts/3, topics.TransitionsDue)
		r.steady("slow-applied", 500, *lasts/3, topics.TransitionsApplied)
		r.steady("fast", 5000, *lasts/3, topics.TransitionsDue)
		r.idle(10 * time.Second)
		r.stop()
		for _, interval := range []string{"5ms", "100ms"} {
			for _, processors := range []string{"timers", "all"} {
				r.start("--commit-interval", interval, "--processors", processors)
				r.catchUp(processors)
				r.steady("cpu-"+interval+"-"+processors, 500, *lasts, topics.TransitionsDue)
				r.stop()
			}
		}
	})
	if *rows > 0 {
		t.Run("recovery", func(t *testing.T) { newRig(t, kafkatest.Start(t, kafkatest.Options{})).pending(*rows) })
	}
}

// ceiling copies the events of the ingest measurement with plain transactions.
func (r *rig) ceiling(count int) {
	r.t.Helper()
	client := r.connect()
	const target = "ceiling"
	r.must(kafkatest.Create(r.ctx, client, 8, target))
	result, err := ceiling.Copy(r.ctx, ceiling.Work{
		Brokers: r.brokers, Source: string(topics.CampaignEvents), Target: target, Records: count,
	})
	r.must(err)
	r.report("ceiling: plain transactions copy the same events", fmt.Sprintf("%.0f/s", result.PerSecond()),
		fmt.Sprintf("%d transactions, CPU of the copying process %.1f s", result.Transactions, result.CPU.Seconds()))
}

// catchUp waits until the processors have read all that there is.
func (r *rig) catchUp(processors string) {
	r.t.Helper()
	admin := kadm.NewClient(r.connect())
	r.must(proctest.Await(r.ctx, func(ctx context.Context) error {
		for _, group := range topics.Transacted() {
			lags, err := admin.Lag(ctx, group.ID())
			if err != nil {
				return err
			}
			if lag := lags[group.ID()].Lag.Total(); lag != 0 && (processors == "all" || group.Short == processors) {
				return fmt.Errorf("group %s has a lag of %d", group.ID(), lag)
			}
		}
		return nil
	}))
}
