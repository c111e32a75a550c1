package engine_test

import (
	"testing"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

const (
	behindGroup  = "echoes"
	behindOutput = "echoed"
)

// echoes is a group behind the one under test: it repeats what rings.
func echoes() *goka.GroupGraph {
	return goka.DefineGroup(behindGroup,
		goka.Input(testOutput, new(codec.Bytes), func(ctx goka.Context, message any) {
			ctx.Emit(behindOutput, ctx.Key(), message)
		}),
		goka.Output(behindOutput, new(codec.Bytes)),
	)
}

// What comes behind waits for the timers that are due, and no longer: it starts when the burst is over.
func TestRecordsYieldToAnothersDueTimers(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2, kfake.SeedTopics(2, behindOutput))
	keys := numbered("key", 100)
	settings, want := alarmsAt(testStart+10, keys...)
	held := b.holdup()
	p := b.start("a", alarms(hooks{rung: func(ctx engine.Context, _ instant.Instant) {
		if ctx.Key() == keys[99] {
			held.hold()
		}
	}}), func(c *engine.Config) { c.TimersMax = 10 })
	b.set(settings[:99]...)
	b.await("the rows are armed", func() bool { return p.sum().rows == 99 })
	behind := b.start("a", echoes(), func(c *engine.Config) { c.YieldTo = p.engine }, frequent)
	b.ready(2, behind)
	b.set(alarm(keys[99], testStart+11)) // the last of the burst, in a transaction of its own
	b.await("the row is armed", func() bool { return p.sum().rows == 100 })
	b.clock.Set(testStart + 11)
	b.signal("the last one rings", held.entered)
	heartbeats := b.count(kmsg.Heartbeat, nil)
	b.await("time passes", func() bool { return heartbeats() > 3 })
	if sum := behind.sum(); sum.records > 0 {
		t.Errorf("%d records were read during the burst", sum.records)
	}
	held.free()
	b.await("all are echoed", func() bool { return behind.sum().records == 100 })
	want[99] = ring(keys[99], testStart+11)
	b.same("echoes", values(b.committed(behindOutput)), want)
}

// Who yields still moves on when the burst does not end.
func TestRecordsDoNotYieldForEver(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2, kfake.SeedTopics(2, behindOutput))
	held := b.holdup()
	p := b.start("a", alarms(hooks{timer: held.callback}))
	b.set(alarm("key", testStart+10))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	behind := b.start("a", echoes(), func(c *engine.Config) { c.YieldTo, c.Clock = p.engine, processors.SystemClock() })
	b.ready(2, behind)
	b.clock.Set(testStart + 10)
	b.signal("it fires, and does not end", held.entered)
	b.set(&kgo.Record{Topic: testOutput, Key: []byte("key"), Value: []byte("said")})
	b.await("it is echoed", func() bool { return behind.sum().records == 1 })
}
