package engine_test

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

const hour = instant.Millis(3_600_000)

// jumped counts the jumps that a process has told of.
func (p *process) jumped() (count int) {
	p.note(func() { count = len(p.jumps) })
	return count
}

// While the wall clock is not believed, callbacks are told the instant that is believed: one that decided by the wall
// clock would do what is not due yet.
func TestRecordsReadDuringAHoldAreDecidedByTheBelievedInstant(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	clock := &jumpingClock{VirtualClock: b.clock}
	said := make(chan instant.Instant, 10)
	p := b.start("a", alarms(hooks{setting: func(ctx engine.Context, _ string) { said <- ctx.Now() }}),
		func(c *engine.Config) { c.Clock = clock })
	b.ready(testPartitions, p)
	b.set(alarm("first", testStart.Add(hour/2)))
	if now := <-said; now != testStart {
		t.Errorf("a callback is told %d before the jump", now)
	}
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	clock.jump(hour)
	b.set(alarm("second", testStart.Add(hour/2))) // read at the first look since the jump
	if now := <-said; now != testStart {
		t.Errorf("a callback is told %d right after the jump", now)
	}
	b.await("the row is armed", func() bool { return p.sum().rows == 2 })
	b.clock.Set(testStart + 1000)
	b.set(alarm("third", testStart.Add(hour/2)))
	if now := <-said; now != testStart+1000 {
		t.Errorf("a callback is told %d a second after the jump", now)
	}
	b.await("the row is armed", func() bool { return p.sum().rows == 3 })
	clock.jump(-hour)
	b.told(0, p)
}

// Timers that are due by the believed instant fire on time, also while the wall clock is not believed.
func TestTimersFireDuringAHold(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	clock := &jumpingClock{VirtualClock: b.clock}
	p := b.start("a", alarms(hooks{}), func(c *engine.Config) { c.Clock = clock })
	b.set(alarm("soon", testStart+1000), alarm("later", testStart.Add(hour/2)))
	b.await("the rows are armed", func() bool { return p.sum().rows == 2 })
	clock.jump(hour)
	b.await("the jump is seen", func() bool { return p.jumped() == 1 })
	b.clock.Set(testStart + 1000)
	b.same("rings", b.rung(1), []string{ring("soon", testStart+1000)})
	clock.jump(-hour)
	b.clock.Set(testStart.Add(hour / 2))
	b.settled([]string{ring("soon", testStart+1000), ring("later", testStart.Add(hour/2))}, all(rested(), "soon", "later"))
}

// A rebalance during a hold does not make the wrong clock the right one.
func TestAHoldOutlivesARebalance(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	clock := &jumpingClock{VirtualClock: b.clock}
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart.Add(hour/2), keys...)
	b.set(settings...)
	p := b.start("a", alarms(hooks{}), frequent, func(c *engine.Config) { c.Clock = clock })
	b.await("the rows are armed", func() bool { return p.sum().rows == len(keys) })
	clock.jump(hour)
	b.await("the jump is seen", func() bool { return p.jumped() == 1 })
	other := b.start("b", alarms(hooks{}), frequent) // its clock is right
	b.ready(testPartitions, p, other)
	more, rings := alarmsAt(testStart.Add(hour/2), numbered("more", 40)...)
	b.set(more...)
	b.await("both go on", func() bool { return p.sum().rows+other.sum().rows == 80 })
	b.told(0, p, other)
	clock.jump(-hour)
	b.clock.Set(testStart.Add(hour / 2))
	b.settled(append(want, rings...), all(rested(), append(keys, numbered("more", 40)...)...))
}

// A jump that comes while the inputs are being caught up with is seen before the first timer may fire.
func TestAJumpDuringTheCatchUpIsHeld(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	clock := &jumpingClock{VirtualClock: b.clock}
	held := b.holdup()
	b.set(alarm("later", testStart.Add(hour/2)))
	p := b.start("a", alarms(hooks{setting: func(engine.Context, string) { held.hold() }}),
		func(c *engine.Config) { c.Clock = clock })
	b.signal("the input is being read", held.entered)
	clock.jump(hour)
	held.free()
	b.await("the jump is seen", func() bool { return p.jumped() == 1 })
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	clock.jump(-hour)
	b.set(alarm("now", testStart))
	b.same("rings", b.rung(1), []string{ring("now", testStart)})
	b.told(1, p)
}

// A hold ends by the time that passes, where the machine's own clock is the engine's, and timers that become due meanwhile
// are not late.
func TestAHoldEndsByItself(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	clock := &skewedClock{Clock: processors.SystemClock()}
	p := b.start("a", alarms(hooks{}), func(c *engine.Config) { c.Clock = clock })
	b.ready(1, p)
	before := clock.Now()
	b.set(alarm("next", before.Add(hour)))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	clock.ahead.Store(int64(hour))
	during := before + 1500
	b.set(alarm("during", during))
	b.same("rings", b.rung(2), []string{ring("during", during), ring("next", before.Add(hour))})
	if p.jumped() != 1 {
		t.Errorf("%d jumps were told of", p.jumped())
	}
}
