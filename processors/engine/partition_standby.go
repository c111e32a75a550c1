package engine

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/state/table"
)

// This file is what a standby may do with the rows of partitions: nothing with those of a claimed one. What it has read
// for one epoch it may not put into the rows in another: a partition may have been claimed and given up in between.

// unclaimed are the partitions that are not claimed in an epoch, with the offsets up to which their rows are complete.
type unclaimed struct {
	epoch   uint64
	offsets map[int32]int64
	// changed is closed when the epoch ends.
	changed <-chan struct{}
}

// unclaimed returns those of count partitions that are not claimed. Rows that were left too long ago begin anew.
func (p *partitions) unclaimed(count int32, now time.Duration) unclaimed {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgetOld(now)
	offsets := make(map[int32]int64)
	for partition := range count {
		if slices.Contains(p.claimed, partition) {
			continue
		}
		offsets[partition] = p.made(partition).Offset()
		if _, known := p.leftAt[partition]; !known {
			p.leftAt[partition] = now
		}
	}
	return unclaimed{epoch: p.epoch, offsets: offsets, changed: p.changed}
}

// followed puts records of the table topic into an unclaimed partition's rows, unless the epoch is over.
func (p *partitions) followed(epoch uint64, partition int32, records []*kgo.Record) {
	p.inEpoch(epoch, partition, func(rows *table.Table) {
		for _, r := range records {
			if r.Attrs.IsControl() {
				rows.Advance(r.Offset + 1)
				continue
			}
			rows.Load(string(r.Key), r.Value, r.Offset)
		}
	})
}

// unfollow forgets an unclaimed partition's rows, unless the epoch is over.
func (p *partitions) unfollow(epoch uint64, partition int32) {
	p.inEpoch(epoch, partition, (*table.Table).Reset)
}

func (p *partitions) inEpoch(epoch uint64, partition int32, change func(*table.Table)) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if rows, ok := p.rows[partition]; ok && p.epoch == epoch {
		change(rows)
	}
}

// old says that there are rows of which nobody has known for too long that they are right, in a process that was stopped for
// instance: what has been removed since may have been compacted out of sight. Begun anew they are by unclaimed.
func (p *partitions) old(now time.Duration) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, at := range p.leftAt {
		if now-at > keptMax {
			return true
		}
	}
	return false
}

// current notes that an unclaimed partition's rows were right at some time, unless the epoch is over.
func (p *partitions) current(epoch uint64, partition int32, at time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.epoch == epoch {
		p.leftAt[partition] = at
	}
}
