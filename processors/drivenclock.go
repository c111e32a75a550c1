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

// drivenClock goes on from start, rate times as fast as time does. It never jumps, whatever becomes of the machine's clock.
type drivenClock struct {
	start instant.Instant
	rate  int64
	time  engine.Clock
	began time.Duration // time.Elapsed
}

var _ engine.DrivenClock = drivenClock{}

// DrivenClock returns a clock that shows start now and goes rate times as fast as the machine's, 1 to DrivenRateMax.
func DrivenClock(start instant.Instant, rate int64) engine.Clock {
	c := drivenClock{start: start, rate: rate, time: SystemClock()}
	c.began = c.time.Elapsed()
	return c
}

// Now implements engine.Clock. It stays at DrivenLast once it is there.
func (c drivenClock) Now() instant.Instant {
	passed := (c.time.Elapsed() - c.began).Microseconds()
	return min(c.start.Add(instant.Millis(passed*c.rate/1000)), DrivenLast)
}

// Elapsed implements engine.Clock: what the engine measures (patience, pauses, how long a commit takes) goes by true time.
func (c drivenClock) Elapsed() time.Duration { return c.time.Elapsed() }

// AfterFunc implements engine.Clock.
func (c drivenClock) AfterFunc(at instant.Instant, wake func()) (stop func()) {
	left := at.Sub(c.Now())
	if left > instant.Millis(afterFuncMax.Milliseconds()*c.rate) {
		left = instant.Millis(afterFuncMax.Milliseconds() * c.rate)
	}
	// One more microsecond: the division must not wake before it.
	wait := time.Duration(max(left, 0))*time.Millisecond/time.Duration(c.rate) + time.Microsecond
	timer := time.AfterFunc(wait, wake)
	return func() { timer.Stop() }
}

// Driven implements engine.DrivenClock.
func (drivenClock) Driven() {}
