package simulation

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
	"github.com/rmn-arms/campaign-engine/topics"
)

// groupOf makes a group of some edges.
func groupOf(t *testing.T, name string, edges ...engine.Edge) *group {
	t.Helper()
	g := &group{Group: topics.Group{Short: name, Table: topics.Name(name + "-table")}, id: goka.Group(name), counts: make(map[string]int)}
	if err := g.take(engine.Define(goka.Group(name), edges...)); err != nil {
		t.Fatal(err)
	}
	return g
}

// armed is a row that is due at an instant.
func armed(at instant.Instant) []byte { return binary.BigEndian.AppendUint64(nil, uint64(at)) }

// alarms is a group that arms its key at the instant that it reads, and tells when that has come.
func alarms(t *testing.T, name string) *group {
	return groupOf(t, name,
		engine.Input("in", new(codec.Int64), func(ctx goka.Context, message any) { ctx.SetValue(armed(instant.Instant(message.(int64)))) }),
		engine.Timers(func(ctx goka.Context, message any) {
			ctx.Emit("out", ctx.Key(), fmt.Sprintf("%s %d", name, message))
			ctx.SetValue(armed(table.Never))
		}),
		engine.Output("out", new(codec.String)), engine.Persist(new(codec.Bytes)))
}

// written gathers what a simulation writes.
type written []string

func (w *written) take(r topics.Record) error {
	*w = append(*w, fmt.Sprintf("%d %s/%d %s %s", r.Timestamp, r.Topic, r.Offset, r.Key, r.Value))
	return nil
}

// Timers fire each at its instant; those of one instant in the order of the flow, then of their keys, behind what is published then.
func TestTimersFireInTheirOrder(t *testing.T) {
	t.Parallel()
	var all written
	r := newRunner(Config{Now: 5, Written: all.take}, []*group{alarms(t, "first"), alarms(t, "second")})
	publish := func(key, at string) {
		t.Helper()
		if err := r.Publish(topics.Record{Topic: "in", Key: []byte(key), Value: []byte(at)}); err != nil {
			t.Fatal(err)
		}
	}
	run := func(to instant.Instant) {
		t.Helper()
		if err := r.RunUntil(to); err != nil {
			t.Fatal(err)
		}
	}
	publish("b", "20")
	publish("a", "20")
	publish("c", "10")
	run(20)
	publish("d", "20")
	run(21)
	want := written{
		"5 in/0 b 20", "5 in/1 a 20", "5 in/2 c 10", "10 out/0 c first 10", "10 out/1 c second 10", "20 in/3 d 20",
		"20 out/2 a first 20", "20 out/3 b first 20", "20 out/4 d first 20",
		"20 out/5 a second 20", "20 out/6 b second 20", "20 out/7 d second 20",
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("it writes (-want +got):\n%s", diff)
	}
	if r.Now() != 21 || r.Next() != table.Never {
		t.Errorf("the clock stands at %d, the next timer is due at %d", r.Now(), r.Next())
	}
	// What the clock has jumped over is late, in the order of its instants.
	all = nil
	publish("b", "40")
	publish("a", "50")
	r.Drive(60)
	if err := r.Fire(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"60 out/8 b first 40", "60 out/9 b second 40", "60 out/10 a first 50", "60 out/11 a second 50"}, []string(all[2:])); diff != "" {
		t.Errorf("it writes (-want +got):\n%s", diff)
	}
}

