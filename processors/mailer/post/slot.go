package post

import (
	"sync"
	"time"
)

// slot is a mail's place among those that are on their way at the same time. One that takes longer than soon goes over to the
// places of the slow ones, where one is free, and lets another mail have its own.
type slot struct {
	timer *time.Timer
	mu    sync.Mutex
	held  chan struct{} // where its place is; nil: given back
}

// take makes a slot of a place that hold has taken.
func (s *Sender) take() *slot {
	taken := &slot{held: s.slots}
	taken.timer = time.AfterFunc(s.soon, func() {
		taken.mu.Lock()
		defer taken.mu.Unlock()
		if taken.held == nil {
			return
		}
		select {
		case s.slow <- struct{}{}:
			taken.held = s.slow
			<-s.slots
		default:
		}
	})
	return taken
}

func (t *slot) giveBack() {
	t.timer.Stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	<-t.held
	t.held = nil
}

// gate lets one pass at a time; who takes longer than a while lets the next one in.
type gate struct {
	while time.Duration
	place chan struct{}
}

func newGate(while time.Duration) *gate { return &gate{while, make(chan struct{}, 1)} }

// enter waits for its turn. leave may be called once; before, the turn may have passed on.
func (g *gate) enter(done <-chan struct{}) (leave func(), entered bool) {
	select {
	case <-done:
		return nil, false
	case g.place <- struct{}{}:
	}
	var once sync.Once
	pass := func() { once.Do(func() { <-g.place }) }
	timer := time.AfterFunc(g.while, pass)
	return func() {
		timer.Stop()
		pass()
	}, true
}
