package logging

import (
	"sync"
	"time"
)

// Seldom tells of each kind of thing at most once in an interval. What comes meanwhile is counted, and told when the
// interval is over. It may be used from many goroutines.
type Seldom struct {
	every time.Duration
	mu    sync.Mutex
	kinds map[string]*heldBack
}

// heldBack is what came of a kind since it was told of.
type heldBack struct {
	count int
	tell  func(count int) // as the latest would be told
}

// SeldomEvery is the interval of what an operator needs to see, but not each time.
const SeldomEvery = 10 * time.Second

// NewSeldom returns a Seldom with an interval.
func NewSeldom(every time.Duration) *Seldom {
	return &Seldom{every: every, kinds: map[string]*heldBack{}}
}

// Tell calls tell with count at once when nothing of the kind was told of in the last interval. Otherwise the count is added
// to those held back, and the latest tell is called with their sum at the interval's end. tell must not call Tell.
func (s *Seldom) Tell(kind string, count int, tell func(count int)) {
	s.mu.Lock()
	if held, recently := s.kinds[kind]; recently {
		held.count += count
		held.tell = tell
		s.mu.Unlock()
		return
	}
	s.kinds[kind] = &heldBack{}
	s.mu.Unlock()
	time.AfterFunc(s.every, func() { s.over(kind) })
	tell(count)
}

// over tells what was held back during an interval; the next begins then.
func (s *Seldom) over(kind string) {
	s.mu.Lock()
	held := *s.kinds[kind]
	if held.count == 0 {
		delete(s.kinds, kind)
		s.mu.Unlock()
		return
	}
	s.kinds[kind] = &heldBack{}
	s.mu.Unlock()
	time.AfterFunc(s.every, func() { s.over(kind) })
	held.tell(held.count)
}
