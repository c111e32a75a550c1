package engine

import (
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

const (
	// jumpMin is the step of the wall clock against the elapsed time that counts as a jump; slewing stays far below.
	jumpMin = 500 * time.Millisecond
	// holdMax is how long a jump forward is not believed. If the clock is not put right meanwhile, it is believed then.
	holdMax = 5 * time.Second
)

// jumpGuard does not believe a wall clock that jumps forward, since a transition that fired early cannot be taken back:
// for up to holdMax time goes on from where it was, as the elapsed time says. A jump is measured against the time that has
// passed since boot, so a machine that was suspended has not jumped.
type jumpGuard struct {
	started bool
	// offset is wall clock minus elapsed time, as last believed. (In milliseconds: nanoseconds would not reach year 9999.)
	offset instant.Millis
	// until is the end of the hold in elapsed time, 0 without one. suspected is the lowest offset seen during it, highest the
	// highest one that was told of.
	until              time.Duration
	suspected, highest instant.Millis
}

// look compares the clocks. jumped is true once per jump, with its size.
func (g *jumpGuard) look(now instant.Instant, elapsed time.Duration) (by time.Duration, jumped bool) {
	// Rounded so that what is believed is never ahead.
	offset := instant.Millis(now) - instant.Millis((elapsed + time.Millisecond - 1).Milliseconds())
	if !g.started {
		g.started, g.offset = true, offset
		return 0, false
	}
	by = span(offset - g.offset)
	switch {
	case by < jumpMin: // steady, slewed, or put back: what has fired is in the rows and does not fire again
		jumped = by <= -jumpMin
		g.offset, g.until = offset, 0
	case g.until == 0:
		g.hold(elapsed, offset)
		g.highest, jumped = offset, true
	default:
		jumped = span(offset-g.highest) >= jumpMin
		g.highest = max(g.highest, offset)
		g.suspected = min(g.suspected, offset)
		if elapsed >= g.until {
			// What was there all the time is believed. A jump that came meanwhile is held in its turn.
			g.offset, g.until = g.suspected, 0
			if span(offset-g.offset) >= jumpMin {
				g.hold(elapsed, offset)
			} else {
				g.offset = offset
			}
		}
	}
	return by, jumped
}

func (g *jumpGuard) hold(elapsed time.Duration, offset instant.Millis) {
	g.until, g.suspected = elapsed+holdMax, offset
}

// held says that the wall clock is ahead of what is believed.
func (g *jumpGuard) held() bool { return g.until != 0 }

// believed is what the wall clock would show without the jump.
func (g *jumpGuard) believed(elapsed time.Duration) instant.Instant {
	return instant.Instant(g.offset) + instant.Instant(elapsed.Milliseconds())
}

// span is a length of time as a Duration, which reaches no further than 292 years.
func span(length instant.Millis) time.Duration {
	const longest = instant.Millis(forever / time.Millisecond)
	return time.Duration(min(max(length, -longest), longest)) * time.Millisecond
}
