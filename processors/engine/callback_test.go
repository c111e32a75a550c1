package engine_test

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Tombstones, empty values and records without a key reach the callback, with their headers: nothing is dropped unseen.
func TestNothingIsDropped(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	graph := goka.DefineGroup(testGroup,
		goka.Input(testInput, new(codec.Bytes), func(ctx goka.Context, message any) {
			value, is := message.([]byte)
			ctx.Emit(testOutput, ctx.Key(), []byte(fmt.Sprintf("%d %q %q %t %s",
				ctx.Offset(), ctx.Key(), value, is, ctx.Headers()["h"])))
		}),
		goka.Output(testOutput, new(codec.Bytes)))
	b.set(
		&kgo.Record{Topic: testInput, Key: []byte("k"), Value: []byte("v"), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("1")}}},
		&kgo.Record{Topic: testInput, Key: []byte("k")},
		&kgo.Record{Topic: testInput, Key: []byte("k"), Value: []byte{}},
		&kgo.Record{Topic: testInput, Value: []byte("v")},
		&kgo.Record{Topic: testInput},
	)
	p := b.start("a", graph)
	b.same("what callbacks saw", b.rung(5), []string{
		`0 "k" "v" true 1`, `1 "k" "" false `, `2 "k" "" true `, `3 "" "v" true `, `4 "" "" false `,
	})
	b.drained()
	b.await("all records are accounted for", func() bool { return p.sum().records == 5 })
	for _, r := range b.committed(testOutput) {
		if len(r.Key) == 0 && r.Key != nil {
			t.Errorf("%s: a record without a key was answered under an empty key", r.Value)
		}
	}
}

// Sub-rows are part of the state: written in the transaction of the key's row, recovered, removed; and however often they
// are written in a transaction, only the last value goes to the table topic.
func TestSubRows(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	graph := func() *goka.GroupGraph {
		return goka.DefineGroup(testGroup,
			goka.Input(testInput, new(codec.String), func(gctx goka.Context, message any) {
				ctx := engine.From(gctx)
				ctx.SetPart("count", fmt.Appendf(nil, "%s%s", ctx.Part("count"), message))
				ctx.SetPart("last", []byte(message.(string)))
				if message == "-" {
					ctx.SetPart("last", nil)
				}
				ctx.SetValue("row " + message.(string))
				ctx.Emit(testOutput, ctx.Key(), fmt.Sprintf("%s %s %s", ctx.Part("count"), ctx.Part("last"), ctx.Value()))
			}),
			goka.Output(testOutput, new(codec.String)),
			goka.Persist(new(codec.String)))
	}
	say := func(key, value string) *kgo.Record {
		return &kgo.Record{Topic: testInput, Key: []byte(key), Value: []byte(value)}
	}
	b.set(say("k", "a"), say("k", "b"), say("k", "c"), say("l", "x"))
	p := b.start("a", graph())
	want := []string{"a a row a", "ab b row b", "abc c row c", "x x row x"}
	b.same("what callbacks saw", b.rung(4), want)
	b.await("the transaction is over", func() bool { return p.sum().records == 4 })
	// One transaction, or more if the records did not come together: each writes a row and two parts of a key once.
	p.note(func() {
		rows := 0
		for _, c := range p.commits {
			rows += c.rows
			if c.rows > 6 {
				t.Errorf("a transaction of two keys wrote %d rows", c.rows)
			}
		}
		if written := len(b.committed(testTable)); written != rows {
			t.Errorf("%d rows were written, %d are told", written, rows)
		}
		if len(p.commits) == 1 && rows != 6 {
			t.Errorf("%d rows were written for two keys of two parts", rows)
		}
	})
	b.stop(p)

	b.set(say("k", "-"), say("l", "y"))
	b.start("b", graph())
	b.same("what callbacks saw", b.rung(6), append(want, "abc-  row -", "xy y row y"))
	b.holds(map[string][]byte{
		"k": []byte("row -"), engine.PartKey("k", "count"): []byte("abc-"),
		"l": []byte("row y"), engine.PartKey("l", "count"): []byte("xy"), engine.PartKey("l", "last"): []byte("y"),
	})
}

// Only rows are due, never their parts, whatever bytes those begin with.
func TestSubRowsAreNotDue(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	b.set(alarm("k", testStart+10))
	p := b.start("a", alarms(hooks{setting: func(ctx engine.Context, _ string) {
		ctx.SetPart("counter", binary.BigEndian.AppendUint64(nil, 1))
	}}))
	b.await("the row is armed", func() bool { return p.sum().rows == 2 })
	if next := p.engine.Next(); next != testStart+10 {
		t.Errorf("the next timer is due at %d, not %d", next, testStart+10)
	}
	b.clock.Set(testStart + 10)
	b.settled([]string{ring("k", testStart+10)}, map[string][]byte{
		"k": rested(), engine.PartKey("k", "counter"): {0, 0, 0, 0, 0, 0, 0, 1},
	})
}

// Rows of a graph without timers are not read for an instant.
func TestRowsWithoutTimersAreNotDue(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	graph := goka.DefineGroup(testGroup,
		goka.Input(testInput, new(codec.Bytes), func(ctx goka.Context, message any) { ctx.SetValue(message) }),
		goka.Persist(new(codec.Bytes)))
	b.set(&kgo.Record{Topic: testInput, Key: []byte("k"), Value: dueAt(1)})
	p := b.start("a", graph)
	b.await("the row is written", func() bool { return p.sum().rows == 1 })
	if next := p.engine.Next(); next != instant.Instant(1<<63-1) {
		t.Errorf("the next timer is due at %d", next)
	}
}

