package engine_test

import (
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// An assignment's transactions are of its generation. A member that has been given other partitions, and does not know it
// yet, is refused like any other zombie, although its client already speaks for the new generation.
//
// franz-go tells a session of a revocation once until the next End. So a second one goes unnoticed when it comes between
// the end of one assignment, which had nothing open, and the first End of the next. Here the member is held there.
func TestAnAssignmentDoesNotOutliveItsGeneration(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	key := keyIn(0, 2)
	settings, want := alarmsAt(testStart+10, key)
	b.set(settings...)
	var assignments atomic.Int64
	held := b.holdup()
	a := b.start("a", alarms(hooks{}), func(c *engine.Config) {
		note := c.Observe.Assigned
		c.Observe.Assigned = func(partitions int) {
			note(partitions)
			if assignments.Add(1) == 2 {
				held.hold()
			}
		}
	})
	b.await("the row is armed", func() bool { return a.sum().rows == 1 })

	second := b.start("b", alarms(hooks{}))
	b.signal("the first member has partition 0, the second one 1", held.entered)
	a.wire.holdAt(kmsg.ListTransactions)
	third := b.start("0", alarms(hooks{})) // the first by name: partition 0 goes to it
	b.signal("the first member has partition 1, and does not know it", a.wire.held)
	b.await("the third member has partition 0", func() bool { return third.engine.Ready() == nil && third.owns() == 1 })

	held.free()
	b.await("the first member goes on with what it was given before", func() bool { return a.engine.Ready() == nil })
	b.clock.Set(testStart + 10)
	b.same("rings", b.rung(1), want)
	b.await("the first member's transaction is over", func() bool { return a.sum().timers > 0 || a.restarts("") > 0 })
	if third.sum().timers != 1 || a.sum().timers != 0 {
		t.Errorf("the owner committed %d timers, the earlier one %d", third.sum().timers, a.sum().timers)
	}
	a.wire.letGo()
	b.ready(2, a, second, third)
	b.settled(want, all(rested(), key))
}

// keyIn returns a key of a partition.
func keyIn(partition, partitions int32) string {
	for _, key := range numbered("key", 1000) {
		if topics.PartitionOf([]byte(key), partitions) == partition {
			return key
		}
	}
	return ""
}
