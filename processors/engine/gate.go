package engine

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
)

// gate holds timers back after a claim until the inputs have been read to the end seen then, so that a change that was
// published during an outage is known before an overdue timer is decided. What a foreign partitioner misplaced arrives by
// the loop: once the streams are read, the loop's end is looked at again.
type gate struct {
	loop string
	ends positions
	// looped says that ends holds the second look, at the loop alone.
	looped bool
	open   bool
}

func newGate(ends positions, loop string) *gate {
	return &gate{loop: loop, ends: ends, looped: loop == ""}
}

// pass looks at the positions and opens the gate when they have reached the ends. ask says that the loop's ends are to
// be looked up, once, and given to again.
func (g *gate) pass(at positions) (ask bool) {
	if g.open {
		return false
	}
	for topic, partitions := range g.ends {
		for partition, end := range partitions {
			if at[topic][partition] < end {
				return false
			}
		}
	}
	g.open = g.looped
	return !g.looped
}

// again sets the ends of the second look.
func (g *gate) again(ends positions) { g.ends, g.looped = ends, true }

// inputEnds returns how far the assignment's inputs reach: their last stable offsets, and the loop's high watermark.
func (e *Engine) inputEnds(ctx context.Context, a *assignment, streams ...string) (positions, error) {
	if len(streams) == 0 {
		streams = e.shape.streams
	}
	side, err := e.side()
	if err != nil {
		return nil, err
	}
	defer side.Close()
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	admin := kadm.NewClient(side)
	ends := positions{}
	for _, topic := range streams {
		list := admin.ListCommittedOffsets
		if topic == e.shape.loop {
			// A transaction that has just ended may still have its markers to write: the last stable offset then lies
			// before what it sent by the loop. The high watermark does not; positions reach it, since markers move them.
			list = admin.ListEndOffsets
		}
		listed, err := list(ctx, topic)
		if err != nil {
			return nil, fmt.Errorf("listing the ends of %s: %w", topic, err)
		}
		for _, partition := range a.partitions {
			end, ok := listed.Lookup(topic, partition)
			if !ok || end.Err != nil {
				return nil, fmt.Errorf("listing the end of %s/%d: %w", topic, partition, end.Err)
			}
			ends.set(topic, partition, end.Offset)
		}
	}
	return ends, nil
}