// A timer callback that leaves its row due would fire for ever. It is reported, again and again with growing pauses, and
// nothing of it is committed; and it is not repeated within a session.
func TestATimerThatStaysDueIsReported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		leave func(ctx goka.Context, due instant.Instant)
	}{
		{"row not written", func(goka.Context, instant.Instant) {}},
		{"row written as it was", func(ctx goka.Context, _ instant.Instant) { ctx.SetValue(ctx.Value()) }},
		{"row due earlier", func(ctx goka.Context, due instant.Instant) { ctx.SetValue(armed(due - 1)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 1)
			graph := goka.DefineGroup(testGroup,
				goka.Input(testInput, new(codec.Bytes), func(ctx goka.Context, message any) { hooks{}.onSetting(engine.From(ctx), message) }),
				engine.OnTimer(testGroup, func(ctx goka.Context, message any) {
					ctx.Emit(testOutput, ctx.Key(), []byte("fired"))
					c.leave(ctx, message.(instant.Instant))
				}),
				goka.Output(testOutput, new(codec.Bytes)),
				goka.Persist(new(codec.Bytes)))
			p := b.start("a", graph)
			b.set(alarm("stays", testStart+10))
			b.await("the row is armed", func() bool { return p.sum().rows == 1 })
			b.clock.Set(testStart + 10)
			b.await("the timer is reported, or has fired too often", func() bool {
				return p.restarts(`"stays"`) >= 2 || p.sum().timers > 0
			})
			if got := values(b.committed(testOutput)); len(got) > 0 {
				t.Errorf("it has fired %d times", len(got))
			}
		})
	}
}

// A row may have several instants, one after the other, and all of them overdue.
func TestATimerMayMoveOnToAnOverdueInstant(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	graph := goka.DefineGroup(testGroup,
		goka.Input(testInput, new(codec.Bytes), func(ctx goka.Context, message any) { hooks{}.onSetting(engine.From(ctx), message) }),
		engine.OnTimer(testGroup, func(ctx goka.Context, message any) {
			due := message.(instant.Instant)
			ctx.Emit(testOutput, ctx.Key(), []byte(ring(ctx.Key(), due)))
			if due < testStart+13 {
				ctx.SetValue(armed(due + 1))
				return
			}
			ctx.SetValue(rested())
		}),
		goka.Output(testOutput, new(codec.Bytes)),
		goka.Persist(new(codec.Bytes)))
	p := b.start("a", graph)
	b.set(alarm("k", testStart+10))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	b.clock.Set(testStart + 100)
	var want []string
	for at := range instant.Instant(4) {
		want = append(want, ring("k", testStart+10+at))
	}
	b.same("rings", b.rung(4), want)
	b.holds(all(rested(), "k"))
}

// A record that comes in the transaction in which its row has rung may set it to an instant that is past: it rings again.
func TestARungRowMayBeSetToThePast(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	held := b.holdup()
	p := b.start("a", alarms(hooks{rung: held.callback}))
	b.set(alarm("k", testStart+10))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	b.clock.Set(testStart + 10)
	b.signal("it rings", held.entered)
	b.set(alarm("k", testStart+5))
	held.free()
	b.settled([]string{ring("k", testStart+10), ring("k", testStart+5)}, all(rested(), "k"))
	if p.restarts("") > 0 {
		t.Error("this is no fault")
	}
}

// Counts are told with the commit: what an aborted batch counted is not. Headers go out with what is emitted.
func TestCountsAndHeaders(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	var failed atomic.Bool
	graph := goka.DefineGroup(testGroup,
		goka.Input(testInput, new(codec.String), func(gctx goka.Context, message any) {
			ctx := engine.From(gctx)
			ctx.Count("settings")
			ctx.Count(message.(string))
			ctx.CountSince(message.(string), ctx.Now()-5)
			ctx.Emit(testOutput, ctx.Key(), message, goka.WithCtxEmitHeaders(goka.Headers{"h": []byte(ctx.Key())}))
			if message == "last" && failed.CompareAndSwap(false, true) {
				panic("told to panic")
			}
		}),
		goka.Output(testOutput, new(codec.String)))
	for _, value := range []string{"first", "second", "last"} {
		b.set(&kgo.Record{Topic: testInput, Key: []byte("k"), Value: []byte(value)})
	}
	var mu sync.Mutex
	counts, late := map[string]int{}, map[string]time.Duration{}
	p := b.start("a", graph, func(c *engine.Config) {
		c.Observe.Counted = func(byName map[string]int) {
			mu.Lock()
			defer mu.Unlock()
			for name, count := range byName {
				counts[name] += count
			}
		}
		c.Observe.Late = func(name string, by time.Duration, count int) {
			mu.Lock()
			defer mu.Unlock()
			late[name] += by * time.Duration(count)
		}
	})
	b.same("output", b.rung(3), []string{"first", "second", "last"})
	b.await("all is committed", func() bool { return p.sum().records == 3 })
	b.set(&kgo.Record{Topic: testInput, Key: []byte("k"), Value: []byte("more")})
	b.await("the next batch is committed", func() bool { return p.sum().records == 4 })
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(map[string]int{"settings": 4, "first": 1, "second": 1, "last": 1, "more": 1}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	const once = 5 * time.Millisecond
	want := map[string]time.Duration{"first": once, "second": once, "last": once, "more": once}
	if diff := cmp.Diff(want, late); diff != "" {
		t.Errorf("counted since (-want +got):\n%s", diff)
	}
	for _, r := range b.committed(testOutput) {
		if len(r.Headers) != 1 || r.Headers[0].Key != "h" || string(r.Headers[0].Value) != "k" {
			t.Errorf("%s came with headers %v", r.Value, r.Headers)
		}
	}
}
