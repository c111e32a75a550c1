//go:build bench

package bench

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/ceiling"
	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestTakeover tells how long partitions stand still when their owner is killed, and how late transitions are while three
// engines are restarted one after the other. Each partition has -pending campaigns that wait, and timers fire all the
// time.
func TestTakeover(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
	}{{"hot standby", nil}, {"no standby", []string{"--no-standby"}}} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			r := newRig(t, kafkatest.Start(t, kafkatest.Options{}))
			f := r.fleet(c.args, "a", "b", "c")
			f.takeover(c.name)
		})
	}
}

func (f *fleet) takeover(how string) {
	f.t.Helper()
	found := f.look(topics.TransitionsDue, "wait", "schedule", *waiting*partitions)
	f.publish("wait", *waiting*partitions, far)
	f.await(found)
	f.catchUp("all")

	const rate, lasts = 400, 90 * time.Second
	count := rate * int(lasts/time.Second)
	begins := time.Now().Add(8 * time.Second)
	seen := f.sighting("tick")
	f.publish("tick", count, func(i int) time.Time { return begins.Add(time.Duration(i) * time.Second / rate) })
	f.catchUp("all")
	seen.until(begins.Add(3 * time.Second))

	owned, err := f.owned(f.ctx)
	f.must(err)
	killed := time.Now()
	f.must(f.members["a"].Kill())
	stood := seen.standstill(killed, owned["a"])
	f.report(fmt.Sprintf("kill -9, %d pending a partition, %s", *waiting, how),
		fmt.Sprintf("first due after %s to %s", ms(stood[0]), ms(stood[len(stood)-1])),
		fmt.Sprintf("%d partitions of the dead engine; session time-out 6 s; other partitions stood still for %s",
			len(stood), ms(seen.gap(killed, owned["b"], owned["c"]))))

	f.launch("a")
	f.ready("a", "b", "c")
	f.settled("a", "b", "c")
	f.catchUp("all")
	began := time.Now()
	for _, name := range []string{"a", "b", "c"} {
		f.terminate(name)
		f.launch(name)
		f.ready("a", "b", "c")
		f.settled("a", "b", "c")
	}
	ended := time.Now()
	seen.until(ended.Add(time.Second))
	late := seen.late(began, ended)
	f.report("rolling restart of three engines, "+how, fmt.Sprintf("p50 %s, p99 %s, max %s",
		ms(late[len(late)/2]), ms(late[len(late)*99/100]), ms(late[len(late)-1])),
		fmt.Sprintf("lateness of %d transitions, as seen, in %s; %d pending a partition", len(late), ms(ended.Sub(began)), *waiting))
	for _, name := range slices.Sorted(maps.Keys(f.members)) {
		f.terminate(name)
	}
}

// sighting are the due starts of campaigns with a prefix, as a read_committed reader sees them.
type sighting struct {
	rig *rig

	mu    sync.Mutex
	moved *sync.Cond
	seen  []due
}

type due struct {
	partition int32
	at        time.Time // visible
	late      time.Duration
}

func (r *rig) sighting(prefix string) *sighting {
	s := &sighting{rig: r}
	s.moved = sync.NewCond(&s.mu)
	wanted, of := []byte(`"transition":"start"`), []byte(prefix+"-")
	go func() {
		err := ceiling.Watch(r.ctx, r.brokers, []string{string(topics.TransitionsDue)}, func(at time.Time, records []*kgo.Record) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, record := range records {
				if bytes.HasPrefix(record.Key, of) && bytes.Contains(record.Value, wanted) {
					s.seen = append(s.seen, due{record.Partition, at, at.Sub(scheduled(record.Value))})
				}
			}
			s.moved.Broadcast()
			return true
		}, kgo.ConsumeResetOffset(kgo.NewOffset().AfterMilli(time.Now().UnixMilli())))
		if err != nil && r.ctx.Err() == nil {
			r.t.Errorf("%v", err)
		}
	}()
	return s
}

// find waits until holds does for what has been seen.
func (s *sighting) find(what string, holds func([]due) bool) {
	s.rig.t.Helper()
	giveUp := time.AfterFunc(time.Minute, func() {
		s.rig.t.Errorf("not within a minute: %s", what)
		s.moved.Broadcast()
	})
	defer giveUp.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !holds(s.seen) && !s.rig.t.Failed() {
		s.moved.Wait()
	}
}

// until waits until something was seen at an instant or later.
func (s *sighting) until(at time.Time) {
	s.rig.t.Helper()
	s.find("something is seen at "+at.String(), func(seen []due) bool {
		return len(seen) > 0 && !seen[len(seen)-1].at.Before(at)
	})
}

// standstill returns, for each partition, how long after an instant the first transition came that was seen more than
// a second after it: what is seen before was on its way.
func (s *sighting) standstill(since time.Time, partitions []int32) []time.Duration {
	s.rig.t.Helper()
	first := map[int32]time.Duration{}
	s.find("all partitions fire again", func(seen []due) bool {
		for _, d := range seen {
			_, known := first[d.partition]
			if after := d.at.Sub(since); !known && after > time.Second && slices.Contains(partitions, d.partition) {
				first[d.partition] = after
			}
		}
		return len(first) == len(partitions)
	})
	return slices.Sorted(maps.Values(first))
}

// gap returns the longest time since an instant in which one of some partitions showed nothing.
func (s *sighting) gap(since time.Time, partitions ...[]int32) (longest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := map[int32]time.Time{}
	for _, d := range s.seen {
		if slices.ContainsFunc(partitions, func(some []int32) bool { return slices.Contains(some, d.partition) }) {
			if before, known := last[d.partition]; known && d.at.After(since) {
				longest = max(longest, d.at.Sub(before))
			}
			last[d.partition] = d.at
		}
	}
	return longest
}

// late returns the lateness of what became visible in a span of time, sorted.
func (s *sighting) late(from, to time.Time) (late []time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.seen {
		if d.at.After(from) && d.at.Before(to) {
			late = append(late, d.late)
		}
	}
	slices.Sort(late)
	return late
}

// scheduled reads the instant at which a transition was due.
func scheduled(value []byte) time.Time {
	from := bytes.Index(value, scheduledFor) + len(scheduledFor)
	at, _ := time.Parse("2006-01-02T15:04:05.000Z", string(value[from:from+24]))
	return at
}
