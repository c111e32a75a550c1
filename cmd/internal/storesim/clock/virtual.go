package clock

import (
	"slices"
	"sync"
	"time"
)

// Virtual is a clock that stands still until Advance. It is safe for concurrent use.
type Virtual struct {
	mu      sync.Mutex
	now     time.Time
	waiting map[int]wait
	next    int
}

type wait struct {
	at   time.Time
	wake func()
}

// NewVirtual returns a clock that stands at an instant.
func NewVirtual(at time.Time) *Virtual { return &Virtual{now: at, waiting: map[int]wait{}} }

// Now implements Clock.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// AfterFunc implements Clock.
func (v *Virtual) AfterFunc(at time.Time, wake func()) (stop func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !at.After(v.now) {
		go wake()
		return func() {}
	}
	number := v.next
	v.next++
	v.waiting[number] = wait{at, wake}
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.waiting, number)
	}
}

// Advance moves the clock and wakes who waited for an instant up to then, the earliest first.
func (v *Virtual) Advance(by time.Duration) {
	v.mu.Lock()
	v.now = v.now.Add(by)
	var due []wait
	for number, w := range v.waiting {
		if !w.at.After(v.now) {
			due = append(due, w)
			delete(v.waiting, number)
		}
	}
	v.mu.Unlock()
	slices.SortFunc(due, func(a, b wait) int { return a.at.Compare(b.at) })
	for _, w := range due {
		w.wake()
	}
}