// Whatever goes wrong in a callback ends the simulation, with the group and the key.
func TestWhatGoesWrongIsNamed(t *testing.T) {
	t.Parallel()
	wrong := errors.New("no such thing")
	for name, c := range map[string]struct {
		does goka.ProcessCallback
		want string
	}{
		"a panic":               {func(goka.Context, any) { panic("at the disco") }, "panic: at the disco"},
		"a mistake":             {func(_ goka.Context, message any) { _ = message.(int) }, "panic: interface conversion"},
		"a failure":             {func(ctx goka.Context, _ any) { ctx.Fail(wrong) }, wrong.Error()},
		"a commit that fails":   {func(ctx goka.Context, _ any) { ctx.DeferCommit()(wrong) }, wrong.Error()},
		"another's topic":       {func(ctx goka.Context, _ any) { ctx.Emit("elsewhere", "k", "v") }, "elsewhere: it is no output"},
		"no loop":               {func(ctx goka.Context, _ any) { ctx.Loopback("k", "v") }, "the group has none"},
		"a value of no kind":    {func(ctx goka.Context, _ any) { ctx.Emit("out", "k", 7) }, "emitting to out"},
		"a row of no kind":      {func(ctx goka.Context, _ any) { ctx.SetValue(7) }, "encoding the row"},
		"no row":                {func(ctx goka.Context, _ any) { ctx.SetValue(nil) }, "writing the row"},
		"a table of others":     {func(ctx goka.Context, _ any) { ctx.Join("other") }, "reading other"},
		"a view of others":      {func(ctx goka.Context, _ any) { ctx.Lookup("other", "k") }, "reading other"},
		"a row that stays due":  {func(ctx goka.Context, _ any) { ctx.SetValue(armed(1)) }, ""},
		"one that is due again": {func(ctx goka.Context, _ any) { ctx.SetValue(armed(2)) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := groupOf(t, "wrong", engine.Input("in", new(codec.String), c.does), engine.Output("out", new(codec.String)),
				engine.Timers(func(goka.Context, any) {}), engine.Persist(new(codec.Bytes)))
			r := newRunner(Config{Now: 7}, []*group{g})
			err := r.Publish(topics.Record{Topic: "in", Key: []byte("k-1"), Value: []byte("v")})
			if c.want == "" && err == nil {
				c.want, err = "its row was left due", r.Fire()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `simulating wrong at 1970-01-01T00:00:00.007Z, key "k-1": `) {
				t.Errorf("it ends with %v, want: %s", err, c.want)
			}
		})
	}
}

// What one reader does to what it reads, nobody else sees; nor what a writer does to what it wrote.
func TestNothingIsShared(t *testing.T) {
	t.Parallel()
	var seen []string
	scribbles := func(ctx goka.Context, message any) {
		bytes := message.([]byte)
		seen = append(seen, string(bytes))
		bytes[0] = 'X'
		row, _ := ctx.Value().(string)
		ctx.SetValue(row + string(bytes))
	}
	scribbler := func(name string) *group {
		return groupOf(t, name, engine.Input("in", new(codec.Bytes), scribbles), engine.Persist(new(codec.String)))
	}
	var all written
	r := newRunner(Config{Written: all.take}, []*group{scribbler("a"), scribbler("b")})
	value := []byte("value")
	if err := r.Publish(topics.Record{Topic: "in", Key: []byte("k"), Value: value}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []string{"value", "value"}) || string(value) != "value" {
		t.Errorf("readers see %v of %s", seen, value)
	}
}

// Callbacks see records as goka shows them: a tombstone as nil, no key as an empty one, of headers of one name the last. What they
// emit is read in the order in which they did, by the loop too, with its headers, at the instant of the decision.
func TestARecordIsAsGokaShowsIt(t *testing.T) {
	t.Parallel()
	var seen []string
	see := func(gctx goka.Context, message any) {
		ctx := engine.From(gctx)
		seen = append(seen, fmt.Sprintf("%s/%d/%d %q %v %s %d %v", ctx.Topic(), ctx.Partition(), ctx.Offset(), ctx.Key(), message,
			ctx.Headers()["h"], ctx.Timestamp().UnixMilli(), ctx.Misplaced() || ctx.CatchingUp()))
	}
	g := groupOf(t, "g", engine.Input("in", new(codec.String), func(ctx goka.Context, message any) {
		see(ctx, message)
		if message == "go" {
			ctx.Loopback("l", "1", goka.WithCtxEmitHeaders(goka.Headers{"h": []byte("y")}))
			ctx.Emit("out", "", nil)
			ctx.Loopback("l", "2")
		}
	}), engine.Loop(new(codec.String), see), engine.Output("out", new(codec.String)), engine.Persist(new(codec.Bytes)))
	var out []topics.Record
	r := newRunner(Config{Now: 3, Written: func(r topics.Record) error { out = append(out, r); return nil }}, []*group{g})
	for _, record := range []topics.Record{
		{Topic: "in", Key: []byte("k"), Value: []byte("go"), Headers: []topics.Header{{Key: "h", Value: []byte("a")}, {Key: "h", Value: []byte("b")}}},
		{Topic: "in"},
	} {
		if err := r.Publish(record); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`in/0/0 "k" go b 3 false`, `g-loop/0/0 "l" 1 y 3 false`, `g-loop/0/1 "l" 2  3 false`, `in/0/1 "" <nil>  3 false`,
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("callbacks see (-want +got):\n%s", diff)
	}
	if i := slices.IndexFunc(out, func(r topics.Record) bool { return r.Topic == "out" }); out[i].Key != nil || out[i].Value != nil || out[i].Timestamp != 3 {
		t.Errorf("what is emitted without key and value is %+v", out[i])
	}
}

