package engine

import (
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Clock is where the engine's time comes from. Callbacks never see it: they get the instant of their batch from Context.
type Clock interface {
	// Now is the wall clock. It decides what is due; it may jump.
	Now() instant.Instant
	// Elapsed grows steadily from an arbitrary zero and goes on while the machine sleeps (CLOCK_BOOTTIME). What it says
	// against Now tells a jump of the wall clock from a machine that was suspended.
	Elapsed() time.Duration
	// AfterFunc calls wake once, in its own goroutine, when Now has reached at, and soon after any step of a clock that
	// somebody drives. stop releases it.
	AfterFunc(at instant.Instant, wake func()) (stop func())
}

// DrivenClock is a Clock that somebody drives: whatever Now shows is meant, so it is neither held when it goes faster than
// Elapsed nor compared with the brokers' clocks.
type DrivenClock interface {
	Clock
	Driven()
}

func isDriven(clock Clock) bool {
	_, is := clock.(DrivenClock)
	return is
}
