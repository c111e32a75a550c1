package link

import (
	"sync"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
)

// Record is a record of a store's topic.
type Record struct {
	fault.Record
	Offset int64
}

// How many records of a device its store's shelf keeps: of those that the device has taken the newest, as compaction does, and
// some before it, as a topic has that was not compacted yet; and so many that it has not.
const (
	takenKept   = 8
	untakenKept = 256
)

// Shelf is what a store has read of its topic. A device takes from it what it has not seen, however long it was away; so the
// topic is read once, and restarts of devices cost nothing. It is safe for concurrent use.
type Shelf struct {
	mu      sync.Mutex
	records map[string][]Record // by device
	taken   map[string]int64    // by device: the offset behind what it has taken
	next    int64               // offset of the next record
	ready   bool
	news    func(deviceID string) // "" for all
}

// NewShelf returns an empty shelf. news is called when there is something for a device, or, with "", for all.
func NewShelf(news func(deviceID string)) *Shelf {
	return &Shelf{records: map[string][]Record{}, taken: map[string]int64{}, news: news}
}

// Put adds a record. Records whose offset is below that of one before are dropped: they were read twice.
func (s *Shelf) Put(r Record) {
	s.mu.Lock()
	if r.Offset < s.next {
		s.mu.Unlock()
		return
	}
	s.next = r.Offset + 1
	own := s.records[r.Key]
	own = append(own, r)
	for len(own) > untakenKept || len(own) > takenKept && own[0].Offset < s.taken[r.Key] {
		own[0] = Record{} // the array that is cut must not hold it
		own = own[1:]
	}
	s.records[r.Key] = own
	ready := s.ready
	s.mu.Unlock()
	if ready {
		s.news(r.Key)
	}
}

// Ready says that all was read that the topic had when the reading began. Before that nobody gets anything.
func (s *Shelf) Ready() {
	s.mu.Lock()
	was := s.ready
	s.ready = true
	s.mu.Unlock()
	if !was {
		s.news("")
	}
}

// IsReady says whether Ready was called.
func (s *Shelf) IsReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
}

// Since returns a device's records from an offset on, and the offset to ask for next. Until Ready there are none.
func (s *Shelf) Since(deviceID string, offset int64) ([]Record, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready {
		return nil, offset
	}
	var since []Record
	for _, r := range s.records[deviceID] {
		if r.Offset >= offset {
			since = append(since, r)
		}
	}
	s.taken[deviceID] = max(s.taken[deviceID], s.next)
	return since, max(offset, s.next)
}

// Seen returns what is on the shelf of all devices.
func (s *Shelf) Seen() (all []fault.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, own := range s.records {
		for _, r := range own {
			all = append(all, r.Record)
		}
	}
	return all
}
