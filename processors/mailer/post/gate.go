package post

import (
	"sync"
	"time"
)

// gate lets one pass at a time. Who takes much longer than the last one, and than least, lets the next one in; at first, and in
// any case, who takes longer than most.
type gate struct {
	least, most time.Duration
	place       chan struct{}

	mu    sync.Mutex
	while time.Duration
}

func newGate(least, most time.Duration) *gate {
	return &gate{least: least, most: most, place: make(chan struct{}, 1), while: most}
}

// enter waits for its turn. leave may be called once; before, the turn may have passed on.
func (g *gate) enter(done <-chan struct{}) (leave func(), entered bool) {
	select {
	case <-done:
		return nil, false
	case g.place <- struct{}{}:
	}
	var once sync.Once
	pass := func() { once.Do(func() { <-g.place }) }
	g.mu.Lock()
	defer g.mu.Unlock()
	timer := time.AfterFunc(g.while, pass)
	return func() {
		timer.Stop()
		pass()
	}, true
}

// took tells how long one took: one that passes as fast is not overtaken.
func (g *gate) took(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.while = min(max(2*d, g.least), g.most)
}
