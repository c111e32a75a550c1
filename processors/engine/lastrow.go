package engine

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
)

// lastRow returns the offset after the last committed row of [start, end), or start if there is none: behind it lie
// only markers, aborted records, and what compaction has taken away. It reads ever longer stretches from the end.
func lastRow(ctx context.Context, side *kgo.Client, topic string, partition int32, start, end int64) (int64, error) {
	for length := int64(64); ; length *= 8 {
		from, last := max(start, end-length), start
		r := newReader(side, topic)
		r.add(partition, &stretch{next: from, end: end, take: func(record *kgo.Record) { last = record.Offset + 1 }})
		for r.complete(); len(r.stretches) > 0; r.complete() {
			if err := r.step(ctx); err != nil {
				return 0, err
			}
		}
		if last > start || from == start {
			return last, nil
		}
	}
}
