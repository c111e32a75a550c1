// Package clock is the simulation's time: the machine's, a virtual one for tests, and the wrong ones of devices.
//
//	clock.go    what a clock is, and the machine's
//	driven.go   a clock like that of an engine that is driven
//	virtual.go  a clock that a test moves
//	skew.go     how a device's own clock differs from the true time
package clock

import (
	"sync"
	"time"
)

// Clock tells the true time and wakes who waits for an instant of it.
type Clock interface {
	Now() time.Time
	// AfterFunc calls wake in a goroutine of its own once Now is at or after the instant. A call of stop before that
	// prevents it; it may come once more after stop when they meet.
	AfterFunc(at time.Time, wake func()) (stop func())
}

// System is the machine's clock.
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return time.Now() }

// stepMax bounds one wait: when the machine's clock is set, or the machine was suspended, the rest is reckoned anew.
const stepMax = time.Second

func (system) AfterFunc(at time.Time, wake func()) (stop func()) {
	a := &alarm{at: at, wake: wake}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timer = time.AfterFunc(step(at), a.ring)
	return a.stop
}

func step(at time.Time) time.Duration { return min(max(time.Until(at), 0), stepMax) }

type alarm struct {
	at   time.Time
	wake func()

	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

func (a *alarm) ring() {
	a.mu.Lock()
	due := !time.Now().Before(a.at)
	if !due && !a.stopped {
		a.timer.Reset(step(a.at))
	}
	stopped := a.stopped
	a.mu.Unlock()
	if due && !stopped {
		a.wake()
	}
}

func (a *alarm) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	a.timer.Stop()
}
