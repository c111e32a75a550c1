package engine

import "github.com/lovoo/goka"

// shape is what the engine needs to know of a group graph.
type shape struct {
	group   goka.Group
	streams []string // inputs that are topics, the loop included
	// first are the streams that are read before the others after a claim (see FirstCodec), rest are those; without any first, all
	// are.
	first, rest []string
	loop        string // empty without one
	table       string // empty without one
	timers      bool   // the graph has an OnTimer edge
	timer       string // the virtual timer stream
	outputs     []string
}

func shapeOf(graph *goka.GroupGraph) shape {
	s := shape{group: graph.Group(), timer: string(TimerStream(graph.Group()))}
	for _, input := range graph.InputStreams() {
		if input.Topic() == s.timer {
			s.timers = true
			continue
		}
		s.streams = append(s.streams, input.Topic())
		if _, is := input.Codec().(FirstCodec); is {
			s.first = append(s.first, input.Topic())
		} else {
			s.rest = append(s.rest, input.Topic())
		}
	}
	if loop := graph.LoopStream(); loop != nil {
		s.loop = loop.Topic()
		s.streams = append(s.streams, s.loop)
		s.rest = append(s.rest, s.loop)
	}
	if s.first == nil {
		s.first, s.rest = s.rest, nil
	}
	if rows := graph.GroupTable(); rows != nil {
		s.table = rows.Topic()
	}
	s.outputs = graph.OutputStreams().Topics()
	return s
}

// claimed returns all that goka consumes of a partition: the streams and the virtual timers.
func (s shape) claimed() []string {
	if !s.timers {
		return s.streams
	}
	return append([]string{s.timer}, s.streams...)
}

// owns says whether the group writes or reads the topic; a transaction on any other topic is not the group's.
func (s shape) owns(topic string) bool {
	for _, list := range [][]string{s.streams, s.outputs, {s.table, s.loop, offsetsTopic}} {
		for _, name := range list {
			if name == topic && topic != "" {
				return true
			}
		}
	}
	return false
}

// offsetsTopic is where the brokers keep committed positions; a transaction that commits positions writes there.
const offsetsTopic = "__consumer_offsets"
