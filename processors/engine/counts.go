package engine

import (
	"sync"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// counts adds up what callbacks count until the commit; the callbacks of all partitions do so at once.
type counts struct {
	mu     sync.Mutex
	byName map[string]int
	since  map[sinceWhen]int
}

// sinceWhen is what was counted of one instant: in a burst, nearly all of it.
type sinceWhen struct {
	name  string
	since instant.Instant
}

func newCounts() counts { return counts{byName: map[string]int{}, since: map[sinceWhen]int{}} }

func (c *counts) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byName[name]++
}

func (c *counts) addSince(name string, since instant.Instant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since[sinceWhen{name, since}]++
}

// tell tells what was counted in a transaction that was committed at now.
func (c *counts) tell(o Observer, now instant.Instant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o.counted(c.byName)
	for when, count := range c.since {
		o.late(when.name, max(0, span(now.Sub(when.since))), count)
	}
}

func (c *counts) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.byName)
	clear(c.since)
}
