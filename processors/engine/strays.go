package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	// strayMax is how long partitions wait for other members' without any progress. A member that cannot go on must not
	// stop all others for ever.
	strayMax = 30 * time.Second
	// strayPause is waited between two looks at the group's positions.
	strayPause = 50 * time.Millisecond
)

// strayWatch is the errand that finds out where the loop ends for each partition.
type strayWatch struct {
	loop    *loop
	side    *kgo.Client
	admin   *kadm.Client
	headway headway
}

func (l *loop) lookForStrays(ctx context.Context) error {
	side, err := l.engine.side()
	if err != nil {
		return err
	}
	defer side.Close()
	w := &strayWatch{loop: l, side: side, admin: kadm.NewClient(side), headway: newHeadway(l.elapsed())}
	waiting := w.find(ctx)
	for left := l.a.partitions; len(left) > 0 && ctx.Err() == nil; sleep(ctx, strayPause) {
		left = w.release(ctx, waiting, left)
		if w.late() {
			w.giveUp(waiting)
		}
	}
	return nil
}

func (w *strayWatch) late() bool { return w.headway.lost(w.loop.elapsed(), strayMax) }

// find looks for strays until it has seen all that is unread, or too long nothing.
func (w *strayWatch) find(ctx context.Context) strays {
	for {
		found, err := w.tryToFind(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			return found
		case w.late():
			w.loop.engine.config.Log.Warn().Err(err).Dur("waited", strayMax).Msg(
				"what the group has not read cannot be looked at: timers fire without what may be misplaced there")
			return found
		}
		sleep(ctx, strayPause)
	}
}

// release lets those partitions go on whose strays have all been read, and returns the others.
func (w *strayWatch) release(ctx context.Context, waiting strays, partitions []int32) []int32 {
	l := w.loop
	var committed positions
	if len(waiting) > 0 {
		var err error
		if committed, err = l.engine.committedPositions(ctx, w.admin); err != nil {
			return partitions
		}
		w.headway.note("what the group has read", waiting.sum(committed), l.elapsed())
	}
	free := slices.DeleteFunc(slices.Clone(partitions), func(p int32) bool { return !waiting[p].reachedBy(committed) })
	if len(free) == 0 {
		return partitions
	}
	// Asked after the positions: what was carried before they were committed lies in the loop.
	ends, err := l.engine.loopEnds(ctx, w.admin)
	if err != nil {
		return partitions
	}
	free = slices.DeleteFunc(free, func(p int32) bool { _, told := ends[p]; return !told })
	l.errands.post(func() { l.carry(free, ends) })
	return without(partitions, free)
}

// giveUp waits no longer for what lies in partitions of other members. What lies in this member's own is read in time.
func (w *strayWatch) giveUp(waiting strays) {
	for target, sources := range waiting {
		for topic, partitions := range sources {
			maps.DeleteFunc(partitions, func(source int32, _ int64) bool {
				foreign := !slices.Contains(w.loop.a.partitions, source)
				if foreign {
					w.loop.engine.config.Log.Warn().Int32("partition", target).Str("topic", topic).Int32("unread", source).
						Dur("waited", strayMax).Msg("misplaced changes lie in a partition that nobody reads: timers fire without them")
				}
				return foreign
			})
		}
	}
}

// tryToFind reads what the group has not read, up to the present ends, for its keys alone.
func (w *strayWatch) tryToFind(ctx context.Context) (strays, error) {
	e := w.loop.engine
	from, err := e.committedPositions(ctx, w.admin)
	if err != nil {
		return nil, err
	}
	ends, unlisted, err := e.inputEnds(ctx, w.admin, e.shape.streams, e.allPartitions())
	if err != nil {
		return nil, err
	}
	if len(unlisted) > 0 {
		return nil, fmt.Errorf("partitions %v of the inputs: %w", unlisted, errUnlisted)
	}
	found := strays{}
	for topic, partitions := range from {
		read := int64(0)
		r := newReader(w.side, topic)
		for partition, at := range partitions {
			last := at
			r.add(partition, &stretch{next: at, end: ends[topic][partition], take: func(record *kgo.Record) {
				if record.Offset < ends[topic][partition] {
					found.note(record, e.partitionCount)
				}
			}, passed: func(next int64) { read, last = read+next-last, next }})
		}
		if err := w.scan(ctx, r, &read); err != nil {
			return found, err
		}
	}
	return found, nil
}

// errStandstill says that what is to be read does not come.
var errStandstill = errors.New("nothing more comes")

// scan reads all stretches, or ends with an error after too long without headway; read counts the offsets.
func (w *strayWatch) scan(ctx context.Context, r *reader, read *int64) error {
	for r.complete(); len(r.stretches) > 0; r.complete() {
		if err := r.step(ctx); err != nil {
			return err
		}
		w.headway.note(r.topic, *read, w.loop.elapsed())
		if w.late() {
			return fmt.Errorf("reading %s: %w", r.topic, errStandstill)
		}
	}
	return nil
}

// note keeps a record that is a stray.
func (s strays) note(r *kgo.Record, partitions int32) {
	target := topics.PartitionOf(r.Key, partitions)
	if target == r.Partition {
		return
	}
	if s[target] == nil {
		s[target] = positions{}
	}
	s[target].set(r.Topic, r.Partition, r.Offset+1)
}

// sum adds up how far the partitions in which strays lie have been read, in all inputs: another one may be read first.
func (s strays) sum(at positions) (sum int64) {
	sources := make(map[int32]bool)
	for _, topics := range s {
		for _, partitions := range topics {
			for partition := range partitions {
				sources[partition] = true
			}
		}
	}
	for _, partitions := range at {
		for partition := range sources {
			sum += partitions[partition]
		}
	}
	return sum
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
