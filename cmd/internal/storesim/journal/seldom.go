package journal

import (
	"fmt"
	"sync"
	"time"
)

// Seldom hands on what happens to a sink; of the faults of one device's fetches one in so long a time, by now, with the number
// of those that it left out before. Where the simulation's clock is driven a device tries again that many times as often.
func Seldom(to Sink, every time.Duration, now func() time.Time) Sink {
	s := seldom{to: to, every: every, now: now, devices: map[string]*faulty{}}
	return s.note
}

type seldom struct {
	to    Sink
	every time.Duration
	now   func() time.Time

	mu      sync.Mutex
	devices map[string]*faulty
}

// faulty is a device whose fetches went wrong.
type faulty struct {
	told time.Time
	left int // out since then
}

func (s *seldom) note(l Line) {
	if l.Event == FetchFault && !s.tells(&l) {
		return
	}
	s.to(l)
}

// tells says whether a fault is to be told, and puts to it how many were not.
func (s *seldom) tells(l *Line) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, before := s.now(), s.devices[l.Device]
	if before != nil && now.Sub(before.told) < s.every {
		before.left++
		return false
	}
	if before != nil && before.left > 0 {
		l.Error += fmt.Sprintf(" (and %d times before)", before.left)
	}
	s.devices[l.Device] = &faulty{told: now}
	return true
}
