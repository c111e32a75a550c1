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
	bytes    int64 // of rows and outputs
}

// pace decides when to commit: at once when nothing was committed for an interval, so that a lone event waits for nobody;
// otherwise an interval after the last commit, so that a stream of them costs the broker a bounded number of transactions
// a second. Who is behind commits in larger steps, since each costs time in which nothing is read.
type pace struct {
	interval              time.Duration
	timersMax, recordsMax int
	lastCommit            time.Duration // Clock.Elapsed
}

const (
	// bytesMax is how much a transaction may carry: what a broker surely takes within the transaction's time-out.
	bytesMax = 64 << 20
	// behindMax is how long the transaction of who is behind stays open, whatever it holds.
	behindMax = 250 * time.Millisecond
)

// full says that nothing more may go into the transaction.
func (p *pace) full(l load) bool {
	return l.records >= p.recordsMax || l.timers >= p.timersMax || l.bytes >= bytesMax
}

// commitAt is when the open transaction is to be committed; behind says that more waits to be put into it.
func (p *pace) commitAt(l load, behind bool) time.Duration {
	at := max(l.openedAt, p.lastCommit+p.interval)
	if behind && p.interval >= 0 {
		return max(at, l.openedAt+behindMax)
	}
	return at
}

// committed notes a commit that has just ended.
func (p *pace) committed(at time.Duration) { p.lastCommit = at }
