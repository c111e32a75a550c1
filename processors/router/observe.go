package router

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Step is a place on the way from a poll to a commit.
type Step string

// The steps, in their order.
const (
	StepPolled    Step = "polled"    // records have been fetched
	StepCreated   Step = "created"   // topics that were missing are there
	StepBegun     Step = "begun"     // a transaction is open
	StepProduced  Step = "produced"  // its records are on their way
	StepFlushed   Step = "flushed"   // the brokers have all of them
	StepOffsets   Step = "offsets"   // positions are about to be added
	StepCommitted Step = "committed" // it has ended, and nothing here knows
)

// Steps lists all steps.
func Steps() []Step {
	return []Step{StepPolled, StepCreated, StepBegun, StepProduced, StepFlushed, StepOffsets, StepCommitted}
}

func (r *Router) at(step Step) {
	if r.config.Reached != nil {
		r.config.Reached(step)
	}
}

// listened has somebody listen to all that is told, and answer what is asked.
func listened(c *Config) {
	o := &c.Observe
	if o.Committed == nil {
		o.Committed = func(int, int, int, time.Duration, time.Duration) {}
	}
	if o.Counted == nil {
		o.Counted = func(map[string]int) {}
	}
	for _, f := range []*func(string){&o.Aborted, &o.Restarted, &o.Fenced} {
		if *f == nil {
			*f = func(string) {}
		}
	}
	if o.Assigned == nil {
		o.Assigned = func(int) {}
	}
	if o.Lost == nil {
		o.Lost = func(string, int64) {}
	}
	if c.Bursting == nil {
		c.Bursting = func() <-chan struct{} { return nil }
	}
	if c.Created == nil {
		c.Created = func(int) {}
	}
	if c.CreationFailed == nil {
		c.CreationFailed = func() {}
	}
}

// state is what others may ask of a router.
type state struct {
	mu        sync.Mutex
	waiting   string // "" while it serves an assignment
	held      string
	positions map[int32]int64
	ends      map[int32]int64 // high watermarks, where one was seen
}

func (s *state) wait(why string) { s.set(func() { s.waiting = why }) }

// hold notes why nothing goes on though the group has been joined; "": it does.
func (s *state) hold(why string) { s.set(func() { s.held = why }) }

func (s *state) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// serve notes where an assignment begins; none ends it.
func (s *state) serve(positions map[int32]int64) {
	s.set(func() {
		s.positions, s.ends = make(map[int32]int64), make(map[int32]int64)
		for partition, at := range positions {
			s.positions[partition] = at
		}
	})
}

func (s *state) end(partition int32, highWatermark int64) {
	s.set(func() { s.ends[partition] = max(s.ends[partition], highWatermark) })
}

func (s *state) moved(positions map[int32]int64) {
	s.set(func() {
		for partition, at := range positions {
			s.positions[partition] = at
		}
	})
}

// Ready returns nil when this process has joined the group; else the error says what it waits for.
func (r *Router) Ready() error {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	if r.state.waiting != "" {
		return errors.New(r.state.waiting)
	}
	return nil
}

// Held says why commands do not go on though the group has been joined, "" when they do: a store's topic cannot be made, or
// nothing can be signed.
func (r *Router) Held() string {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	return r.state.held
}

// Overview is what the group has in this process, in the words of the engine; it may be called at any time.
func (r *Router) Overview() engine.Overview {
	waiting := r.Ready()
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	o := engine.Overview{Waiting: waiting}
	for partition, at := range r.state.positions {
		end, known := r.state.ends[partition]
		o.Partitions = append(o.Partitions, engine.PartitionOverview{
			Partition: partition, Stage: engine.Firing,
			Inputs: []engine.InputOverview{{Topic: string(topics.DeviceCommands), Lag: max(0, end-at), Known: known}},
		})
	}
	slices.SortFunc(o.Partitions, func(a, b engine.PartitionOverview) int { return int(a.Partition - b.Partition) })
	return o
}
