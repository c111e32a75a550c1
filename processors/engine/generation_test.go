package engine_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
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
	b.await("the first member's transaction is over", func() bool { return a.sum().timers > 0 || a.aborts() > 0 })
	b.told(1, third)
	b.told(0, a)
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

// While a callback takes its time the group may move on. The client then knows of partitions that the present assignment
// does not have: their records are not even fetched before their own assignment has recovered them.
func TestRecordsOfTheNextAssignmentWait(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	mine, moved := keyIn(0, 2), keyIn(1, 2)
	other := b.member("b") // holds partition 1, reads nothing
	held := b.holdup()
	buffered := make(bufferedRecords, 100)
	a := b.start("a", alarms(hooks{rung: held.callback}), frequent, func(c *engine.Config) {
		c.Connect = append(c.Connect, kgo.WithHooks(buffered))
	})
	b.await("both are members", func() bool { return a.engine.Ready() == nil && a.owns() == 1 })
	b.set(alarm(mine, testStart+10))
	b.await("the row is armed", func() bool { return a.sum().rows == 1 })
	b.clock.Set(testStart + 10)
	b.signal("it rings", held.entered)

	b.set(alarm(moved, testStart+10))
	positions, heartbeats := b.count(kmsg.OffsetFetch, nil), b.count(kmsg.Heartbeat, nil)
	other.Close()
	b.expel("b")
	b.await("the client has the next assignment", func() bool { return positions() > 0 })
	before := heartbeats()
	b.await("time passes", func() bool { return heartbeats() > before+3 })
	for len(buffered) > 0 {
		if r := <-buffered; r.Partition == 1 {
			t.Errorf("a record of %s/1 was fetched too early", r.Topic)
		}
	}
	held.free()
	b.ready(2, a)
	b.settled([]string{ring(mine, testStart+10), ring(moved, testStart+10)}, all(rested(), mine, moved))
}

type bufferedRecords chan *kgo.Record

func (b bufferedRecords) OnFetchRecordBuffered(r *kgo.Record) {
	select {
	case b <- r:
	default:
	}
}

// member joins the group under an instance name, and does nothing.
func (b *bench) member(instance string) *kgo.Client {
	return b.connect(kgo.ConsumerGroup(testGroup), kgo.InstanceID(instance), kgo.ConsumeTopics(testInput, testLoop),
		kgo.Balancers(kgo.RangeBalancer()), kgo.DisableAutoCommit(), kgo.HeartbeatInterval(100*time.Millisecond))
}

// Positions belong to one assignment. A transaction of timers alone commits one again: it must be one of the partitions
// that the member has now, never of one that it had, or the group would go back to where that one was then.
func TestTimersDoNotRewindTheGroup(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	mine, moved := keyIn(0, 2), keyIn(1, 2)
	b.set(alarm(mine, testStart+100_000), alarm(moved, testStart+100_000))
	a := b.start("a", alarms(hooks{}), longSession)
	b.await("the rows are armed", func() bool { return a.sum().rows == 2 })
	second := b.start("b", alarms(hooks{}), longSession)
	b.ready(2, a, second)
	for range 5 {
		b.set(alarm(moved, testStart+100_000))
	}
	b.caughtUp()
	var want []string
	for i := range 60 { // which position is committed again is not determined
		at := b.clock.Now() + 10
		b.set(alarm(mine, at))
		b.await("the row is armed", func() bool { return a.sum().records == 3+i })
		b.clock.Set(at)
		want = append(want, ring(mine, at))
		b.await("it has rung", func() bool { return a.sum().timers == i+1 })
		if lag := b.lag(); lag > 0 {
			t.Fatalf("the group went back by %d records", lag)
		}
	}
	b.settled(want, map[string][]byte{mine: rested(), moved: armed(testStart + 100_000)})
}
