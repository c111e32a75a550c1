package engine

import (
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// watch is the engine's clock as far as it is believed. It lives as long as the engine: an assignment that begins during a
// hold, or after a jump that came between two of them, must not take the wrong clock for the right one.
type watch struct {
	clock  Clock
	guard  jumpGuard
	jumped func(by time.Duration)
}

const (
	// readingMax is how long reading both clocks may take for the two to be compared: a process that is stopped between the
	// readings and goes on later must not take that for a jump.
	readingMax   = 50 * time.Millisecond
	readingTries = 3
)

// look returns the instant to decide by: what records are read at and timers fire at, the same for both, since a record
// that were read at a later instant than is believed would fire its timers early. until is the end of a hold
// (Clock.Elapsed), forever without one.
func (w *watch) look() (now instant.Instant, until time.Duration) {
	wall, elapsed, together := w.read()
	if !together && !w.guard.started {
		return wall, forever // nothing better is known; the next look begins
	}
	if together {
		if by, jumped := w.guard.look(wall, elapsed); jumped {
			w.jumped(by)
		}
	}
	switch {
	case w.guard.held():
		return w.guard.believed(elapsed), w.guard.until
	case !together:
		return w.guard.believed(elapsed), forever
	default:
		return wall, forever
	}
}

// read reads both clocks. together is false when a machine is too busy to do so at once: the two then say nothing about
// each other.
func (w *watch) read() (wall instant.Instant, elapsed time.Duration, together bool) {
	for range readingTries {
		before := w.clock.Elapsed()
		wall = w.clock.Now()
		elapsed = w.clock.Elapsed()
		if elapsed-before <= readingMax {
			return wall, elapsed, true
		}
	}
	return wall, elapsed, false
}

// warnOfJump tells of a jump of the wall clock.
func (e *Engine) warnOfJump(by time.Duration) {
	e.config.Observe.clockJump(by)
	warning := e.config.Log.Warn().Dur("by", by)
	if by > 0 {
		warning = warning.Dur("not_believed_for_at_most", holdMax)
	}
	warning.Msg("the wall clock jumped: check this machine's time service")
}
