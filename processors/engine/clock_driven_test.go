package engine_test

import (
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A clock that is driven is meant: years from the time of day and much faster than time passes, it is neither held as one
// that jumps nor told of as one that differs from the brokers'; and nothing fires before its instant by it.
func TestADrivenClockFires(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	start := instant.Of(time.Date(2040, 3, 25, 0, 0, 0, 0, time.UTC))
	clock, logged := processors.DrivenClock(start, 20_000), &lines{}
	p := b.start("a", alarms(hooks{}), func(c *engine.Config) {
		c.Clock, c.CommitInterval, c.Log = clock, 5*time.Millisecond, logged.logger()
		c.Observe.ClockSkew = func(by time.Duration) { t.Errorf("it is compared with the brokers': %s", by) }
	})
	b.ready(testPartitions, p)
	keys := numbered("key", 100)
	var want []string
	for i, key := range keys {
		at := clock.Now() + instant.Instant(i)*600_000
		b.set(alarm(key, at))
		want = append(want, ring(key, at))
	}
	b.settled(want, all(rested(), keys...))
	if p.jumped() != 0 || logged.with("clock") != 0 {
		t.Errorf("%d jumps were told of:\n%s", p.jumped(), logged)
	}
}
