package engine

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/state/table"
)

// Graph is a goka group graph that tells what goka keeps to itself: the callback of each topic. So the same callbacks can be
// run without goka.
type Graph struct {
	*goka.GroupGraph
	callbacks map[string]goka.ProcessCallback
}

// Edge is an edge of a Graph: goka's, and its callback.
type Edge struct {
	of       func(goka.Group) goka.Edge
	callback goka.ProcessCallback
}

// Define is goka.DefineGroup.
func Define(group goka.Group, edges ...Edge) *Graph {
	g := &Graph{callbacks: make(map[string]goka.ProcessCallback)}
	made := make([]goka.Edge, len(edges))
	for i, edge := range edges {
		made[i] = edge.of(group)
	}
	g.GroupGraph = goka.DefineGroup(group, made...)
	for i, edge := range edges { // the loop's topic is known by now
		if edge.callback != nil {
			g.callbacks[made[i].Topic()] = edge.callback
		}
	}
	return g
}

// Callback returns what is called for a record of a topic, or, with TimerStream, for a timer; nil for a topic that the group does
// not read.
func (g *Graph) Callback(topic goka.Stream) goka.ProcessCallback { return g.callbacks[string(topic)] }

// DueOf returns when a row of the group's table is due, nil when the group has no timers. Bytes that are no row are never due.
func (g *Graph) DueOf() (table.DueOf, error) {
	if g.Callback(TimerStream(g.Group())) == nil {
		return nil, nil
	}
	if g.GroupTable() == nil {
		return nil, fmt.Errorf("checking the graph of group %s: %w", g.Group(), errTimersNeedTable)
	}
	if due := rowDue(Config{}, g.GroupGraph); due != nil {
		return due, nil
	}
	return DuePrefix, nil
}

// ReviewOf returns when a row of the group's table is due and whether it is to be looked at anew, nil where its codec is no
// ReviewedCodec.
func (g *Graph) ReviewOf() table.ReviewOf { return rowReview(Config{}, g.GroupGraph) }

var errTimersNeedTable = errors.New("OnTimer needs a table (Persist)")

func plain(edge goka.Edge) Edge { return Edge{of: func(goka.Group) goka.Edge { return edge }} }

// Input is goka.Input.
func Input(topic goka.Stream, codec goka.Codec, callback goka.ProcessCallback) Edge {
	edge := plain(goka.Input(topic, codec, callback))
	edge.callback = callback
	return edge
}

// Loop is goka.Loop.
func Loop(codec goka.Codec, callback goka.ProcessCallback) Edge {
	edge := plain(goka.Loop(codec, callback))
	edge.callback = callback
	return edge
}

// Timers is OnTimer.
func Timers(callback goka.ProcessCallback) Edge {
	return Edge{of: func(group goka.Group) goka.Edge { return OnTimer(group, callback) }, callback: callback}
}

// Output is goka.Output.
func Output(topic goka.Stream, codec goka.Codec) Edge { return plain(goka.Output(topic, codec)) }

// Persist is goka.Persist.
func Persist(codec goka.Codec) Edge { return plain(goka.Persist(codec)) }

// EmitHeaders returns the headers that options put into an emitted record (goka.WithCtxEmitHeaders), nil without any. What an
// option sets is goka's secret, so it is looked at by reflection: this is for where goka does not run.
func EmitHeaders(options []goka.ContextOption) goka.Headers {
	var headers goka.Headers
	for _, option := range options {
		apply := reflect.ValueOf(option)
		set := reflect.New(apply.Type().In(0).Elem())
		apply.Call([]reflect.Value{set})
		given := set.Elem().FieldByName("emitHeaders")
		for each := given.MapRange(); each.Next(); {
			headers = headers.Merged(goka.Headers{each.Key().String(): each.Value().Bytes()})
		}
	}
	return headers
}
