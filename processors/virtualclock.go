package processors

import (
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// VirtualClock stands still until it is driven. It is safe for concurrent use.
type VirtualClock struct {
	mu      sync.Mutex
	now     instant.Instant
	elapsed instant.Millis
	waiting map[int]func()
	count   int
}

var _ engine.Clock = (*VirtualClock)(nil)

// NewVirtualClock returns a clock that stands at now.
func NewVirtualClock(now instant.Instant) *VirtualClock {
	return &VirtualClock{now: now, waiting: make(map[int]func())}
}

// Now implements engine.Clock.
func (c *VirtualClock) Now() instant.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Elapsed implements engine.Clock: time that is driven passes like any other, so a step forward is not a jump. A step
// back is one: the wall clock was put back, and no time has passed.
func (c *VirtualClock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.elapsed) * time.Millisecond
}

// AfterFunc implements engine.Clock. Whoever waits is woken by every step and looks for itself.
func (c *VirtualClock) AfterFunc(at instant.Instant, wake func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now >= at {
		go wake()
		return func() {}
	}
	c.count++
	id := c.count
	c.waiting[id] = wake
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting, id)
	}
}

// Set drives the clock to now and wakes all who wait.
func (c *VirtualClock) Set(now instant.Instant) {
	c.mu.Lock()
	c.elapsed += max(0, now.Sub(c.now))
	c.now = now
	waiting := c.waiting
	c.waiting = make(map[int]func())
	c.mu.Unlock()
	for _, wake := range waiting {
		wake()
	}
}
