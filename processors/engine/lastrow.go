package engine

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/state/table"
)

// lastRow returns the offset after the last committed row of [start, end), or start if there is none: behind it lie
// only markers, aborted records, and what compaction has taken away. It reads ever longer stretches from the end.
func lastRow(ctx context.Context, side *kgo.Client, topic string, partition int32, start, end int64) (int64, error) {
	for stretch := int64(64); ; stretch *= 8 {
		from := max(start, end-stretch)
		last := start
		r := &recovery{side: side, topic: topic, parts: map[int32]*recovering{
			partition: {rows: table.New(nil), next: from, end: end},
		}}
		if err := r.lead(ctx); err != nil {
			return 0, err
		}
		for part := r.parts[partition]; part.next < end; {
			if err := r.step(ctx); err != nil {
				return 0, err
			}
			last = max(last, part.lastRow)
		}
		if last > start || from == start {
			return last, nil
		}
	}
}
