package engine

import (
	"errors"
	"sync"
)

// status is what Ready tells.
type status struct {
	mu      sync.Mutex
	running bool
	waiting string
}

func (s *status) ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return nil
	}
	if s.waiting == "" {
		return errors.New("joining the group")
	}
	return errors.New(s.waiting)
}

func (s *status) run() { s.set(true, "") }

func (s *status) wait(why string) { s.set(false, why) }

func (s *status) set(running bool, waiting string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.waiting = running, waiting
}
