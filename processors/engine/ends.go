package engine

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
)

// inputEnds returns the last stable offsets of inputs in some partitions. unlisted are those whose leaders do not tell them
// for now.
func (e *Engine) inputEnds(
	ctx context.Context, admin *kadm.Client, inputs []string, of []int32,
) (ends positions, unlisted []int32, err error) {
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	offsets, err := listed(admin.ListCommittedOffsets(ctx, inputs...))
	if err != nil {
		return nil, nil, fmt.Errorf("listing the ends of the inputs: %w", err)
	}
	ends = positions{}
	for _, partition := range of {
		told := true
		for _, topic := range inputs {
			end, ok := offsets.Lookup(topic, partition)
			told = told && ok && end.Err == nil
			ends.set(topic, partition, end.Offset)
		}
		if !told {
			unlisted = append(unlisted, partition)
		}
	}
	return ends, unlisted, nil
}

// loopEnds returns the high watermarks of the loop, without the partitions whose leaders do not tell them for now. The
// broker answers a commit before it has written the transaction's markers (KIP-98); until then the last stable offset lies
// before what was sent by the loop, and the high watermark does not. Positions reach it, since markers move them.
func (e *Engine) loopEnds(ctx context.Context, admin *kadm.Client) (map[int32]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	offsets, err := listed(admin.ListEndOffsets(ctx, e.shape.loop))
	if err != nil {
		return nil, fmt.Errorf("listing the ends of the loop: %w", err)
	}
	ends := make(map[int32]int64)
	offsets.Each(func(end kadm.ListedOffset) {
		if end.Err == nil {
			ends[end.Partition] = end.Offset
		}
	})
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
	starts, err := listed(admin.ListStartOffsets(ctx, e.carrying()...))
	if err != nil {
		return nil, fmt.Errorf("listing the starts of the inputs: %w", err)
	}
	at := positions{}
	starts.Each(func(start kadm.ListedOffset) {
		position, found := committed.Lookup(start.Topic, start.Partition)
		if !found || position.Err != nil {
			position.At = -1
		}
		if start.Err != nil {
			start.Offset = 0
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
