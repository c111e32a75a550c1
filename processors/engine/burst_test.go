package engine_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A burst is cut into transactions of bounded size, so that its first timers do not wait for its last.
func TestABurstIsCut(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 1000)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	p := b.start("a", alarms(hooks{}), func(c *engine.Config) { c.TimersMax = 100 })
	b.await("the rows are armed", func() bool { return p.sum().rows == len(keys) })
	b.clock.Set(testStart + 10)
	b.settled(want, all(rested(), keys...))
	b.told(len(keys), p)
	p.note(func() {
		bursts := slices.DeleteFunc(slices.Clone(p.commits), func(c commit) bool { return c.timers == 0 })
		for _, c := range bursts {
			if c.timers > 100 {
				t.Errorf("a transaction carried %d timers", c.timers)
			}
		}
		if len(bursts) < 10 {
			t.Errorf("the burst took %d transactions", len(bursts))
		}
	})
	// Each partition has its share of the first transaction.
	first := map[int32]int64{}
	for _, r := range b.committed(testOutput) {
		if at, seen := first[r.Partition]; !seen || r.Offset < at {
			first[r.Partition] = r.Offset
		}
	}
	if len(first) != testPartitions {
		t.Errorf("output lies in %d partitions", len(first))
	}
}

// Reading is bounded likewise.
func TestABacklogIsCut(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 1000)
	settings, _ := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	p := b.start("a", alarms(hooks{}), func(c *engine.Config) { c.RecordsMax = 100 })
	b.await("the rows are armed", func() bool { return p.sum().records == len(keys) })
	p.note(func() {
		for _, c := range p.commits {
			if c.records > 100 {
				t.Errorf("a transaction carried %d records", c.records)
			}
		}
	})
}

// Firing and reading take turns: neither waits for the other to be done.
func TestFiringAndReadingTakeTurns(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	keys, flood := numbered("key", 2000), numbered("flood", 2000)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	held := b.holdup()
	var armed atomic.Bool
	p := b.start("a", alarms(hooks{}), func(c *engine.Config) {
		c.TimersMax, c.RecordsMax = 50, 50
		c.Reached = func(at engine.Step) {
			if at == engine.StepPolled && armed.Load() {
				held.hold()
			}
		}
	})
	b.await("the rows are armed", func() bool { return p.sum().rows == len(keys) })
	before := 0
	p.note(func() { before = len(p.commits) })
	armed.Store(true)
	// In a transaction, so that all of it has been fetched when the first record has, and timers fall due behind that.
	settings, _ = alarmsAt(testStart+1000, flood...)
	b.endHanging(b.hang("flood", settings...), kgo.TryCommit)
	b.signal("the flood has come", held.entered)
	b.clock.Set(testStart + 10)
	held.free()
	b.await("all is read", func() bool { return p.sum().records == len(keys)+len(flood) })
	b.rung(len(want))
	b.told(len(want), p)
	p.note(func() {
		reads := func(c commit) bool { return c.records > 0 }
		fires := func(c commit) bool { return c.timers > 0 }
		turns := p.commits[before:]
		if read := within(turns, fires, reads); read < 10 {
			t.Errorf("of %d transactions, %d have read while timers fired", len(turns), read)
		}
		if fired := within(turns, reads, fires); fired < 10 {
			t.Errorf("of %d transactions, %d have fired while records were read", len(turns), fired)
		}
	})
}

// within counts the commits that are such, from the first to the last of others.
func within(commits []commit, others, such func(commit) bool) (count int) {
	first := slices.IndexFunc(commits, others)
	soFar := 0
	for i, c := range commits {
		if i < first || first < 0 {
			continue
		}
		if such(c) {
			soFar++
		}
		if others(c) {
			count = soFar
		}
	}
	return count
}

// Nothing is asked of a broker's transactions when nothing is due and nothing comes, however much time passes.
func TestNothingIsCommittedWhenIdle(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 10)
	settings, _ := alarmsAt(testStart+1_000_000, keys...)
	b.set(settings...)
	// Who was expelled while the machine stood still would join again, and ask for all that.
	p := b.start("a", alarms(hooks{}), longSession, func(c *engine.Config) { c.CommitInterval = 20 * time.Millisecond })
	b.await("the rows are armed", func() bool {
		b.clock.Set(b.clock.Now() + 100)
		return p.sum().rows == len(keys)
	})
	b.drained()
	var asked []func() int
	for _, key := range []kmsg.Key{kmsg.EndTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.InitProducerID, kmsg.ListTransactions} {
		asked = append(asked, b.count(key, nil))
	}
	heartbeats := b.count(kmsg.Heartbeat, nil)
	for step := range instant.Instant(8) {
		b.clock.Set(b.clock.Now() + 1000*step)
		before := heartbeats()
		b.await("real time passes too", func() bool { return heartbeats() > before })
	}
	for i, count := range asked {
		if count() > 0 {
			t.Errorf("request %d was sent %d times", i, count())
		}
	}
}

// Under load a transaction lasts for the commit interval; the first one of a lull is committed at once.
func TestTransactionsAreSpaced(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	var reads atomic.Int64
	p := b.start("a", alarms(hooks{setting: func(engine.Context, string) { reads.Add(1) }}), func(c *engine.Config) {
		c.CommitInterval = time.Second
	})
	b.ready(1, p)
	b.clock.Set(testStart + 2000)
	b.set(alarm("first", testStart+100_000))
	b.await("the first one is committed at once", func() bool { return p.sum().rows == 1 })
	for i, key := range []string{"second", "third", "fourth"} {
		b.set(alarm(key, testStart+100_000))
		b.await("it is read", func() bool { return int(reads.Load()) == 2+i })
	}
	if rows := p.sum().rows; rows != 1 {
		t.Errorf("%d rows are committed before the interval has passed", rows)
	}
	b.clock.Set(testStart + 3000)
	b.await("the others are committed together", func() bool { return p.sum().rows == 4 })
	p.note(func() {
		if len(p.commits) != 2 {
			t.Errorf("%d transactions: %v", len(p.commits), p.commits)
		}
	})
}

// Where an input moves over nothing but a marker, the position is committed too, though not in a hurry: markers that come
// one by one must not cost a transaction each.
func TestMarkersAloneAreCommittedLater(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	p := b.start("a", alarms(hooks{}), longSession)
	b.set(alarm("k", testStart+100_000))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	ends := b.count(kmsg.EndTxn, func(r kmsg.Request) bool { return r.(*kmsg.EndTxnRequest).TransactionalID == testGroup+"-a" })
	heartbeats := b.count(kmsg.Heartbeat, nil)
	for range 3 {
		b.endHanging(b.hang("campaigns", alarm("k", testStart)), kgo.TryAbort)
	}
	before := heartbeats()
	b.await("time passes", func() bool { return heartbeats() > before+2 })
	if ends() > 0 {
		t.Errorf("%d transactions at once", ends())
	}
	b.drained()
	if ends() != 1 {
		t.Errorf("%d transactions for three markers", ends())
	}
	b.settled(nil, all(armed(testStart+100_000), "k"))
}
