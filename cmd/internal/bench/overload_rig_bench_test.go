//go:build bench

package bench

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/ceiling"
	"github.com/rmn-arms/campaign-engine/topics"
)

// gauge follows transitions-due read_committed, from now on, and counts what it shows.
type gauge struct {
	mu sync.Mutex
	// counts are records by campaign prefix and transition, joined by a dash.
	counts map[string]int
	late   map[string][]time.Duration
	lasts  map[string]time.Time // when the last of each became visible
	ids    map[string]bool
	// twice counts transition ids that came again; disorder timed ones behind a later one of their partition.
	twice, disorder int
	last            map[int32]time.Time
	ctx             context.Context
	end             context.CancelFunc
	ended           chan struct{}
}

var (
	transitionID = []byte(`"transition_id":"`)
	transitionOf = []byte(`"transition":"`)
)

// gauge starts one. each says that single ids and the order are looked at, which costs.
func (r *rig) gauge(each bool) *gauge {
	r.t.Helper()
	g := &gauge{
		counts: map[string]int{}, late: map[string][]time.Duration{}, ids: map[string]bool{},
		lasts: map[string]time.Time{}, last: map[int32]time.Time{},
		ended: make(chan struct{}),
	}
	g.ctx, g.end = context.WithCancel(r.ctx)
	since := kgo.NewOffset().AfterMilli(time.Now().UnixMilli())
	go func() {
		defer close(g.ended)
		err := ceiling.Watch(g.ctx, r.brokers, []string{string(topics.TransitionsDue)}, func(at time.Time, records []*kgo.Record) bool {
			g.take(at, records, each)
			return true
		}, kgo.ConsumeResetOffset(since))
		if err != nil && g.ctx.Err() == nil {
			r.t.Errorf("%v", err)
		}
	}()
	r.t.Cleanup(g.stop)
	return g
}

func (g *gauge) stop() {
	g.end()
	<-g.ended
}

func (g *gauge) take(at time.Time, records []*kgo.Record, each bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, record := range records {
		prefix, _, _ := bytes.Cut(record.Key, []byte("-"))
		transition := field(record.Value, transitionOf)
		name := string(prefix) + "-" + string(transition)
		g.counts[name]++
		g.lasts[name] = at
		if string(transition) != "start" {
			continue
		}
		due, err := time.Parse("2006-01-02T15:04:05.000Z", string(field(record.Value, scheduledFor)))
		if err != nil {
			continue
		}
		g.late[name] = append(g.late[name], at.Sub(due))
		if !each {
			continue
		}
		if due.Before(g.last[record.Partition]) {
			g.disorder++
		}
		g.last[record.Partition] = due
		if id := string(field(record.Value, transitionID)); g.ids[id] {
			g.twice++
		} else {
			g.ids[id] = true
		}
	}
}

// field returns what stands behind a mark, up to the next quote.
func field(value, mark []byte) []byte {
	from := bytes.Index(value, mark)
	if from < 0 {
		return nil
	}
	text, _, _ := bytes.Cut(value[from+len(mark):], []byte(`"`))
	return text
}

func (g *gauge) count(name string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counts[name]
}

func (g *gauge) lateness(name string) (p50, p99, most time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := sight{late: slices.Clone(g.late[name])}
	return seen.quantiles()
}

// lastOf returns how long after an instant the last of a name became visible; 0 without any.
func (g *gauge) lastOf(name string, instant time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.counts[name] == 0 {
		return 0
	}
	return g.lasts[name].Sub(instant)
}

// until waits until a count is reached.
func (r *rig) until(what string, reached func() bool) {
	r.t.Helper()
	r.every(5*time.Millisecond, what, reached)
}

// every looks at a fact at even distances until it holds.
func (r *rig) every(distance time.Duration, what string, reached func() bool) {
	r.t.Helper()
	ticker := time.NewTicker(distance)
	defer ticker.Stop()
	for !reached() {
		select {
		case <-ticker.C:
		case <-r.ctx.Done():
			r.t.Fatalf("waiting for %s: %v", what, context.Cause(r.ctx))
		}
	}
}

// at waits for an instant.
func (r *rig) at(instant time.Time) {
	timer := time.NewTimer(time.Until(instant))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.ctx.Done():
	}
}

// strip is what was measured over time, at even distances.
type strip struct {
	every  time.Duration
	names  []string
	values [][]int
	halt   context.CancelFunc
	done   chan struct{}
}

// record measures until stop is called.
func (r *rig) record(every time.Duration, names []string, measure func() []int) *strip {
	s := &strip{every: every, names: names, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(r.ctx)
	s.halt = cancel
	go func() {
		defer close(s.done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			s.values = append(s.values, measure())
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	r.t.Cleanup(s.stop)
	return s
}

func (s *strip) stop() {
	s.halt()
	<-s.done
}

// most returns the largest value of a row.
func (s *strip) most(row int) (most int) {
	for _, values := range s.values {
		most = max(most, values[row])
	}
	return most
}

// String shows a line for each row.
func (s *strip) String() string {
	var text strings.Builder
	for row, name := range s.names {
		fmt.Fprintf(&text, "    every %s, %-28s", s.every, name)
		for _, values := range s.values {
			fmt.Fprintf(&text, " %d", values[row])
		}
		text.WriteString("\n")
	}
	return text.String()
}
