package engine

import (
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// sight is what the loop sees of the clock while it does not believe it; see watch.
type sight struct {
	now            instant.Instant // believed
	elapsed, until time.Duration   // Clock.Elapsed then, and at the end of the hold
}

// looked notes what the loop saw, for who looks on.
func (e *Engine) looked(now instant.Instant, until time.Duration) {
	switch {
	case until < forever:
		e.sight.Store(&sight{now, e.config.Clock.Elapsed(), until})
	case e.sight.Load() != nil:
		e.sight.Store(nil)
	}
}

// believed returns the instant that the engine decides by, and whether it holds a wall clock that has jumped forward.
func (e *Engine) believed() (now instant.Instant, held bool) {
	if s := e.sight.Load(); s != nil {
		if elapsed := e.config.Clock.Elapsed(); elapsed < s.until {
			return s.now.Add(instant.Millis((elapsed - s.elapsed).Milliseconds())), true
		}
	}
	return e.config.Clock.Now(), false
}
