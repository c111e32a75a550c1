package engine_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A partition whose recovery takes long stalls no other: their records are read and their timers fire meanwhile.
func TestOnePartitionsRecoveryStallsNoOther(t *testing.T) {
	t.Parallel()
	const foreignTopic = "foreign" // makes the transaction one that is not the group's to fence
	b := newBench(t, 2, kfake.SeedTopics(1, foreignTopic))
	quick, slow := keyIn(0, 2), keyIn(1, 2)
	late := b.hang("earlier", &kgo.Record{Topic: testTable, Partition: 1, Key: []byte(slow), Value: armed(testStart + 1)},
		&kgo.Record{Topic: foreignTopic})
	p := b.start("a", alarms(hooks{}))
	b.set(alarm(quick, testStart+5))
	b.await("the record is read", func() bool { return p.sum().rows == 1 })
	b.clock.Set(testStart + 5)
	b.same("rings", b.rung(1), []string{ring(quick, testStart+5)})
	if p.engine.Ready() == nil {
		t.Error("the process is ready before all its partitions are recovered")
	}
	b.endHanging(late, kgo.TryCommit)
	b.ready(2, p)
	b.settled([]string{ring(quick, testStart+5), ring(slow, testStart+1)}, all(rested(), quick, slow))
}

// A change that a foreign partitioner put into a partition of another member, who has not read it yet, is known before an
// overdue timer is decided.
func TestOverdueTimersWaitForAnotherMembersStrays(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	key := keyIn(0, 2)
	b.set(alarm(key, testStart+10))
	p := b.start("a", alarms(hooks{}))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	b.stop(p)

	idle := b.member("b") // will own partition 1, and reads nothing
	b.await("it is a member", func() bool { return b.memberOf("b") != "" })
	change := alarm(key, testStart+500)
	change.Partition = 1
	b.place(change)
	b.clock.Set(testStart + 100)
	produced, heartbeats := b.count(kmsg.Produce, producedBy("alarms-a")), b.count(kmsg.Heartbeat, nil)
	p = b.start("a", alarms(hooks{}), frequent)
	b.await("it has its partition", func() bool { return p.engine.Ready() == nil && p.owns() == 1 })
	before := heartbeats()
	b.await("time passes", func() bool { return heartbeats() > before+5 })
	if produced() > 0 {
		t.Error("something fired before the other member had read its partition")
	}
	idle.Close()
	b.expel("b")
	b.ready(2, p)
	b.drained()
	b.clock.Set(testStart + 500)
	b.settled([]string{ring(key, testStart+500)}, all(rested(), key))
}

// Who waits for strays goes on when they have been read, without a new assignment.
func TestStraysAreWaitedForNoLonger(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	key := keyIn(0, 2)
	b.set(alarm(key, testStart+10))
	p := b.start("a", alarms(hooks{}))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	b.stop(p)

	change := alarm(key, testStart+500)
	change.Partition = 1
	b.place(change)
	b.clock.Set(testStart + 100)
	// Partition 1 is recovered late: its table's end lies in a transaction that is not the group's.
	const foreignTopic = "foreign"
	if _, err := b.admin.CreateTopic(b.ctx, 1, 1, nil, foreignTopic); err != nil {
		t.Fatal(err)
	}
	late := b.hang("earlier", &kgo.Record{Topic: testTable, Partition: 1, Key: []byte(keyIn(1, 2)), Value: rested()},
		&kgo.Record{Topic: foreignTopic})
	positions := b.count(kmsg.OffsetFetch, nil)
	p = b.start("a", alarms(hooks{}))
	b.await("the group's positions are looked at again and again", func() bool { return positions() > 5 })
	if sum := p.sum(); sum.timers > 0 {
		t.Errorf("%d timers fired before the stray was read", sum.timers)
	}
	b.endHanging(late, kgo.TryCommit)
	b.ready(2, p)
	b.drained()
	b.clock.Set(testStart + 500)
	b.settled([]string{ring(key, testStart+500)}, all(rested(), key, keyIn(1, 2)))
}

// What was carried is deleted from the loop once it is committed; what was not read stays.
func TestTheLoopIsTrimmed(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	key := keyIn(0, 2)
	p := b.start("a", alarms(hooks{}))
	b.ready(2, p)
	stray := alarm(key, testStart+10_000_000)
	stray.Partition = 1
	b.place(stray)
	b.await("it was carried and read", func() bool { return p.sum().rows == 1 })
	b.clock.Set(testStart + 60_001)
	b.await("the loop is empty", func() bool {
		b.set(alarm(key, testStart+10_000_000)) // trimming comes with a commit
		starts, err := b.admin.ListStartOffsets(b.ctx, testLoop)
		if err != nil {
			t.Fatal(err)
		}
		start, _ := starts.Lookup(testLoop, 0)
		return start.Offset > 0
	})
	b.drained()
	b.clock.Set(testStart + 10_000_000)
	b.settled([]string{ring(key, testStart+10_000_000)}, all(rested(), key))
}

