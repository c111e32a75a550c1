package engine

import (
	"math"
	"time"
)

// forever is a time that never comes.
const forever = time.Duration(math.MaxInt64)

// load is what lies in the open transaction.
type load struct {
	open     bool
	openedAt time.Duration // Clock.Elapsed
	records  int
	timers   int
}

// pace decides when to commit: at once when nothing was committed for an interval, so that a lone event waits for nobody;
// otherwise an interval after the last commit, so that a stream of them costs the broker a bounded number of
// transactions a second. A transaction is therefore never open for longer than an interval.
type pace struct {
	interval              time.Duration
	timersMax, recordsMax int
	lastCommit            time.Duration // Clock.Elapsed
}

// full says that nothing more may go into the transaction.
func (p *pace) full(l load) bool { return l.records >= p.recordsMax || l.timers >= p.timersMax }

// commitAt is when the open transaction is to be committed.
func (p *pace) commitAt(l load) time.Duration { return max(l.openedAt, p.lastCommit+p.interval) }

// committed notes a commit that has just ended.
func (p *pace) committed(at time.Duration) { p.lastCommit = at }
