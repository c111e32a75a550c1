package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// A Graph is goka's graph of the same edges, and calls the same callbacks.
func TestGraphTellsItsCallbacks(t *testing.T) {
	t.Parallel()
	called := ""
	says := func(what string) goka.ProcessCallback { return func(goka.Context, any) { called = what } }
	graph := engine.Define("g",
		engine.Input("in", new(codec.String), says("in")), engine.Loop(new(codec.Bytes), says("loop")),
		engine.Timers(says("timer")), engine.Output("out", new(codec.String)), engine.Persist(new(codec.Bytes)))
	if err := graph.Validate(); err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[goka.Stream]string{"in": "in", "g-loop": "loop", "g-timers": "timer"} {
		if graph.Callback(topic)(nil, nil); called != want {
			t.Errorf("the callback of %s is that of %q", topic, called)
		}
	}
	if graph.Callback("out") != nil || graph.Callback("g-table") != nil {
		t.Error("a topic that is only written has a callback")
	}
	same := goka.DefineGroup("g",
		goka.Input("in", new(codec.String), says("")), goka.Loop(new(codec.Bytes), says("")),
		engine.OnTimer("g", says("")), goka.Output("out", new(codec.String)), goka.Persist(new(codec.Bytes)))
	if diff := cmp.Diff(edgesOf(same), edgesOf(graph.GroupGraph)); diff != "" {
		t.Errorf("other edges than goka's (-goka +graph):\n%s", diff)
	}
}

func edgesOf(graph *goka.GroupGraph) (edges []string) {
	for _, edge := range graph.AllEdges() {
		edges = append(edges, edge.String())
	}
	return edges
}

// Rows of a graph without timers are never due; timers without a table are refused.
func TestGraphDueOf(t *testing.T) {
	t.Parallel()
	none := func(goka.Context, any) {}
	input, persist := engine.Input("in", new(codec.String), none), engine.Persist(new(codec.Bytes))
	if due, err := engine.Define("g", input, persist).DueOf(); due != nil || err != nil {
		t.Errorf("without timers: %v", err)
	}
	if _, err := engine.Define("g", input, engine.Timers(none)).DueOf(); err == nil {
		t.Error("timers without a table are not refused")
	}
	due, err := engine.Define("g", input, engine.Timers(none), persist).DueOf()
	if err != nil || due([]byte{0, 0, 0, 0, 0, 0, 0, 7}) != 7 {
		t.Errorf("with timers: %v", err)
	}
}

// What goka's option sets is found, also after an upgrade of goka.
func TestEmitHeaders(t *testing.T) {
	t.Parallel()
	if headers := engine.EmitHeaders(nil); headers != nil {
		t.Errorf("without options there are headers: %v", headers)
	}
	got := engine.EmitHeaders([]goka.ContextOption{goka.WithCtxEmitHeaders(goka.Headers{"a": []byte("1"), "b": nil})})
	if diff := cmp.Diff(goka.Headers{"a": []byte("1"), "b": nil}, got); diff != "" {
		t.Errorf("other headers (-want +got):\n%s", diff)
	}
}
