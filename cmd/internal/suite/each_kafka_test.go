//go:build kafka

package suite

import (
	"context"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
)

// each calls see for every committed record that the topics hold now, those of a partition in order.
func (d *deployment) each(see func(*kgo.Record), names ...string) {
	d.t.Helper()
	type partition struct {
		topic  string
		number int32
	}
	ends, err := kafkatest.Stable(d.ctx, kadm.NewClient(d.client), names...)
	d.must(err)
	left := map[partition]int64{}
	ends.Each(func(end kadm.ListedOffset) {
		if end.Offset > 0 {
			left[partition{end.Topic, end.Partition}] = end.Offset
		}
	})
	reader := d.connect(kgo.ConsumeTopics(names...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer reader.Close()
	for len(left) > 0 {
		fetches := reader.PollFetches(d.ctx)
		if err := d.ctx.Err(); err != nil {
			d.t.Fatalf("reading %d topics: %v; not read to their ends are %v", len(names), context.Cause(d.ctx), left)
		}
		d.must(fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			at := partition{r.Topic, r.Partition}
			end, wanted := left[at]
			if !wanted || r.Offset >= end {
				return
			}
			if !r.Attrs.IsControl() {
				see(r)
			}
			if r.Offset == end-1 {
				delete(left, at)
			}
		})
	}
}
