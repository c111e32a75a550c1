package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// assignment is what the group gave this member in one generation. Its positions belong to it alone: positions kept from
// an earlier one would rewind the group.
type assignment struct {
	partitions []int32
	// positions holds, per stream and partition, the offset of the next record to process. Only the loop touches it.
	positions positions
	// unplaced are the partitions of which no input has a committed position.
	unplaced map[int32]bool
	// raised are the positions that are not the committed ones, since the log begins later; they are to be committed.
	raised positions
	// membership is what its transactions are fenced by; see putPositions.
	membership membership
	// ctx ends when the partitions are revoked or lost.
	ctx    context.Context
	cancel context.CancelFunc
	served bool
}

// membership is the member's id and the group's generation.
type membership struct {
	id         string
	generation int32
}

// positions are offsets per topic and partition.
type positions map[string]map[int32]int64

func (p positions) set(topic string, partition int32, offset int64) {
	if p[topic] == nil {
		p[topic] = make(map[int32]int64)
	}
	p[topic][partition] = offset
}

// onAssigned is called by franz-go before positions are fetched. Dead owners are fenced here, not later: a transaction
// that one left open would hold the fetch of positions until its time-out.
func (m *member) onAssigned(ctx context.Context, client *kgo.Client, assigned map[string][]int32) {
	m.mu.Lock()
	m.membership.id, m.membership.generation = client.GroupMetadata()
	if len(assigned) > 0 {
		client.PauseFetchPartitions(assigned) // until their rows are recovered
	}
	m.mu.Unlock()
	if err := m.engine.fenceAbsent(ctx); err != nil {
		m.fail(fmt.Errorf("fencing dead owners: %w", err))
		return
	}
	if len(assigned) == 0 { // more members than partitions: no positions will be fetched
		m.assign(&assignment{positions: positions{}})
	}
}

// adjustPositions is called by franz-go with the committed positions of this assignment. Where there is none the
// partition's start is taken by its number, so that there is a position to commit, and to be fenced by, from the first
// transaction on.
func (m *member) adjustPositions(
	ctx context.Context, offsets map[string]map[int32]kgo.Offset,
) (map[string]map[int32]kgo.Offset, error) {
	side, err := m.engine.side()
	if err != nil {
		return nil, err
	}
	defer side.Close()
	starts, err := kadm.NewClient(side).ListStartOffsets(ctx, slices.Collect(maps.Keys(offsets))...)
	if err != nil {
		return nil, fmt.Errorf("listing the starts of the inputs: %w", err)
	}
	a := &assignment{positions: positions{}, unplaced: unplaced(offsets), raised: positions{}}
	seen := map[int32]bool{}
	for topic, partitions := range offsets {
		for partition, offset := range partitions {
			at := offset.EpochOffset().Offset
			start, ok := starts.Lookup(topic, partition)
			if !ok || start.Err != nil {
				return nil, fmt.Errorf("listing the start of %s/%d: %w", topic, partition, start.Err)
			}
			if at < start.Offset {
				if at >= 0 { // without one, there is no telling what should have been read
					m.engine.tellOfLostRecords(topic, partition, at, start.Offset)
					a.raised.set(topic, partition, start.Offset)
				}
				at = start.Offset
				partitions[partition] = kgo.NewOffset().At(at)
			}
			a.positions.set(topic, partition, at)
			seen[partition] = true
		}
	}
	a.partitions = slices.Sorted(maps.Keys(seen))
	m.assign(a)
	return offsets, nil
}

// unplaced returns the partitions of which no input has a committed position. One with a position is enough to be placed: an
// input in which nothing has ever come has none, and brokers forget those of a group all at once.
func unplaced(offsets map[string]map[int32]kgo.Offset) map[int32]bool {
	none := map[int32]bool{}
	for _, partitions := range offsets {
		for partition, offset := range partitions {
			without, known := none[partition]
			none[partition] = (without || !known) && offset.EpochOffset().Offset < 0
		}
	}
	return none
}

// tellOfLostRecords tells of records that were deleted before the group had read them.
func (e *Engine) tellOfLostRecords(topic string, partition int32, committed, start int64) {
	e.config.Observe.lost(topic, start-committed)
	e.config.Log.Error().Str("topic", topic).Int32("partition", partition).Int64("records", start-committed).
		Msg("records were deleted before they were read: check the topic's retention, and publish anew what they said")
}

func (m *member) assign(a *assignment) {
	a.ctx, a.cancel = context.WithCancel(context.Background())
	m.mu.Lock()
	before := m.current
	m.current, a.membership = a, m.membership
	if before != nil {
		before.cancel()
	}
	m.mu.Unlock()
	m.signal()
}

// onRevoked is called by franz-go when the partitions are taken away, also when they are already lost. The transaction
// that is open then aborts.
func (m *member) onRevoked(context.Context, *kgo.Client, map[string][]int32) { m.drop() }

// drop ends the assignment that holds.
func (m *member) drop() {
	m.mu.Lock()
	before := m.current
	m.current = nil
	if before != nil {
		before.cancel()
	}
	m.mu.Unlock()
}
