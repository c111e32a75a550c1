package story

import (
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Clock is time in the story. It flies to an instant at a rate, is there exactly then, and from there goes as fast as time does,
// until it is told to fly on. So what is due at the instant is a true millisecond late and not a thousand, what is waited for
// there takes seconds of the story and no hours, and the story is the same on any machine. It never goes back or stands still.
type Clock struct {
	start instant.Instant
	rate  int64 // how many times as fast as time it flies
	real  func() time.Duration

	mu     sync.Mutex
	base   time.Duration // behind start, when it was at took
	leg    time.Duration // from there on it flies so far
	took   time.Duration // by real
	alarms map[*alarm]struct{}
}

type alarm struct {
	clock *Clock
	at    time.Duration // behind start
	wake  func()
	timer *time.Timer
}

// NewClock returns a clock that shows start, and goes as fast as time does. rate is how much faster it flies, 1 to
// processors.DrivenRateMax.
func NewClock(start instant.Instant, rate int64) *Clock {
	began := time.Now()
	return &Clock{
		start: start, rate: rate, real: func() time.Duration { return time.Since(began) }, alarms: map[*alarm]struct{}{},
	}
}

// Now returns what it shows.
func (c *Clock) Now() instant.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.start.Add(instant.Millis(c.shows(c.real()).Milliseconds()))
}

// FlyTo has it fly to an instant; one that is past is where it is.
func (c *Clock) FlyTo(at instant.Instant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.real()
	c.base, c.took = c.shows(now), now
	c.leg = max(c.behind(at)-c.base, 0)
	for a := range c.alarms {
		a.timer.Reset(c.left(a.at, now))
	}
}

// AfterFunc calls wake in a goroutine of its own once Now is at or after an instant; stop prevents it.
func (c *Clock) AfterFunc(at instant.Instant, wake func()) (stop func()) {
	a := &alarm{clock: c, at: c.behind(at), wake: wake}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alarms[a] = struct{}{}
	a.timer = time.AfterFunc(c.left(a.at, c.real()), a.ring)
	return a.stop
}

func (c *Clock) behind(at instant.Instant) time.Duration {
	const most = instant.Millis(100 * 365 * 24 * 60 * 60 * 1000) // in nanoseconds a century still has room
	return time.Duration(min(at.Sub(c.start), most)) * time.Millisecond
}

// shows returns how far behind start it is at a true time.
func (c *Clock) shows(now time.Duration) time.Duration {
	passed := now - c.took
	if flown := c.flight(c.leg); passed >= flown {
		return c.base + c.leg + passed - flown
	}
	return c.base + time.Duration(int64(passed)*c.rate)
}

// left returns how long it takes until it shows what is at behind start, or later.
func (c *Clock) left(at, now time.Duration) time.Duration {
	way, passed := at-c.base, now-c.took
	if way > c.leg {
		return max(c.flight(c.leg)+way-c.leg-passed, 0)
	}
	return max(c.flight(way)-passed, 0)
}

// flight returns how long a way takes, rounded up.
func (c *Clock) flight(way time.Duration) time.Duration {
	return time.Duration((int64(way) + c.rate - 1) / c.rate)
}

func (a *alarm) ring() {
	c := a.clock
	c.mu.Lock()
	_, waits := c.alarms[a]
	now := c.real()
	due := c.shows(now) >= a.at
	switch {
	case waits && due:
		delete(c.alarms, a)
	case waits:
		a.timer.Reset(c.left(a.at, now))
	}
	c.mu.Unlock()
	if waits && due {
		a.wake()
	}
}

func (a *alarm) stop() {
	a.clock.mu.Lock()
	defer a.clock.mu.Unlock()
	delete(a.clock.alarms, a)
	a.timer.Stop()
}

// Engine returns it as the engine takes it.
func (c *Clock) Engine() engine.Clock { return engineClock{c, processors.SystemClock()} }

type engineClock struct {
	*Clock
	time engine.Clock
}

var _ engine.DrivenClock = engineClock{}

// Elapsed implements engine.Clock: what the engine measures goes by true time.
func (c engineClock) Elapsed() time.Duration { return c.time.Elapsed() }

// Driven implements engine.DrivenClock.
func (engineClock) Driven() {}

// Stores returns it as the simulated stores take it.
func (c *Clock) Stores() clock.Clock { return storesClock{c} }

type storesClock struct{ clock *Clock }

func (c storesClock) Now() time.Time { return c.clock.Now().Time() }

// AfterFunc takes the first whole millisecond that is not before an instant: Now shows no others.
func (c storesClock) AfterFunc(at time.Time, wake func()) (stop func()) {
	return c.clock.AfterFunc(instant.Of(at.Add(time.Millisecond-1)), wake)
}
