package engine

import (
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

const (
	// jumpMin is the step of the wall clock against the elapsed time that counts as a jump; slewing stays far below.
	jumpMin = 500 * time.Millisecond
	// holdMax is how long firing is held after a jump forward. If the clock is not put right meanwhile, it is believed.
	holdMax = 5 * time.Second
)

// jumpGuard holds firing when the wall clock jumps forward, since a transition that fired early cannot be taken back. A
// jump is measured against the time that has passed since boot, so a machine that was suspended has not jumped.
type jumpGuard struct {
	started bool
	// offset is wall clock minus elapsed time, as last believed.
	offset time.Duration
	// until is the end of the hold in elapsed time, 0 without one; suspected is the offset being held.
	until     time.Duration
	suspected time.Duration
}

// look compares the clocks. jumped is true once per jump, with its size.
func (g *jumpGuard) look(now instant.Instant, elapsed time.Duration) (held bool, by time.Duration, jumped bool) {
	offset := time.Duration(now)*time.Millisecond - elapsed
	if !g.started {
		g.started, g.offset = true, offset
		return false, 0, false
	}
	by = offset - g.offset
	switch {
	case by < jumpMin: // steady, slewed, or put back: what has fired is in the rows and does not fire again
		jumped = by <= -jumpMin
		g.offset, g.until = offset, 0
		return false, by, jumped
	case g.until == 0:
		g.until, g.suspected = elapsed+holdMax, offset
		return true, by, true
	case elapsed < g.until:
		// Another jump does not prolong the hold: jumps that do not end would hold firing for ever.
		if jumped = offset-g.suspected >= jumpMin; jumped {
			g.suspected = offset
		}
		return true, by, jumped
	default:
		g.offset, g.until = offset, 0
		return false, by, false
	}
}
