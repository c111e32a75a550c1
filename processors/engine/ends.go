package engine

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
)

// inputEnds returns the last stable offsets of the inputs in some partitions.
func (e *Engine) inputEnds(ctx context.Context, of []int32) (positions, error) {
	side, err := e.side()
	if err != nil {
		return nil, err
	}
	defer side.Close()
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	listed, err := kadm.NewClient(side).ListCommittedOffsets(ctx, e.shape.streams...)
	if err != nil {
		return nil, fmt.Errorf("listing the ends of the inputs: %w", err)
	}
	ends := positions{}
	for _, topic := range e.shape.streams {
		for _, partition := range of {
			end, ok := listed.Lookup(topic, partition)
			if !ok || end.Err != nil {
				return nil, fmt.Errorf("listing the end of %s/%d: %w", topic, partition, end.Err)
			}
			ends.set(topic, partition, end.Offset)
		}
	}
	return ends, nil
}

// loopEnds returns the high watermarks of the loop. The broker answers a commit before it has written the transaction's
// markers (KIP-98); until then the last stable offset lies before what was sent by the loop, and the high watermark does
// not. Positions reach it, since markers move them.
func (e *Engine) loopEnds(ctx context.Context, admin *kadm.Client) (map[int32]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	listed, err := admin.ListEndOffsets(ctx, e.shape.loop)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("listing the ends of the loop: %w", err)
	}
	ends := make(map[int32]int64)
	listed.Each(func(end kadm.ListedOffset) { ends[end.Partition] = end.Offset })
	return ends, nil
}

// committedPositions returns the group's positions as committed, in all partitions of its inputs but the loop: the start
// of a partition where there is none. What an open transaction would commit does not count.
func (e *Engine) committedPositions(ctx context.Context, admin *kadm.Client) (positions, error) {
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	committed, err := admin.FetchOffsets(ctx, string(e.shape.group))
	if err != nil {
		return nil, fmt.Errorf("fetching the group's positions: %w", err)
	}
	starts, err := admin.ListStartOffsets(ctx, e.carrying()...)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("listing the starts of the inputs: %w", err)
	}
	at := positions{}
	starts.Each(func(start kadm.ListedOffset) {
		position, found := committed.Lookup(start.Topic, start.Partition)
		if !found || position.Err != nil {
			position.At = -1
		}
		at.set(start.Topic, start.Partition, max(position.At, start.Offset))
	})
	return at, nil
}

// carrying are the inputs from which a record may be sent on by the loop.
func (e *Engine) carrying() (topics []string) {
	for _, topic := range e.shape.streams {
		if topic != e.shape.loop {
			topics = append(topics, topic)
		}
	}
	return topics
}
