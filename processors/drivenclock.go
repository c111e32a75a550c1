package processors

import (
	"math"
	"time"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// DrivenRateMax bounds how many times as fast as the machine's a driven clock may go: a day then takes less than a second.
const DrivenRateMax = 100_000

// DrivenLast is the latest instant that a driven clock shows: of later ones the client makes timestamps of the past, since it
// reckons in nanoseconds. 2262-04-11T23:47:16.854Z.
const DrivenLast = instant.Instant(math.MaxInt64 / int64(time.Millisecond))

// heldPause is how long one waits at least, in true time, while the clock is held.
const heldPause = 10 * time.Millisecond

// drivenClock goes on from start, rate times as fast as time does. It never jumps, whatever becomes of the machine's clock, but
// for where it was held back.
type drivenClock struct {
	start instant.Instant
	rate  int64
	time  engine.Clock
	began time.Duration // time.Elapsed
	until func() instant.Instant
}

var _ engine.DrivenClock = drivenClock{}

// DrivenClock returns a clock that shows start now and goes rate times as fast as the machine's, 1 to DrivenRateMax.
func DrivenClock(start instant.Instant, rate int64) engine.Clock {
	return HeldClock(start, rate, func() instant.Instant { return DrivenLast })
}

// HeldClock is DrivenClock for one that shows nothing later than until says: it waits there, and is where it would have been
// when it may go on. What until says never falls, nor lies before start; it is asked from many goroutines.
func HeldClock(start instant.Instant, rate int64, until func() instant.Instant) engine.Clock {
	c := drivenClock{start: start, rate: rate, time: SystemClock(), until: until}
	c.began = c.time.Elapsed()
	return c
}

// Now implements engine.Clock. It stays at DrivenLast once it is there.
func (c drivenClock) Now() instant.Instant {
	now, _ := c.now()
	return now
}

// now also says whether it is held.
func (c drivenClock) now() (now instant.Instant, held bool) {
	passed := (c.time.Elapsed() - c.began).Microseconds()
	now, until := min(c.start.Add(instant.Millis(passed*c.rate/1000)), DrivenLast), c.until()
	return min(now, until), now > until
}

// Elapsed implements engine.Clock: what the engine measures (patience, pauses, how long a commit takes) goes by true time.
func (c drivenClock) Elapsed() time.Duration { return c.time.Elapsed() }

// AfterFunc implements engine.Clock.
func (c drivenClock) AfterFunc(at instant.Instant, wake func()) (stop func()) {
	now, held := c.now()
	left := at.Sub(now)
	if left > instant.Millis(afterFuncMax.Milliseconds()*c.rate) {
		left = instant.Millis(afterFuncMax.Milliseconds() * c.rate)
	}
	// One more microsecond: the division must not wake before it.
	wait := time.Duration(max(left, 0))*time.Millisecond/time.Duration(c.rate) + time.Microsecond
	if held {
		wait = max(wait, heldPause) // what waits for an instant that is near would be woken without end
	}
	timer := time.AfterFunc(wait, wake)
	return func() { timer.Stop() }
}

// Driven implements engine.DrivenClock.
func (drivenClock) Driven() {}
