package processors

import (
	"time"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// SystemClock is the machine's clock.
func SystemClock() engine.Clock { return systemClock{started: time.Now()} }

type systemClock struct{ started time.Time }

func (systemClock) Now() instant.Instant { return instant.Of(time.Now()) }

// Elapsed goes on while the machine is suspended, where the system has such a clock; else it is Go's monotonic clock.
func (c systemClock) Elapsed() time.Duration {
	if at, ok := sinceBoot(); ok {
		return at
	}
	return time.Since(c.started)
}

// afterFuncMax bounds one wait: after a suspension or a step of the clock the rest is reckoned anew. It is how late a
// timer may be when the clock is stepped while nothing else happens.
const afterFuncMax = time.Second

func (c systemClock) AfterFunc(at instant.Instant, wake func()) (stop func()) {
	// A millisecond begins with its first nanosecond: truncation must not wake before it.
	wait := time.Until(at.Time())
	timer := time.AfterFunc(min(max(wait, 0), afterFuncMax), wake)
	return func() { timer.Stop() }
}
