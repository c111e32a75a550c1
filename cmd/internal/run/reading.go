package run

import (
	"sync"

	"github.com/rmn-arms/campaign-engine/processors/sink"
)

// reading is how far the reading of a sink's topics is: it begins when there is a database.
type reading struct {
	mu      sync.Mutex
	sink    *sink.Sink
	waiting string // for what, while there is no sink
}

func (r *reading) wait(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = reason
}

func (r *reading) begin(s *sink.Sink) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sink, r.waiting = s, ""
}

// overview says what the sink is doing; before there is a database it knows of no partition.
func (r *reading) overview() sink.Overview {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sink != nil {
		return r.sink.Overview()
	}
	return sink.Overview{Waiting: r.waiting}
}
