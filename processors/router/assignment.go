package router

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// assignment is what the group gave this member in one generation. Its positions belong to it alone: those of an earlier one
// would rewind the group.
type assignment struct {
	// positions are, per partition, the offset of the next record to route. Only the session's goroutine touches them.
	positions map[int32]int64
	// member and generation are what its transactions are fenced by (KIP-447).
	member     string
	generation int32
	// ctx ends when the partitions are revoked or lost.
	ctx    context.Context
	cancel context.CancelFunc
	served bool
}

// onAssigned is called by franz-go before positions are fetched. Dead members are fenced here, not later: a transaction that
// one left open would hold the fetch of positions until its time-out.
func (m *member) onAssigned(ctx context.Context, client *kgo.Client, assigned map[string][]int32) {
	m.mu.Lock()
	m.id, m.generation = client.GroupMetadata()
	if len(assigned) > 0 {
		client.PauseFetchPartitions(assigned) // until the session's goroutine has let go of what was before
	}
	m.mu.Unlock()
	err := engine.Fencing{
		Reach: engine.Reach(m.router.config.Connect), Group: m.router.group, Instance: m.router.config.Instance,
		Timeout: m.router.config.TransactionTimeout,
		Owns: func(topic string) bool {
			_, own := topics.StoreOf(topics.Name(topic))
			return own
		},
		Fenced: func(id string) {
			m.router.config.Observe.Fenced(id)
			m.router.config.Log.Info().Str("transactional_id", id).Msg("fenced a member that is gone")
		},
	}.Absent(ctx)
	if err != nil {
		m.fail(fmt.Errorf("fencing dead members: %w", err))
		return
	}
	if len(assigned) == 0 { // more members than partitions: no positions will be fetched
		m.assign(nil)
	}
}

// adjustPositions is called by franz-go with the committed positions of this assignment. Where there is none, the partition's
// start is taken by its number, and so it is where the log begins later.
func (m *member) adjustPositions(
	ctx context.Context, offsets map[string]map[int32]kgo.Offset,
) (map[string]map[int32]kgo.Offset, error) {
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	topic := string(topics.DeviceCommands)
	starts, err := kadm.NewClient(m.side).ListStartOffsets(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("listing the starts of %s: %w", topic, err)
	}
	positions := make(map[int32]int64)
	for partition, offset := range offsets[topic] {
		at := offset.EpochOffset().Offset
		start, ok := starts.Lookup(topic, partition)
		if !ok || start.Err != nil {
			return nil, fmt.Errorf("listing the start of %s/%d: %w", topic, partition, start.Err)
		}
		if at < start.Offset {
			if at >= 0 { // without one, there is no telling what should have been read
				m.router.config.Observe.Lost(topic, start.Offset-at)
				m.router.config.Log.Error().Int32("partition", partition).Int64("records", start.Offset-at).
					Msg("commands were deleted before they were routed: devices get them when they are pushed again")
			}
			at = start.Offset
			offsets[topic][partition] = kgo.NewOffset().At(at)
		}
		positions[partition] = at
	}
	m.assign(positions)
	return offsets, nil
}

func (m *member) assign(positions map[int32]int64) {
	a := &assignment{positions: positions}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	m.mu.Lock()
	a.member, a.generation = m.id, m.generation
	before := m.current
	m.current = a
	m.mu.Unlock()
	if before != nil {
		before.cancel()
	}
	m.signal()
}

// onRevoked is called by franz-go when the partitions are taken away, also when they are already lost.
func (m *member) onRevoked(context.Context, *kgo.Client, map[string][]int32) { m.drop() }

// drop ends the assignment that holds.
func (m *member) drop() {
	m.mu.Lock()
	before := m.current
	m.current = nil
	m.mu.Unlock()
	if before != nil {
		before.cancel()
	}
}

// nextAssignment waits for the group's answer; nil when ctx has ended.
func (m *member) nextAssignment(ctx context.Context) (*assignment, error) {
	for {
		m.mu.Lock()
		a, failure := m.current, m.failure
		m.mu.Unlock()
		switch {
		case failure != nil:
			return nil, failure
		case ctx.Err() != nil:
			return nil, nil
		case a != nil && !a.served:
			a.served = true
			return a, nil
		}
		select {
		case <-ctx.Done():
		case <-m.changed:
		}
	}
}
