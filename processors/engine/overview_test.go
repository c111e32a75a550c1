package engine_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// inspects asks an engine for its overview, again and again, until the test ends: with the race detector it shows that
// who looks on disturbs nothing.
func (b *bench) inspects(p *process) {
	ctx, cancel := context.WithCancel(b.ctx)
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			p.engine.Overview()
			<-time.After(time.Millisecond)
		}
	})
	b.t.Cleanup(func() { cancel(); running.Wait() })
}

// TestOverviewOfTimers: what waits, what is overdue since when, and what is left when all has fired.
func TestOverviewOfTimers(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	held := b.holdup()
	p := b.start("a", alarms(hooks{timer: held.callback}))
	b.inspects(p)
	soon, rings := alarmsAt(testStart+10, numbered("soon", 20)...)
	later, _ := alarmsAt(testStart+1000, numbered("later", 5)...)
	b.set(slices.Concat(soon, later)...)
	timers := func() engine.TimersOverview { return *p.engine.Overview().Timers }
	want := engine.TimersOverview{Pending: 25, Next: testStart + 10, Waits: true}
	b.await("all wait", func() bool { return timers() == want })

	b.clock.Set(testStart + 10)
	b.signal("a callback is held", held.entered)
	b.clock.Set(testStart + 500)
	got := timers()
	if got.Overdue != 20 || got.Oldest != 490*time.Millisecond || got.Pending < 6 {
		t.Errorf("while they fire it is %+v", got)
	}
	held.free()
	b.same("output", b.rung(20), rings)
	want = engine.TimersOverview{Pending: 5, Next: testStart + 1000, Waits: true}
	b.await("the later ones wait", func() bool { return timers() == want })
}

// TestOverviewOfPartitions: stages, rows and lag, from the brokers' outage to the end.
func TestOverviewOfPartitions(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	settings, _ := alarmsAt(testStart+10, numbered("k", 40)...)
	first := b.start("a", alarms(hooks{}))
	b.set(settings...)
	b.await("all are read", func() bool { return first.sum().records == 40 })
	b.stop(first)

	held := b.holdup()
	b.set(alarm("k-0", testStart+20), alarm("k-1", testStart+20), alarm("k-2", testStart+20))
	p := b.start("a", alarms(hooks{setting: func(engine.Context, string) { held.hold() }}))
	b.inspects(p)
	b.signal("a callback is held", held.entered)
	b.await("both partitions are recovered", func() bool {
		view := p.engine.Overview()
		return view.Waiting == nil && len(view.Partitions) == 2
	})
	lag, toRead, rows := int64(0), int64(0), int64(0)
	for i, partition := range p.engine.Overview().Partitions {
		if partition.Partition != int32(i) || partition.RowsRead != partition.RowsToRead {
			t.Errorf("partition %d is shown as %+v", i, partition)
		}
		rows += partition.RowsToRead
		for _, input := range partition.Inputs {
			lag += input.Lag
			toRead += max(0, input.ToRead)
		}
	}
	if lag < 3 || toRead < 3 || rows < 40 {
		t.Errorf("the lag is %d, %d are to be read before timers fire, %d offsets were recovered", lag, toRead, rows)
	}
	held.free()
	b.await("everything is read", func() bool {
		for _, partition := range p.engine.Overview().Partitions {
			for _, input := range partition.Inputs {
				if partition.Stage != engine.Firing || !input.Known || input.Lag > 0 || input.ToRead != 0 {
					return false
				}
			}
		}
		return true
	})
}

// TestOverviewOfAHeldClock: while a wall clock that has jumped is not believed, nothing is overdue by it.
func TestOverviewOfAHeldClock(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	clock := &jumpingClock{VirtualClock: b.clock}
	keys := numbered("key", 8)
	settings, _ := alarmsAt(testStart.Add(hour/2), keys...)
	b.set(settings...)
	p := b.start("a", alarms(hooks{}), func(c *engine.Config) { c.Clock = clock })
	b.inspects(p)
	b.await("the rows are armed", func() bool { return p.sum().rows == len(keys) })

	clock.jump(hour)
	b.await("the jump is seen", func() bool { return p.jumped() == 1 })
	b.clock.Set(b.clock.Now() + 1000)
	b.await("the hold is shown", func() bool { return p.engine.Overview().Held })
	view := p.engine.Overview()
	want := engine.TimersOverview{Pending: len(keys), Next: testStart.Add(hour / 2), Waits: true}
	if !view.Held || *view.Timers != want {
		t.Errorf("during the hold it is held: %t, %+v", view.Held, *view.Timers)
	}
	clock.jump(-hour)
	b.set(alarm("wake", testStart.Add(hour)))
	b.await("the hold is over", func() bool { return !p.engine.Overview().Held })
}

// TestLagGrows: what has come since timers fire counts as well, until it is committed.
func TestLagGrows(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	held := b.holdup()
	p := b.start("a", alarms(hooks{setting: func(_ engine.Context, value string) {
		if value != "7" {
			held.hold()
		}
	}}))
	b.inspects(p)
	lag := func() int64 { return p.engine.Overview().Partitions[0].Inputs[0].Lag } // of testInput: the first by name
	b.set(alarm("first", 7))
	b.await("the first is committed", func() bool { return p.sum().records == 1 && lag() == 0 })
	settings, _ := alarmsAt(testStart+10, numbered("k", 30)...)
	b.set(settings...)
	b.signal("a callback is held", held.entered)
	if got := lag(); got < 1 || got > 31 {
		t.Errorf("the lag is %d while up to 30 records are in hand", got)
	}
	held.free()
	b.await("all are committed", func() bool { return p.sum().records == 31 && lag() == 0 })
}
