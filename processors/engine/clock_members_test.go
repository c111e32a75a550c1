package engine_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// crew is a group whose members' clocks differ.
type crew struct {
	*bench
	ahead   map[string]instant.Millis // at first
	running map[string]*process
	clocks  map[string]*jumpingClock

	mu     sync.Mutex
	rings  []string
	broken []string
}

func newCrew(b *bench, ahead map[string]instant.Millis) *crew {
	c := &crew{bench: b, ahead: ahead, running: map[string]*process{}, clocks: map[string]*jumpingClock{}}
	for name, by := range ahead {
		c.clocks[name] = &jumpingClock{VirtualClock: b.clock, ahead: by}
	}
	return c
}

// join starts members and waits until the partitions are shared.
func (c *crew) join(names ...string) {
	c.t.Helper()
	for _, name := range names {
		clock := c.clocks[name]
		c.running[name] = c.start(name, alarms(hooks{timer: func(ctx engine.Context, due instant.Instant) {
			c.note(name, ctx.Now(), due)
		}}), frequent, func(config *engine.Config) { config.Clock = clock })
	}
	c.shared()
}

func (c *crew) leave(names ...string) {
	c.t.Helper()
	for _, name := range names {
		c.stop(c.running[name])
		delete(c.running, name)
	}
	if len(c.running) > 0 {
		c.shared()
	}
}

func (c *crew) shared() {
	c.t.Helper()
	var all []*process
	for _, p := range c.running {
		all = append(all, p)
	}
	c.ready(testPartitions, all...)
}

// note holds a timer against the clocks: it is due by the member's own clock, and early by the true time by no more than
// that clock was ahead.
func (c *crew) note(name string, now, due instant.Instant) {
	truth := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rings = append(c.rings, name)
	if due > now || due > truth.Add(max(0, c.ahead[name])) {
		c.broken = append(c.broken, fmt.Sprintf("%s fires at %d, by its clock %d, what is due at %d", name, truth, now, due))
	}
}

// play lets minutes pass, with alarms for each of them, while the group changes; then all rings, once.
func (c *crew) play(deeds ...func()) {
	c.t.Helper()
	var keys, want []string
	const perMinute, lasts = 8, 40
	for at := range lasts {
		for i := range perMinute {
			key := fmt.Sprintf("alarm-%d-%d", at, i)
			due := testStart.Add(instant.Millis(at) * minute)
			keys, want = append(keys, key), append(want, ring(key, due))
			c.set(alarm(key, due))
		}
	}
	every := lasts / (len(deeds) + 1)
	for at := range lasts {
		if at%every == every-1 && len(deeds) > 0 {
			deeds[0]()
			deeds = deeds[1:]
		}
		c.clock.Set(testStart.Add(instant.Millis(at) * minute))
		c.await("what is due by the true time rings, whoever has it", func() bool { return c.count() >= (at+1)*perMinute || c.behind() })
	}
	for range 8 { // a clock that is behind gets there
		c.clock.Set(c.clock.Now().Add(minute))
	}
	c.settled(want, all(rested(), keys...))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, text := range c.broken {
		c.t.Error(text)
	}
	for name := range c.clocks {
		if !slices.Contains(c.rings, name) {
			c.t.Errorf("%s has fired nothing", name)
		}
	}
}

func (c *crew) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.rings)
}

// behind says that some clock of the crew was behind the true time: its timers are late.
func (c *crew) behind() bool {
	for _, ahead := range c.ahead {
		if ahead < 0 {
			return true
		}
	}
	return false
}

// Where one member's clock is wrong and partitions go from it to the others and back, each timer fires once, and none is
// earlier than by as much as the clock of its owner is ahead.
func TestMembersWithDifferentClocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		ahead map[string]instant.Millis
		deeds func(c *crew) []func()
	}{
		{"two, one ahead: to the other, and back", map[string]instant.Millis{"a": 5 * minute, "b": 0}, func(c *crew) []func() {
			return []func(){
				func() { c.join("b") }, func() { c.leave("a") }, func() { c.join("a") }, func() { c.leave("b") }, func() { c.join("b") },
			}
		}},
		{"three, one ahead", map[string]instant.Millis{"a": 5 * minute, "b": 0, "c": 0}, func(c *crew) []func() {
			return []func(){
				func() { c.join("b", "c") }, func() { c.leave("a") }, func() { c.join("a") }, func() { c.leave("b", "c") }, func() { c.join("c") },
			}
		}},
		{"two, one ahead that is corrected", map[string]instant.Millis{"a": 5 * minute, "b": 0}, func(c *crew) []func() {
			return []func(){func() { c.join("b") }, func() { c.clocks["a"].jump(-5 * minute) }, func() { c.leave("b") }, func() { c.join("b") }}
		}},
		{"two, one behind", map[string]instant.Millis{"a": -5 * minute, "b": 0}, func(c *crew) []func() {
			return []func(){func() { c.join("b") }, func() { c.leave("a") }, func() { c.join("a") }}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			crew := newCrew(newBench(t, testPartitions), c.ahead)
			crew.join("a")
			crew.play(c.deeds(crew)...)
		})
	}
}
