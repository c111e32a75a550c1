package sink

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
)

// haul is what was read at once, prepared for the store.
type haul struct {
	fetches kgo.Fetches
	records []*kgo.Record // of the fetches, markers left out
	put     Put
	// admitted is closed when it is settled which of the records are written: then the next ones may be read.
	admitted chan struct{}
}

// read reads and prepares hauls while the one before is written, until ctx or the client ends, or stop is called. Nothing is
// read before the haul before is admitted: else one could be left out because its partition was taken away, and a later one,
// read before that and admitted when the partition was back, would leave a gap.
func (s *Sink) read(ctx context.Context, client *kgo.Client) (hauls <-chan *haul, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan *haul)
	go func() {
		defer close(out)
		for {
			h := s.haul(client.PollRecords(ctx, batchMax))
			select {
			case out <- h:
			case <-ctx.Done():
				return
			}
			select {
			case <-h.admitted:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, func() {
		cancel()
		for range out {
			continue // until it has ended
		}
	}
}

func (s *Sink) haul(fetches kgo.Fetches) *haul {
	h := &haul{fetches: fetches, admitted: make(chan struct{})}
	fetches.EachRecord(func(r *kgo.Record) {
		if !r.Attrs.IsControl() {
			h.records = append(h.records, r)
		}
	})
	h.put = s.config.Keeper.Prepare(h.records)
	return h
}