// Rows go to the table topic when all is quiet, each once, parts beside them; a row that is removed as a tombstone.
func TestRowsAreWritten(t *testing.T) {
	t.Parallel()
	g := groupOf(t, "g", engine.Input("in", new(codec.String), func(gctx goka.Context, message any) {
		ctx := engine.From(gctx)
		if message == "-" {
			ctx.Delete()
			ctx.SetPart("p", nil)
			return
		}
		ctx.SetPart("p", append(ctx.Part("p"), message.(string)...))
		ctx.SetValue(message)
	}), engine.Persist(new(codec.String)))
	var all written
	r := newRunner(Config{Written: all.take, Rows: true}, []*group{g})
	for _, value := range []string{"a", "b", "-"} {
		if err := r.Publish(topics.Record{Topic: "in", Key: []byte("k"), Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
		if err := r.RunUntil(1); err != nil { // b and - are of one instant
			t.Fatal(err)
		}
	}
	if err := r.RunUntil(9); err != nil {
		t.Fatal(err)
	}
	want := written{
		"0 in/0 k a", "0 g-table/0 k\x00p a", "0 g-table/1 k a", "1 in/1 k b", "1 in/2 k -", "1 g-table/2 k\x00p ", "1 g-table/3 k ",
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("it writes (-want +got):\n%s", diff)
	}
	rows := 0
	if err := r.EachRow("g-table", func(string, []byte) { rows++ }); err != nil || rows != 0 {
		t.Errorf("%d rows are left: %v", rows, err)
	}
}

// A part waits for nothing, whatever its bytes are.
func TestPartsAreNotDue(t *testing.T) {
	t.Parallel()
	g := groupOf(t, "g", engine.Input("in", new(codec.String), func(ctx goka.Context, _ any) { engine.From(ctx).SetPart("p", armed(7)) }),
		engine.Timers(func(goka.Context, any) {}), engine.Persist(new(codec.Bytes)))
	r := newRunner(Config{}, []*group{g})
	if err := r.Publish(topics.Record{Topic: "in", Key: []byte("k"), Value: []byte("v")}); err != nil || r.Next() != table.Never {
		t.Errorf("something is due at %d: %v", r.Next(), err)
	}
}

// A queue gives back in the order in which it was given, and its memory is that of what waits.
func TestQueue(t *testing.T) {
	t.Parallel()
	var q queue
	next, taken := 0, 0
	for range 10_000 {
		for range 2 {
			q.put(delivery{record: topics.Record{Offset: int64(next)}})
			next++
		}
		for range 2 {
			if d, more := q.take(); !more || d.record.Offset != int64(taken) {
				t.Fatalf("number %d is %d", taken, d.record.Offset)
			}
			taken++
		}
		q.put(delivery{record: topics.Record{Offset: int64(next)}})
		next++
		if d, _ := q.take(); d.record.Offset != int64(taken) {
			t.Fatalf("number %d is %d", taken, d.record.Offset)
		}
		taken++
	}
	if _, more := q.take(); more || cap(q.items) > 4*queueMove {
		t.Errorf("there is more, or room for %d", cap(q.items))
	}
}
