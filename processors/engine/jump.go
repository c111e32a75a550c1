package engine

import (
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

const (
	// jumpMin is what the wall clock may gain on the elapsed time within creepWindow; more is a jump, in one step or in many.
	jumpMin = 500 * time.Millisecond
	// creepWindow is how long small gains are added up.
	creepWindow = time.Minute
	// slewOneIn is the part of the time that passes by which a clock that is slewed may gain beside that, however long
	// nobody looks: twice the 500 ppm that kernels and time services slew by.
	slewOneIn = 1000
	// holdMax is how long a jump forward is not believed. If the clock is not put right meanwhile, it is believed then.
	holdMax = 5 * time.Second
)

// jumpGuard does not believe a wall clock that jumps forward, since a transition that fired early cannot be taken back:
// for up to holdMax time goes on from where it was, as the elapsed time says. A jump is measured against the time that has
// passed since boot, so a machine that was suspended has not jumped.
//
// A clock that goes back is believed at once: what is late can be made up for, what is early cannot.
type jumpGuard struct {
	started bool
	// offset is wall clock minus elapsed time, as last believed. (In milliseconds: nanoseconds would not reach year 9999.)
	offset   instant.Millis
	lookedAt time.Duration
	// floor is the lowest offset believed since floorAt, and what gains are measured from; limit is where they are too much.
	floor, limit instant.Millis
	floorAt      time.Duration
	// until is the end of the hold in elapsed time, 0 without one. suspected is the lowest offset seen during it, highest the
	// highest one that was told of.
	until              time.Duration
	suspected, highest instant.Millis
}

// clockNews is what a look at the clocks finds that somebody should hear of.
type clockNews uint8

const (
	noNews        clockNews = iota
	jumpedForward           // it is not believed for now
	putRight                // while it was not believed
	nowBelieved             // nobody has put it right
	jumpedBack              // believed at once
)

// look compares the clocks. news comes once; by is how far the wall clock is ahead of what was believed before the look.
func (g *jumpGuard) look(now instant.Instant, elapsed time.Duration) (by time.Duration, news clockNews) {
	// Rounded so that what is believed is never ahead.
	offset := instant.Millis(now) - instant.Millis((elapsed + time.Millisecond - 1).Milliseconds())
	if !g.started {
		g.started, g.lookedAt, g.offset = true, elapsed, offset
		g.measureFrom(offset, elapsed)
		return 0, noNews
	}
	by = span(offset - g.offset)
	unseen := elapsed - g.lookedAt
	g.lookedAt = elapsed
	if !g.held() {
		g.limit = g.floor + instant.Millis((jumpMin + (elapsed-g.floorAt)/slewOneIn).Milliseconds())
	}
	switch {
	case offset < g.limit: // steady, slewed, or put back
		switch {
		case by <= -jumpMin-unseen/slewOneIn: // what has fired is in the rows and does not fire again
			news = jumpedBack
		case g.held():
			news = putRight
		}
		g.until = 0
		g.believe(offset, elapsed)
	case !g.held():
		g.hold(offset, elapsed)
		g.highest, news = offset, jumpedForward
	default:
		news = g.wait(offset, elapsed)
	}
	return by, news
}

// wait looks at a wall clock that is held.
func (g *jumpGuard) wait(offset instant.Millis, elapsed time.Duration) (news clockNews) {
	if span(offset-g.highest) >= jumpMin {
		g.highest, news = offset, jumpedForward
	}
	g.suspected = min(g.suspected, offset)
	if elapsed < g.until {
		return news
	}
	// What was there all the time is believed. A jump that came meanwhile is held in its turn.
	g.until, g.offset = 0, g.suspected
	g.measureFrom(g.suspected, elapsed)
	if g.limit = g.suspected + instant.Millis(jumpMin.Milliseconds()); offset >= g.limit {
		g.hold(offset, elapsed)
		return news
	}
	g.believe(offset, elapsed)
	return nowBelieved
}

func (g *jumpGuard) believe(offset instant.Millis, elapsed time.Duration) {
	g.offset = offset
	if offset < g.floor || elapsed-g.floorAt >= creepWindow {
		g.measureFrom(offset, elapsed)
	}
}

func (g *jumpGuard) measureFrom(offset instant.Millis, elapsed time.Duration) {
	g.floor, g.floorAt = offset, elapsed
}

func (g *jumpGuard) hold(offset instant.Millis, elapsed time.Duration) {
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
