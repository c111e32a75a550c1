package engine

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestOldRowsAreNotGoneOnFrom: rows that were left for longer than keptMax are read anew, from the start of the log.
func TestOldRowsAreNotGoneOnFrom(t *testing.T) {
	p := newPartitions(DuePrefix, nil, nil)
	const leftAt = 5 * time.Minute
	p.claim([]int32{0, 1}, 0)
	for _, partition := range p.claimed {
		p.table(partition).Load("key", []byte("row"), 41)
	}
	p.leave(leftAt)
	p.claim([]int32{1}, leftAt+keptMax) // taken up again: not old, however long it is held
	if at := p.table(0).Offset(); at != 42 {
		t.Errorf("after %s the rows go on from %d, want 42", keptMax, at)
	}
	p.claim([]int32{1}, leftAt+keptMax+1)
	if at := p.table(0).Offset(); at != 0 {
		t.Errorf("after more than %s the rows go on from %d, want 0", keptMax, at)
	}
	if at := p.table(1).Offset(); at != 42 {
		t.Errorf("the rows of an owned partition go on from %d, want 42", at)
	}
}

// TestAStandbyLeavesClaimedRowsAlone: what was read for one epoch is not taken in another, also when the partition is
// unclaimed again by then.
func TestAStandbyLeavesClaimedRowsAlone(t *testing.T) {
	record := &kgo.Record{Key: []byte("key"), Value: []byte("row"), Offset: 7}
	for _, c := range []struct {
		name  string
		since func(p *partitions)
		want  int64
	}{
		{"nothing has changed", func(*partitions) {}, 8},
		{"claimed", func(p *partitions) { p.claim([]int32{0}, 0) }, 0},
		{"claimed and given up", func(p *partitions) { p.claim([]int32{0}, 0); p.leave(0) }, 0},
		{"another one is claimed", func(p *partitions) { p.claim([]int32{1}, 0) }, 0},
	} {
		p := newPartitions(DuePrefix, nil, nil)
		seen := p.unclaimed(2, 0)
		c.since(&p)
		p.followed(seen.epoch, 0, []*kgo.Record{record})
		if at := p.table(0).Offset(); at != c.want {
			t.Errorf("%s: the rows reach to %d, want %d", c.name, at, c.want)
		}
	}
}

// TestWhatAStandbyKeepsRightIsNotOld: rows are gone on from as long as somebody keeps them up to date.
func TestWhatAStandbyKeepsRightIsNotOld(t *testing.T) {
	p := newPartitions(DuePrefix, nil, nil)
	seen := p.unclaimed(2, 0)
	for partition := range int32(2) {
		p.followed(seen.epoch, partition, []*kgo.Record{{Key: []byte("key"), Value: []byte("row"), Offset: 7}})
	}
	if p.old(keptMax) {
		t.Error("the rows are old at once")
	}
	p.current(seen.epoch, 0, keptMax)
	if !p.old(keptMax + 1) {
		t.Error("rows that nobody kept right are not old")
	}
	p.claim([]int32{0, 1}, keptMax+1)
	if kept, old := p.table(0).Offset(), p.table(1).Offset(); kept != 8 || old != 0 {
		t.Errorf("the rows reach to %d and %d, want 8 and 0: the second ones may hold what was removed since", kept, old)
	}
}
