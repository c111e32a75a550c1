package clock

import "time"

// Skew is how a device's own clock differs from the true time: at Since by Offset, and from then on by PPM millionths
// more each second. The zero value is a right clock.
type Skew struct {
	Offset time.Duration
	PPM    int64 // greater than -1,000,000
	Since  time.Time
}

const million = 1_000_000

// Device returns what the device's clock says at a true instant.
func (s Skew) Device(at time.Time) time.Time {
	return at.Add(s.Offset + s.drift(at))
}

// drift goes wrong slowly: it is reckoned in whole microseconds, so that centuries do not overflow.
func (s Skew) drift(at time.Time) time.Duration {
	if s.PPM == 0 {
		return 0
	}
	elapsed := at.Sub(s.Since)
	return elapsed/million*time.Duration(s.PPM) + elapsed%million*time.Duration(s.PPM)/million
}

// True returns a true instant at which the device's clock says at or later, at most a microsecond after the first such one.
func (s Skew) True(at time.Time) time.Time {
	guess := at.Add(-s.Offset)
	for range 3 { // each round leaves PPM millionths of the error
		guess = guess.Add(at.Sub(s.Device(guess)))
	}
	for s.Device(guess).Before(at) {
		guess = guess.Add(max(at.Sub(s.Device(guess)), time.Microsecond))
	}
	return guess
}
