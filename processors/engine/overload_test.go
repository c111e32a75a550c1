package engine_test

import (
	"sync/atomic"
	"testing"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// While timers are overdue and a flood of records comes, transactions carry both: each is full of timers, as if there were no
// flood, and records are read in between.
func TestABurstAndAFloodShareEachTransaction(t *testing.T) {
	t.Parallel()
	const crowd, flood, most = 3000, 6000, 200
	b := newBench(t, testPartitions)
	keys, floodKeys := numbered("key", crowd), numbered("flood", flood)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	held := b.holdup()
	p := b.start("a", alarms(hooks{timer: held.callback}), func(c *engine.Config) { c.TimersMax, c.RecordsMax = most, most })
	b.await("the rows are armed", func() bool { return p.sum().rows == crowd })
	p.note(func() { p.commits = nil })
	b.clock.Set(testStart + 10)
	b.signal("timers fire", held.entered)
	far, _ := alarmsAt(testStart.Add(hour), floodKeys...)
	b.set(far...)
	held.free()
	b.rung(crowd)
	b.await("all is read", func() bool { return p.sum().records == flood })
	b.told(crowd, p)
	p.note(func() {
		last := len(p.commits) - 1
		for p.commits[last].timers == 0 {
			last--
		}
		if last > crowd/most+3 {
			t.Errorf("the burst took %d transactions", last+1)
		}
		read := 0
		for _, c := range p.commits[:last] {
			read += c.records
		}
		if read < crowd/2 {
			t.Errorf("%d records were read while %d timers fired", read, crowd)
		}
	})
	b.settled(want, func() map[string][]byte {
		rows := all(rested(), keys...)
		for key, row := range all(armed(testStart.Add(hour)), floodKeys...) {
			rows[key] = row
		}
		return rows
	}())
}

// Timers have four batches for each one of records, and records have theirs in every round, however many timers are due.
func TestTimersHaveMoreTurns(t *testing.T) {
	t.Parallel()
	const crowd, flood, batch = 10_000, 8_000, 512
	b := newBench(t, testPartitions)
	settings, _ := alarmsAt(testStart+10, numbered("key", crowd)...)
	b.set(settings...)
	held := b.holdup()
	p := b.start("a", alarms(hooks{timer: held.callback})) // a transaction each round
	b.await("the rows are armed", func() bool { return p.sum().rows == crowd })
	p.note(func() { p.commits = nil })
	b.clock.Set(testStart + 10)
	b.signal("timers fire", held.entered)
	far, _ := alarmsAt(testStart.Add(hour), numbered("flood", flood)...)
	b.set(far...)
	held.free()
	b.told(crowd, p)
	b.await("all is read", func() bool { return p.sum().records == flood })
	p.note(func() {
		read := 0
		for i, c := range p.commits {
			if c.timers > 4*batch || c.records > batch {
				t.Errorf("round %d: %d timers and %d records", i, c.timers, c.records)
			}
			if c.timers > 0 {
				read += c.records
			}
		}
		if rounds := crowd/(4*batch) + 1; p.commits[rounds-1].timers == 0 || read < batch {
			t.Errorf("rounds: %v", p.commits)
		}
	})
}

// A group behind that is stuck changes nothing in front: the same timers fire in as many transactions, the same records are
// read, and what waits for it in this process is bounded. When it goes on it misses nothing.
func TestAStuckGroupBehindHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	const count, most = 1000, 100
	fire := func(t *testing.T, b *bench, p *process) (transactions int) {
		t.Helper()
		at := b.clock.Now().Add(minute)
		settings, _ := alarmsAt(at, numbered("key", count)...)
		sum := p.sum()
		b.set(settings...)
		b.await("the rows are armed", func() bool { return p.sum().records == sum.records+count })
		p.note(func() { p.commits = nil })
		b.clock.Set(at)
		b.await("all ring", func() bool { return p.sum().timers == count })
		p.note(func() { transactions = len(p.commits); p.commits = nil })
		return transactions
	}
	b := newBench(t, 2, kfake.SeedTopics(2, behindOutput))
	p := b.start("a", alarms(hooks{}), func(c *engine.Config) { c.TimersMax = most })
	b.ready(2, p)
	alone := fire(t, b, p)

	held := b.holdup()
	behind := b.start("a", held.echoes(), func(c *engine.Config) { c.YieldTo = p.engine })
	b.signal("the group behind is stuck", held.entered)
	if beside := fire(t, b, p); beside > alone+1 {
		t.Errorf("the burst takes %d transactions, and %d where nobody is behind", beside, alone)
	}
	if sum := behind.sum(); sum.records > 0 {
		t.Errorf("the group behind is not stuck: it has read %d records", sum.records)
	}
	held.free()
	b.await("it catches up", func() bool { return behind.sum().records == 2*count })
	if echoes := len(b.committed(behindOutput)); echoes != 2*count {
		t.Errorf("%d echoes of %d", echoes, 2*count)
	}
}

// What a stuck group has been sent and has not read is bounded, however much waits for it in the brokers.
func TestAStuckGroupBuffersLittle(t *testing.T) {
	t.Parallel()
	const size, count, most = 256 << 10, 400, 40 << 20 // 100 MiB in all
	b := newBench(t, 2, kfake.SeedTopics(2, behindOutput))
	held := b.holdup()
	var fetched buffered
	behind := b.start("a", held.echoes(), func(c *engine.Config) { c.Connect = append(c.Connect, kgo.WithHooks(&fetched)) })
	b.set(&kgo.Record{Topic: testOutput, Key: []byte("first"), Value: []byte("said")})
	b.signal("the group is stuck", held.entered)
	heavy := make([]byte, size)
	for _, key := range numbered("key", count) {
		b.set(&kgo.Record{Topic: testOutput, Key: []byte(key), Value: heavy})
	}
	held.free()
	b.await("it catches up", func() bool { return behind.sum().records == count+1 })
	if bytes := fetched.most.Load(); bytes > most {
		t.Errorf("%d MiB were buffered", bytes>>20)
	}
}

// echoes is the group behind, whose first callback is held.
func (h *holdup) echoes() *goka.GroupGraph {
	return goka.DefineGroup(behindGroup,
		goka.Input(testOutput, new(codec.Bytes), func(ctx goka.Context, message any) {
			h.hold()
			ctx.Emit(behindOutput, ctx.Key(), message)
		}),
		goka.Output(behindOutput, new(codec.Bytes)),
	)
}

// buffered counts the bytes that a client has fetched and not handed over.
type buffered struct{ now, most atomic.Int64 }

// OnFetchRecordBuffered implements kgo.HookFetchRecordBuffered.
func (b *buffered) OnFetchRecordBuffered(r *kgo.Record) {
	now := b.now.Add(int64(len(r.Value)))
	for most := b.most.Load(); now > most && !b.most.CompareAndSwap(most, now); most = b.most.Load() {
	}
}

// OnFetchRecordUnbuffered implements kgo.HookFetchRecordUnbuffered.
func (b *buffered) OnFetchRecordUnbuffered(r *kgo.Record, _ bool) { b.now.Add(-int64(len(r.Value))) }
