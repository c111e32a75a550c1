//go:build kafka

package suite

import (
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

// each calls see for every committed record that a topic holds now, partition by partition in order.
func (d *deployment) each(name topics.Name, see func(*kgo.Record)) {
	d.t.Helper()
	ends, err := kadm.NewClient(d.client).ListCommittedOffsets(d.ctx, string(name))
	d.must(err)
	left := map[int32]int64{}
	ends.Each(func(end kadm.ListedOffset) {
		d.must(end.Err)
		if end.Offset > 0 {
			left[end.Partition] = end.Offset
		}
	})
	reader := d.connect(kgo.ConsumeTopics(string(name)), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer reader.Close()
	for len(left) > 0 {
		fetches := reader.PollFetches(d.ctx)
		d.must(d.ctx.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			end, wanted := left[r.Partition]
			if !wanted || r.Offset >= end {
				return
			}
			if !r.Attrs.IsControl() {
				see(r)
			}
			if r.Offset == end-1 {
				delete(left, r.Partition)
			}
		})
	}
}
