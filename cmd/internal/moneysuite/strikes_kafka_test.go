//go:build kafka

package moneysuite

import (
	"math/rand/v2"
	"slices"
	"sync"
)

// strike is something that is killed when a part of the work is done.
type strike struct {
	at   int // of the plays published and the final statements seen, together
	what string
}

// The victims.
const (
	anEngine = "an engine"
	aServer  = "Postgres"
)

// strikes are planned from the seed; they are carried out one after the other.
type strikes struct {
	mu      sync.Mutex
	planned []strike
	done    int
	due     chan strike
}

// planStrikes spreads kills over both parts of the work: the plays, and then the settlements.
func planStrikes(random *rand.Rand, plays, finals int) *strikes {
	s := &strikes{due: make(chan strike, 16)}
	add := func(count int, what string, from, work int) {
		for i := range count { // one in each of count equal parts
			s.planned = append(s.planned, strike{from + i*work/count + random.IntN(max(1, work/count)), what})
		}
	}
	add(2, anEngine, 0, plays)
	add(1, aServer, 0, plays)
	add(2, anEngine, plays, finals*9/10)
	add(3, aServer, plays, finals*9/10)
	slices.SortFunc(s.planned, func(a, b strike) int { return a.at - b.at })
	return s
}

// advance says that one more play was published, or one more final statement was seen.
func (s *strikes) advance() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done++
	for len(s.planned) > 0 && s.planned[0].at < s.done {
		s.due <- s.planned[0]
		s.planned = s.planned[1:]
	}
}
