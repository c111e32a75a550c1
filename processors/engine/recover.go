package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// recoverRows reads the table topic of the claimed partitions up to its present end. The end is the high watermark, not
// the last stable offset: what an owner committed just before it lost the partition may lie behind a marker that is still
// to be written, and must be waited for.
//
// done is called with partitions as their rows are complete, each once.
func (e *Engine) recoverRows(ctx context.Context, partitions []int32, done func([]int32)) error {
	if e.shape.table == "" || len(partitions) == 0 {
		done(partitions)
		return nil
	}
	side, err := e.side()
	if err != nil {
		return err
	}
	defer side.Close()
	began := e.config.Clock.Elapsed()
	r := newReader(side, e.shape.table)
	for unlocated := partitions; len(unlocated)+len(r.stretches) > 0; {
		if unlocated, err = e.locateRows(ctx, r, unlocated, (*kadm.Client).ListEndOffsets); err != nil {
			return err
		}
		if complete := r.complete(); len(complete) > 0 {
			for _, partition := range complete {
				e.recovered(partition, began)
			}
			done(complete)
		}
		if len(r.stretches) == 0 && len(unlocated) == 0 {
			return nil
		}
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) recovered(partition int32, began time.Duration) {
	rows := e.partitions.table(partition)
	rows.Index()
	count, _ := rows.Rows()
	e.config.Observe.recovered(partition, count, e.config.Clock.Elapsed()-began)
}

var errUnlisted = errors.New("the broker does not list it")

// listEnds asks how far topics reach.
type listEnds func(*kadm.Client, context.Context, ...string) (kadm.ListedOffsets, error)

// locateRows gives the reader the stretches that are to be read, and returns the partitions whose leaders do not tell
// them for now. Rows from which the log's start has moved away are read anew: removals may have been compacted out of
// sight.
func (e *Engine) locateRows(
	ctx context.Context, r *reader, partitions []int32, list listEnds,
) (unlocated []int32, err error) {
	if len(partitions) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	admin := kadm.NewClient(r.side)
	starts, err := listed(admin.ListStartOffsets(ctx, r.topic))
	if err != nil {
		return nil, fmt.Errorf("listing the starts of %s: %w", r.topic, err)
	}
	ends, err := listed(list(admin, ctx, r.topic))
	if err != nil {
		return nil, fmt.Errorf("listing the ends of %s: %w", r.topic, err)
	}
	for _, partition := range partitions {
		start, ok := starts.Lookup(r.topic, partition)
		end, ok2 := ends.Lookup(r.topic, partition)
		if !ok || !ok2 || start.Err != nil || end.Err != nil {
			unlocated = append(unlocated, partition)
			continue
		}
		rows := e.partitions.table(partition)
		next := rows.Offset()
		if next < start.Offset || next > end.Offset {
			rows.Reset()
			next = start.Offset
		}
		e.progress.Load().recovers(partition, next, end.Offset)
		r.add(partition, &stretch{next: next, end: end.Offset, passed: rows.Advance, take: func(record *kgo.Record) {
			rows.Load(string(record.Key), record.Value, record.Offset)
		}})
	}
	return unlocated, nil
}

// listed lets a part of the brokers be away: what they lead is missing from the list.
func listed(offsets kadm.ListedOffsets, err error) (kadm.ListedOffsets, error) {
	var some *kadm.ShardErrors
	if errors.As(err, &some) && !some.AllFailed {
		return offsets, nil
	}
	return offsets, err
}
