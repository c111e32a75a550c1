package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

// A stray is a record that a foreign partitioner put into another partition than its key's. Its owner sends it on by the
// loop. A partition whose inputs have been read may therefore still wait for a change: one that lies, unread, in a
// partition that is still being recovered, or that another member owns. Its timers must not fire before it is known.
//
// So at each claim the keys of all that the group has not read are looked at, in every partition. Where no stray is found
// nobody waits for anybody. Where one is, its partition waits until the group has read it.

// strays holds, for each partition to which strays are on their way, the positions at which they have all been read.
type strays map[int32]positions

const (
	// strayMax is how long a partition waits for its strays. A member that cannot go on must not stop all others for ever.
	strayMax = 30 * time.Second
	// strayPause is waited between two looks at the group's positions.
	strayPause = 50 * time.Millisecond
)

// lookForStrays is the errand that finds out where the loop ends for each partition.
func (l *loop) lookForStrays(ctx context.Context) error {
	side, err := l.engine.side()
	if err != nil {
		return err
	}
	defer side.Close()
	admin := kadm.NewClient(side)
	waiting, err := l.engine.findStrays(ctx, admin)
	if err != nil {
		return fmt.Errorf("looking for misplaced records: %w", err)
	}
	left := slices.Clone(l.a.partitions)
	for began := l.elapsed(); ; sleep(ctx, strayPause) {
		late := l.elapsed()-began > strayMax
		if late {
			l.engine.warnOfStrays(waiting, left)
			clear(waiting)
		}
		if left, err = l.release(ctx, admin, waiting, left); err != nil || len(left) == 0 {
			return err
		}
	}
}

// release lets those partitions go on whose strays have all been read, and returns the others.
func (l *loop) release(ctx context.Context, admin *kadm.Client, waiting strays, partitions []int32) ([]int32, error) {
	var committed positions
	if len(waiting) > 0 {
		var err error
		if committed, err = l.engine.committedPositions(ctx, admin); err != nil {
			return nil, err
		}
	}
	var free, left []int32
	for _, partition := range partitions {
		if waiting[partition].reachedBy(committed) {
			free = append(free, partition)
		} else {
			left = append(left, partition)
		}
	}
	if len(free) == 0 {
		return left, ctx.Err()
	}
	// Asked after the positions: what was carried before they were committed lies in the loop.
	ends, err := l.engine.loopEnds(ctx, admin)
	if err != nil {
		return nil, err
	}
	l.errands.post(func() { l.carry(free, ends) })
	return left, nil
}

func (e *Engine) warnOfStrays(waiting strays, partitions []int32) {
	for _, partition := range partitions {
		if _, ok := waiting[partition]; ok {
			e.config.Log.Warn().Int32("partition", partition).Dur("waited", strayMax).Msg(
				"misplaced changes of this partition lie unread in another one: its timers fire without them")
		}
	}
}

// findStrays reads what the group has not read, up to the present ends, for its keys alone.
func (e *Engine) findStrays(ctx context.Context, admin *kadm.Client) (strays, error) {
	from, err := e.committedPositions(ctx, admin)
	if err != nil {
		return nil, err
	}
	ends, err := e.inputEnds(ctx, e.allPartitions())
	if err != nil {
		return nil, err
	}
	unread := make(map[string]map[int32]kgo.Offset)
	left := make(map[input]int64)
	for topic, partitions := range from {
		for partition, at := range partitions {
			if end := ends[topic][partition]; at < end {
				if unread[topic] == nil {
					unread[topic] = make(map[int32]kgo.Offset)
				}
				unread[topic][partition] = kgo.NewOffset().At(at)
				left[input{topic, partition}] = end
			}
		}
	}
	if len(left) == 0 {
		return nil, nil
	}
	return e.scan(ctx, unread, left)
}

// scan reads from unread to the ends that are left.
func (e *Engine) scan(
	ctx context.Context, unread map[string]map[int32]kgo.Offset, left map[input]int64,
) (strays, error) {
	reader, err := kgo.NewClient(slices.Concat(e.config.Connect, []kgo.Opt{
		// Markers are kept: without them the end is never seen where one is last.
		kgo.ConsumePartitions(unread), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.FetchMaxBytes(fetchMaxBytes), kgo.MetadataMinAge(50 * time.Millisecond),
	})...)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	defer reader.Close()
	found := strays{}
	for len(left) > 0 {
		fetches := reader.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := fetchError(fetches); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			end, wanted := left[input{r.Topic, r.Partition}]
			if wanted && r.Offset < end {
				found.note(r, e.partitionCount)
			}
			if wanted && r.Offset+1 >= end {
				delete(left, input{r.Topic, r.Partition})
			}
		})
	}
	return found, nil
}

// note keeps a record that is a stray.
func (s strays) note(r *kgo.Record, partitions int32) {
	target := topics.PartitionOf(r.Key, partitions)
	if r.Attrs.IsControl() || target == r.Partition {
		return
	}
	if s[target] == nil {
		s[target] = positions{}
	}
	s[target].set(r.Topic, r.Partition, r.Offset+1)
}

// reachedBy says whether other positions are not before these.
func (p positions) reachedBy(other positions) bool {
	for topic, partitions := range p {
		for partition, at := range partitions {
			if other[topic][partition] < at {
				return false
			}
		}
	}
	return true
}

func (e *Engine) allPartitions() []int32 {
	all := make([]int32, e.partitionCount)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}
