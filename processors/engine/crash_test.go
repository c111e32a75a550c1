package engine_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// A process may die at any step between a poll and a commit, and its successor at the same one: what is told, and what the
// rows hold, is what they would be without the deaths.
func TestAProcessMayDieAtEachStep(t *testing.T) {
	t.Parallel()
	around := t
	for _, step := range engine.Steps() {
		for _, phase := range []string{"records", "timers"} {
			name := fmt.Sprintf("%s, %s", step, phase)
			if elsewhere[name] {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				diesAt(t, around, step, phase)
			})
		}
	}
}

// elsewhere are the steps that are not on the way of a phase.
var elsewhere = map[string]bool{"fired, records": true, "polled, timers": true, "moved, timers": true, "read, timers": true}

func diesAt(t, around *testing.T, step engine.Step, phase string) {
	b := newBench(t, testPartitions)
	keys := numbered("key", 24)
	settings, want := alarmsAt(testStart+10, keys...)
	for i := range settings { // some lie in a foreign partition, and come by the loop
		settings[i].Partition = int32(i) % testPartitions
	}
	if phase == "timers" {
		b.place(settings...)
		first := b.start("a", alarms(hooks{}))
		b.await("the rows are armed", func() bool { return first.sum().rows == len(keys) })
		b.stop(first)
		b.clock.Set(testStart + 10)
	}
	for death := range 2 {
		died := b.startDoomed(around, "a", step)
		if phase == "records" && death == 0 {
			b.place(settings...)
		}
		b.signal("it dies", died)
	}
	b.clock.Set(testStart + 10)
	b.start("a", alarms(hooks{}))
	b.settled(want, all(rested(), keys...))
}

// startDoomed runs a process that dies at a step; the channel is closed then. Its transactions are small, so that one death
// leaves enough to do for the next. What is left of it is waited for by the test around all cases: without brokers an engine tries
// for seconds to end its transaction, and its successor does not look at it.
func (b *bench) startDoomed(around *testing.T, name string, step engine.Step) <-chan struct{} {
	b.t.Helper()
	died, started := make(chan struct{}), make(chan struct{})
	var doomed *process
	var dead atomic.Bool
	doomed = b.startUntil(around, name, alarms(hooks{}), func(c *engine.Config) {
		c.TimersMax, c.RecordsMax = 5, 5
		c.Reached = func(at engine.Step) {
			if at == step && dead.CompareAndSwap(false, true) {
				<-started
				b.kill(doomed)
				close(died)
			}
		}
	})
	close(started)
	return died
}
