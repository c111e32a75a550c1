// Package clock is the simulation's time: the machine's, a virtual one for tests, and the wrong ones of devices.
//
//	clock.go    what a clock is, and the only place of the simulation that reads the machine's
//	virtual.go  a clock that a test moves
//	skew.go     how a device's own clock differs from the true time
package clock

import "time"

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

func (system) AfterFunc(at time.Time, wake func()) (stop func()) {
	timer := time.AfterFunc(max(time.Until(at), 0), wake)
	return func() { timer.Stop() }
}
