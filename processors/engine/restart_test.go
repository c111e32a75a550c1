package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

func TestRowsAndTimersSurviveARestart(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	soon, first := alarmsAt(testStart+100, numbered("soon", 50)...)
	later, second := alarmsAt(testStart+200, numbered("later", 50)...)
	b.set(append(soon, later...)...)
	p := b.start("a", alarms(hooks{}))
	b.await("the rows are armed", func() bool { return p.sum().rows == 100 })
	b.clock.Set(testStart + 100)
	b.rung(50)
	b.stop(p)

	p = b.start("a", alarms(hooks{}))
	b.ready(testPartitions, p)
	if next := p.engine.Next(); next != testStart+200 {
		t.Errorf("after the restart the next timer is due at %d", next)
	}
	p.note(func() {
		if p.recovered != 100 {
			t.Errorf("%d rows were recovered", p.recovered)
		}
	})
	b.clock.Set(testStart + 200)
	b.settled(append(first, second...), all(rested(), append(numbered("soon", 50), numbered("later", 50)...)...))
}

// A callback that panics on a record, or fails, loses nothing: the transaction is taken back, the session begins anew
// after a pause that grows, and neither this record nor others are skipped or done twice.
func TestAPanicLosesAndSkipsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		times int64
		how   func(engine.Context)
		said  string
	}{
		{"a panic, once", 1, func(engine.Context) { panic("told to panic") }, "told to panic"},
		{"a panic, several times", 4, func(engine.Context) { panic("told to panic") }, "told to panic"},
		{"a failure", 2, func(ctx engine.Context) { ctx.Fail(fmt.Errorf("told to fail")) }, "told to fail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, testPartitions)
			keys := numbered("key", 40)
			settings, want := alarmsAt(testStart+10, keys...)
			for _, key := range keys {
				want = append(want, echo(key, testStart+10))
			}
			b.set(settings...)
			var failures atomic.Int64
			p := b.start("a", alarms(hooks{echo: true, setting: func(ctx engine.Context, _ string) {
				if ctx.Key() == "key-17" && failures.Add(1) <= c.times {
					c.how(ctx)
				}
			}}))
			b.await("all settings are read", func() bool { return p.sum().records == len(keys) })
			b.clock.Set(testStart + 10)
			b.settled(want, all(rested(), keys...))
			if got := p.restarts(c.said); got != int(c.times) {
				t.Errorf("the session ended %d times, not %d, for: %s", got, c.times, c.said)
			}
		})
	}
}

// A timer callback that panics does not lose its timer either.
func TestAPanicInATimerLosesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	var failures atomic.Int64
	p := b.start("a", alarms(hooks{rung: func(ctx engine.Context, _ instant.Instant) {
		if ctx.Key() == "key-17" && failures.Add(1) <= 2 {
			panic("told to panic")
		}
	}}))
	b.await("all settings are read", func() bool { return p.sum().records == len(keys) })
	b.clock.Set(testStart + 10)
	b.settled(want, all(rested(), keys...))
	if got := p.restarts("told to panic"); got != 2 {
		t.Errorf("the session ended %d times, not 2", got)
	}
}

// What a foreign partitioner put into a wrong partition travels through the loop: to its own partition, in the order of
// the partition that it came from.
func TestMisplacedRecordsTravelInOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	foreign := b.connect(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	keys := numbered("key", 12)
	const far = testStart + 1_000_000_000 // none rings
	var want []string
	for round := range 5 {
		for i, key := range keys {
			record := alarm(key, far+instant.Instant(1000*round+i))
			// Some lie where they belong; the others, always in the same wrong partition.
			record.Partition = (topics.PartitionOf(record.Key, testPartitions) + int32(i%3)) % testPartitions
			if err := foreign.ProduceSync(b.ctx, record).FirstErr(); err != nil {
				t.Fatal(err)
			}
			want = append(want, echo(key, far+instant.Instant(1000*round+i)))
		}
	}
	b.start("a", alarms(hooks{echo: true}))
	b.same("echoes", b.rung(len(want)), want)
	b.drained()

	said := map[string][]string{}
	for _, r := range b.committed(testOutput) {
		if own := topics.PartitionOf(r.Key, testPartitions); r.Partition != own {
			t.Errorf("%s was emitted to partition %d, not %d", r.Value, r.Partition, own)
		}
		said[string(r.Key)] = append(said[string(r.Key)], string(r.Value))
	}
	rows := map[string][]byte{}
	for i, key := range keys {
		var inOrder []string
		for round := range 5 {
			inOrder = append(inOrder, echo(key, far+instant.Instant(1000*round+i)))
		}
		if got := strings.Join(said[key], " "); got != strings.Join(inOrder, " ") {
			t.Errorf("settings of %s came in the order %s", key, got)
		}
		rows[key] = armed(far + instant.Instant(4000+i))
	}
	b.holds(rows)
}

// Retention may take records of an input away before the group has read them, while it is stopped and while it runs. It
// goes on with what there is.
func TestInputsMayBeDeletedUnread(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		running bool
	}{{"while it is stopped", false}, {"while it runs", true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 1)
			b.set(alarm("first", testStart+10))
			held := b.holdup()
			p := b.start("a", alarms(hooks{rung: held.callback}), frequent)
			b.await("the row is armed", func() bool { return p.sum().rows == 1 })
			if c.running {
				b.clock.Set(testStart + 10)
				b.signal("it rings", held.entered)
			} else {
				b.stop(p)
			}
			p.wire.freeze() // nothing is fetched meanwhile
			settings, rings := alarmsAt(testStart+10, numbered("key", 10)...)
			for _, setting := range settings {
				b.set(setting)
			}
			kept := kadm.Offsets{}
			kept.AddOffset(testInput, 0, 1+6, -1)
			if _, err := b.admin.DeleteRecords(b.ctx, kept); err != nil {
				t.Fatal(err)
			}
			if c.running {
				p.wire.thaw()
				held.free()
			} else {
				b.clock.Set(testStart + 10)
				b.start("a", alarms(hooks{}), frequent)
			}
			// A fetch that was under way may have brought some of the others.
			want := append(slices.Clone(rings[6:]), ring("first", testStart+10))
			b.await("what is left has rung", func() bool {
				said := values(b.committed(testOutput))
				return !slices.ContainsFunc(want, func(ring string) bool { return !slices.Contains(said, ring) })
			})
			b.drained()
			for _, said := range values(b.committed(testOutput)) {
				if !slices.Contains(append(rings, want...), said) {
					t.Errorf("%s has rung", said)
				}
			}
			b.none("open transactions", b.open)
			if said := slices.Sorted(slices.Values(values(b.committed(testOutput)))); len(said) != len(slices.Compact(said)) {
				t.Errorf("something has rung twice: %v", said)
			}
		})
	}
}
