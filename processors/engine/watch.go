package engine

import (
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// watch is the engine's clock as far as it is believed. It lives as long as the engine: an assignment that begins during a
// hold, or after a jump that came between two of them, must not take the wrong clock for the right one.
type watch struct {
	clock  Clock
	driven bool // by somebody who means it: nothing is a jump
	guard  jumpGuard
	tell   func(news clockNews, by time.Duration)
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
	if w.driven {
		return w.clock.Now(), forever
	}
	wall, elapsed, together := w.read()
	if !together && !w.guard.started {
		return wall, forever // nothing better is known; the next look begins
	}
	if together {
		if by, news := w.guard.look(wall, elapsed); news != noNews {
			w.tell(news, by)
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

// tellOfClock tells what was found out about the wall clock.
func (e *Engine) tellOfClock(news clockNews, by time.Duration) {
	log := e.config.Log
	switch news {
	case jumpedForward:
		e.config.Observe.clockJump(by)
		log.Warn().Dur("by", by).Dur("not_believed_for_at_most", holdMax).
			Msg("the wall clock jumped forward: check this machine's time service")
	case jumpedBack:
		e.config.Observe.clockJump(by)
		log.Warn().Dur("by", by).
			Msg("the wall clock was put back, and what is due waits for it: check this machine's time service")
	case putRight:
		log.Info().Msg("the wall clock was put right before it was believed: nothing has fired early")
	case nowBelieved:
		log.Warn().Dur("by", by).
			Msg("the wall clock has not been put right and is believed from now on: what is due by it fires")
	}
}