// Records that were deleted before they were read are told of, and the group goes on behind them.
func TestLostRecordsAreToldOf(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	b.set(alarm("read", testStart+10))
	p := b.start("a", alarms(hooks{}))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	b.drained()
	b.stop(p)

	b.set(alarm("lost", testStart+10), alarm("lost", testStart+10), alarm("kept", testStart+10))
	deleted := kadm.Offsets{}
	deleted.AddOffset(testInput, 0, 3, -1)
	if _, err := b.admin.DeleteRecords(b.ctx, deleted); err != nil {
		t.Fatal(err)
	}
	var lost atomic.Int64
	p = b.start("a", alarms(hooks{}), func(c *engine.Config) {
		c.Observe.Lost = func(topic string, offsets int64) {
			if topic == testInput {
				lost.Add(offsets)
			}
		}
	})
	b.settled([]string{ring("read", testStart+10), ring("kept", testStart+10)}, all(rested(), "read", "kept"))
	if lost.Load() != 2 {
		t.Errorf("%d records are said to be lost, not 2", lost.Load())
	}
}

// They are told of once: the position behind them is committed, also when no other record comes.
func TestLostRecordsAreToldOfOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	b.set(alarm("lost", testStart+10), alarm("lost", testStart+10))
	p := b.start("a", alarms(hooks{}))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	b.drained()
	b.stop(p)
	b.set(alarm("lost", testStart+10), alarm("lost", testStart+10))
	deleted := kadm.Offsets{}
	deleted.AddOffset(testInput, 0, 4, -1)
	if _, err := b.admin.DeleteRecords(b.ctx, deleted); err != nil {
		t.Fatal(err)
	}
	var lost atomic.Int64
	for range 3 {
		p = b.start("a", alarms(hooks{}), func(c *engine.Config) {
			c.Observe.Lost = func(_ string, offsets int64) { lost.Add(offsets) }
		})
		b.ready(1, p)
		b.drained()
		b.stop(p)
	}
	if lost.Load() != 2 {
		t.Errorf("%d records are said to be lost, not 2", lost.Load())
	}
}

// A transaction carries a bounded number of bytes, whatever the rows and outputs weigh: a broker may need longer for more
// than it lets a transaction stay open.
func TestTransactionsAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	const weight, count, most = 64 << 10, 3000, 72 << 20 // 187 MiB in all
	settings, _ := alarmsAt(testStart+100_000, numbered("key", count)...)
	heavy := make([]byte, weight)
	b.set(settings...)
	p := b.start("a", alarms(hooks{
		setting: func(ctx engine.Context, _ string) { ctx.SetPart("heavy", heavy) },
		timer:   func(ctx engine.Context, _ instant.Instant) { ctx.SetPart("heavy", heavy) },
	}), func(c *engine.Config) { c.CommitInterval = time.Minute }) // nothing but its weight closes a transaction
	check := func(what string) {
		p.note(func() {
			for _, c := range p.commits {
				if bytes := c.rows / 2 * weight; bytes > most {
					t.Errorf("a transaction of %s carries %d MiB", what, bytes>>20)
				}
			}
			p.commits = nil
		})
	}
	b.await("most rows are armed", func() bool { return p.sum().rows > 2*count*3/5 })
	check("records")
	b.clock.Set(testStart + 100_000)
	b.await("most alarms ring", func() bool { return p.sum().timers > count*3/5 })
	check("timers")
}

// The first batch of an assignment is bounded too, whatever its records turn out to weigh: a transaction that is too large
// for a slow broker would come again, as large, for ever.
func TestTheFirstTransactionIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	const weight, count, most = 512 << 10, 400, 72 << 20 // 200 MiB in all
	settings, _ := alarmsAt(testStart+100_000, numbered("key", count)...)
	heavy := make([]byte, weight)
	b.set(settings...)
	p := b.start("a", alarms(hooks{setting: func(ctx engine.Context, _ string) { ctx.SetPart("heavy", heavy) }}),
		func(c *engine.Config) { c.CommitInterval = time.Minute })
	b.await("a transaction", func() bool { return p.sum().rows > 0 })
	p.note(func() {
		if bytes := p.commits[0].rows / 2 * weight; bytes > most {
			t.Errorf("a transaction carries %d MiB", bytes>>20)
		}
	})
}
