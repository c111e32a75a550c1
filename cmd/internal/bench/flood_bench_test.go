//go:build bench

package bench

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
)

// TestOverloadFlood lets a flood of events come during a burst of timers, and each alone.
func TestOverloadFlood(t *testing.T) {
	for _, name := range []string{"embedded", "real"} {
		t.Run(name, func(t *testing.T) {
			var cluster *kafkatest.Cluster
			if name == "real" {
				cluster = kafkatest.Start(t, kafkatest.Options{})
			}
			r := newRig(t, cluster)
			r.start()
			r.flood(*crowd, *flood)
			r.stop()
		})
	}
}

// outcome is how a burst and a flood went; zero where there was none.
type outcome struct {
	burst, p50, p99 time.Duration // from the instant until the last timer is visible
	flood           time.Duration // from the first event published until the last is taken
	lag             int           // of events, at most
}

func (r *rig) flood(crowd, events int) {
	r.t.Helper()
	r.strike("warm", crowd, 0) // so that the ones below meet the same
	burst := r.strike("lone", crowd, 0)
	flood := r.strike("calm", 0, events)
	both := r.strike("both", crowd, events)
	r.report(fmt.Sprintf("%d timers of one instant: alone / with %d events", crowd, events),
		fmt.Sprintf("%s / %s", ms(burst.burst), ms(both.burst)),
		fmt.Sprintf("ratio %.2f; lateness p50 %s / %s, p99 %s / %s", float64(both.burst)/float64(burst.burst),
			ms(burst.p50), ms(both.p50), ms(burst.p99), ms(both.p99)))
	r.report(fmt.Sprintf("%d events at once: alone / with %d timers", events, crowd),
		fmt.Sprintf("%s / %s", ms(flood.flood), ms(both.flood)),
		fmt.Sprintf("ratio %.2f; lag at most %d / %d", float64(both.flood)/float64(flood.flood), flood.lag, both.lag))
}

// strike lets a burst of timers and a flood of events come at one instant.
func (r *rig) strike(prefix string, crowd, events int) (o outcome) {
	r.t.Helper()
	g := r.gauge(false)
	burst, flood := prefix+"burst", prefix+"flood"
	instant := time.Now().Add(25 * time.Second).Truncate(time.Second)
	if crowd == 0 {
		instant = time.Now().Add(5 * time.Second).Truncate(time.Second)
	}
	r.publish(burst, crowd, func(int) time.Time { return instant })
	records := make([]*kgo.Record, events)
	for i := range records {
		records[i] = campaign(fmt.Sprintf("%s-%07d", flood, i), far(i))
	}
	r.until("the timers to be armed", func() bool { return g.count(burst+"-distribute") == crowd })
	if left := time.Until(instant); left < 500*time.Millisecond {
		r.t.Logf("%s: %s: all were armed only %s before the instant: not a measurement", r.name, prefix, left)
	}
	r.at(instant)
	var published atomic.Int64
	tape := r.record(250*time.Millisecond, []string{"events published, not taken", "timers due, not visible"}, func() []int {
		return []int{int(published.Load()) - g.count(flood+"-schedule"), crowd - g.count(burst+"-start")}
	})
	client := r.connect()
	defer client.Close()
	for _, record := range records {
		client.Produce(r.ctx, record, func(_ *kgo.Record, err error) {
			if err != nil {
				r.t.Errorf("publishing: %v", err)
			}
			published.Add(1)
		})
	}
	r.must(client.Flush(r.ctx))
	r.until("all timers and events", func() bool { return g.count(burst+"-start") == crowd && g.count(flood+"-schedule") == events })
	tape.stop()
	g.stop()
	o.burst, o.flood = g.lastOf(burst+"-start", instant), g.lastOf(flood+"-schedule", instant)
	o.p50, o.p99, _ = g.lateness(burst + "-start")
	o.lag = tape.most(0)
	if prefix != "warm" {
		fmt.Printf("%-16s | %s\n%s", r.name, prefix, tape)
	}
	return o
}
