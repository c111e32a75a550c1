//go:build bench

package bench

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/ceiling"
	"github.com/rmn-arms/campaign-engine/topics"
)

// sight is what a read_committed reader saw of one topic: when the first and the last of the wanted records became
// visible, and how late each was.
type sight struct {
	topic       topics.Name
	first, last time.Time
	count       int
	// timed says that each record's lateness is wanted. Where only the last one's is, reading must not cost more than it does.
	timed bool
	late  []time.Duration
}

// look reads a topic from now on, in the background, until count records of a transition of campaigns with a prefix have
// been seen; the result then comes on the channel.
func (r *rig) look(topic topics.Name, prefix, transition string, count int) <-chan sight {
	return r.watch(sight{topic: topic}, prefix, transition, count)
}

// lookAtEach is look, and notes how late each record was.
func (r *rig) lookAtEach(topic topics.Name, prefix, transition string, count int) <-chan sight {
	return r.watch(sight{topic: topic, timed: true}, prefix, transition, count)
}

func (r *rig) watch(seen sight, prefix, transition string, count int) <-chan sight {
	found := make(chan sight, 1)
	since := kgo.NewOffset().AfterMilli(time.Now().UnixMilli())
	wanted, of := []byte(`"transition":"`+transition+`"`), []byte(prefix+"-")
	go func() {
		err := ceiling.Watch(r.ctx, r.brokers, []string{string(seen.topic)}, func(at time.Time, records []*kgo.Record) bool {
			for _, record := range records {
				if bytes.HasPrefix(record.Key, of) && bytes.Contains(record.Value, wanted) {
					seen.add(at, record.Value)
				}
			}
			return seen.count < count
		}, kgo.ConsumeResetOffset(since))
		if err != nil && r.ctx.Err() == nil {
			r.t.Errorf("%v", err)
		}
		found <- seen
	}()
	return found
}

var scheduledFor = []byte(`"scheduled_for":"`)

func (s *sight) add(at time.Time, value []byte) {
	if s.count++; s.count == 1 {
		s.first = at
	}
	s.last = at
	if !s.timed {
		return
	}
	s.late = append(s.late, at.Sub(scheduled(value)))
}

// quantiles returns the median, the 99th percentile and the largest lateness.
func (s *sight) quantiles() (p50, p99, most time.Duration) {
	slices.Sort(s.late)
	if len(s.late) == 0 {
		return 0, 0, 0
	}
	return s.late[len(s.late)/2], s.late[len(s.late)*99/100], s.late[len(s.late)-1]
}

// await takes a sight, or fails when patience ends.
func (r *rig) await(found <-chan sight) sight {
	r.t.Helper()
	select {
	case seen := <-found:
		return seen
	case <-r.ctx.Done():
		r.t.Fatalf("waiting for records: %v", context.Cause(r.ctx))
		return sight{}
	}
}
