package engine

import (
	"sync"
	"time"
)

// yieldMax is how long records wait for another engine's due timers before a transaction of them goes in between.
const yieldMax = time.Second

// burst says whether an engine has timers that are due and have not fired yet.
type burst struct {
	mu sync.Mutex
	// over is closed when the burst ends; nil without one.
	over chan struct{}
}

func (b *burst) set(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case on && b.over == nil:
		b.over = make(chan struct{})
	case !on && b.over != nil:
		close(b.over)
		b.over = nil
	}
}

// ends returns a channel that is closed when the burst is over; nil without one.
func (b *burst) ends() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.over
}

// Bursting returns a channel that is closed when no timers are due any more that have not fired; nil when none are. It is for
// what shares the machine with the engine and can wait, as YieldTo has other engines do.
func (e *Engine) Bursting() <-chan struct{} { return e.burst.ends() }

// yields says until when the loop's records wait: for as long as the engine that it yields to has timers to fire, so that
// the processors' share of the machine does not delay decisions in favour of what follows from them. What lies in an open
// transaction is finished first. nil: they do not wait.
func (l *loop) yields() <-chan struct{} {
	before := l.engine.config.YieldTo
	if before == nil || l.tx.load.open {
		return nil
	}
	over := before.burst.ends()
	switch now := l.elapsed(); {
	case over == nil:
		l.yielding = false
	case !l.yielding:
		l.yielding, l.yieldedAt = true, now
	case now-l.yieldedAt >= yieldMax:
		return nil
	}
	return over
}
