package engine_test

import (
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

const never instant.Instant = math.MaxInt64

// jumpingClock is a wall clock that may be set against the time that passes.
type jumpingClock struct {
	*processors.VirtualClock // the time that passes
	mu                       sync.Mutex
	ahead                    instant.Millis
	ppm                      instant.Millis // by how much it runs too fast
}

func (c *jumpingClock) Now() instant.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.VirtualClock.Now()
	return now.Add(c.ahead + now.Sub(testStart)*c.ppm/1_000_000)
}

// AfterFunc implements engine.Clock: who waits is woken by every step and looks for itself.
func (c *jumpingClock) AfterFunc(at instant.Instant, wake func()) func() {
	if c.Now() >= at {
		go wake()
		return func() {}
	}
	return c.VirtualClock.AfterFunc(never, wake)
}

// run lets the clock run too fast from the start on.
func (c *jumpingClock) run(ppm instant.Millis) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ppm = ppm
}

func (c *jumpingClock) jump(by instant.Millis) {
	c.mu.Lock()
	c.ahead += by
	c.mu.Unlock()
	c.VirtualClock.Set(c.VirtualClock.Now()) // whoever waits looks again
}

// A wall clock that jumps forward fires nothing for five seconds; if it is put right meanwhile, nothing has fired early. A
// clock that jumps back fires nothing again.
func TestFiringIsHeldWhenTheClockJumps(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	clock := &jumpingClock{VirtualClock: b.clock}
	keys := numbered("key", 20)
	soon, first := alarmsAt(testStart+10, keys[:10]...)
	later, second := alarmsAt(testStart.Add(hour/2), keys[10:]...)
	b.set(append(soon, later...)...)
	p := b.start("a", alarms(hooks{}), func(c *engine.Config) { c.Clock = clock })
	b.await("the rows are armed", func() bool { return p.sum().rows == len(keys) })
	b.clock.Set(testStart + 10)
	b.same("rings", b.rung(10), first)

	clock.jump(hour)
	b.await("the jump is seen", func() bool { return p.jumped() == 1 })
	b.clock.Set(b.clock.Now() + 4000)
	clock.jump(-hour)
	b.clock.Set(b.clock.Now() + 4000)
	b.set(alarm("other", testStart+10)) // whatever was due fires before the commit that this one needs
	b.same("rings", b.rung(11), append(first, ring("other", testStart+10)))
	b.told(11, p) // and no more, though the clock was an hour ahead

	clock.jump(hour)
	b.await("the jump is seen", func() bool { return p.jumped() == 2 })
	b.clock.Set(b.clock.Now() + 5000)
	b.set(alarm("wake", testStart+20)) // no timer is waited for during a hold, by a clock that is driven
	want := append(append(first, ring("other", testStart+10)), second...)
	want = append(want, ring("wake", testStart+20))
	b.same("after five seconds the clock is believed", b.rung(22), want)

	clock.jump(-2 * hour)
	b.set(alarm("more", testStart+20)) // past before, and not now
	b.await("the jump back is seen", func() bool { return p.jumped() == 3 && p.sum().rows == 45 })
	b.told(22, p)
	b.clock.Set(b.clock.Now().Add(4 * hour))
	b.settled(append(want, ring("more", testStart+20)), all(rested(), append(keys, "other", "wake", "more")...))
}

// skewedClock is the machine's clock, set ahead.
type skewedClock struct {
	engine.Clock
	ahead atomic.Int64 // ms
	looks atomic.Int64
}

func newSkewedClock(ahead instant.Millis) *skewedClock {
	c := &skewedClock{Clock: processors.SystemClock()}
	c.ahead.Store(int64(ahead))
	return c
}

func (c *skewedClock) Now() instant.Instant {
	c.looks.Add(1)
	return c.Clock.Now().Add(instant.Millis(c.ahead.Load()))
}

func (c *skewedClock) AfterFunc(at instant.Instant, wake func()) func() {
	return c.Clock.AfterFunc(at.Add(-instant.Millis(c.ahead.Load())), wake)
}

// Where time passes by itself, timers fire by it: the engine waits for an instant, and for nothing else.
func TestTheSystemClockFires(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	clock := processors.SystemClock()
	p := b.start("a", alarms(hooks{}), func(c *engine.Config) { c.Clock, c.CommitInterval = clock, 5*time.Millisecond })
	b.ready(testPartitions, p)
	keys := numbered("key", 100)
	var want []string
	for i, key := range keys {
		at := clock.Now() + instant.Instant(i*3)
		b.set(alarm(key, at))
		want = append(want, ring(key, at))
	}
	b.settled(want, all(rested(), keys...))
}

// lines is what a process has logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) logger() zerolog.Logger { return zerolog.New(l).Level(zerolog.InfoLevel) }

// Write implements io.Writer.
func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// with counts the lines that hold text.
func (l *lines) with(text string) int { return strings.Count(l.String(), text) }
