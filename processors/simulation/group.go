package simulation

import (
	"fmt"
	"strings"

	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/table"
	"github.com/rmn-arms/campaign-engine/topics"
)

// group is one processor that runs. The router has a name and counters alone: all else is zero.
type group struct {
	topics.Group
	id      goka.Group
	counts  map[string]int
	inputs  map[string]input      // the loop included
	outputs map[string]goka.Codec // by topic
	loop    string                // "" without one
	looped  goka.Codec
	// rows are nil without a table, those of a group without timers never due.
	rows    *table.Table
	row     goka.Codec
	onTimer goka.ProcessCallback
	timers  string // their stream
}

// input is how a topic is read.
type input struct {
	codec    goka.Codec
	callback goka.ProcessCallback
}

func newGroup(g topics.Group, settings processors.Settings) (*group, error) {
	made := &group{Group: g, id: goka.Group(g.ID()), counts: make(map[string]int)}
	if g.PerStore {
		return made, nil
	}
	graph, err := processors.Graph(g.Short, settings)
	if err != nil {
		return nil, err
	}
	if err := graph.Validate(); err != nil {
		return nil, fmt.Errorf("checking the graph of %s: %w", g.Short, err)
	}
	return made, made.take(graph)
}

// take makes the group that of a graph.
func (g *group) take(graph *engine.Graph) error {
	stream := engine.TimerStream(g.id)
	g.timers, g.onTimer = string(stream), graph.Callback(stream)
	g.inputs, g.outputs = make(map[string]input), make(map[string]goka.Codec)
	edges := graph.InputStreams()
	if loop := graph.LoopStream(); loop != nil {
		g.loop, g.looped = loop.Topic(), loop.Codec()
		edges = append(edges[:len(edges):len(edges)], loop)
	}
	for _, edge := range edges {
		if edge.Topic() != g.timers {
			g.inputs[edge.Topic()] = input{edge.Codec(), graph.Callback(goka.Stream(edge.Topic()))}
		}
	}
	for _, edge := range graph.OutputStreams() {
		g.outputs[edge.Topic()] = edge.Codec()
	}
	rows := graph.GroupTable()
	if rows == nil {
		return nil
	}
	due, err := graph.DueOf()
	if err != nil {
		return err
	}
	g.row, g.rows = rows.Codec(), table.NewExcept(due, isPart)
	g.rows.Reviewing(graph.ReviewOf())
	g.rows.Index()
	return nil
}

// isPart says that a row is a part of another one: it waits for nothing. See engine.PartKey.
func isPart(key string) bool { return strings.Contains(key, engine.PartKey("", "")) }

// reads says whether the group reads a topic.
func (g *group) reads(topic string) bool {
	if g.PerStore {
		return topic == string(topics.DeviceCommands)
	}
	_, is := g.inputs[topic]
	return is
}
