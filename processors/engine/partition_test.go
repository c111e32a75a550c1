package engine

import (
	"testing"
	"time"
)

// TestOldRowsAreNotGoneOnFrom: rows that were left for longer than keptMax are read anew, from the start of the log.
func TestOldRowsAreNotGoneOnFrom(t *testing.T) {
	p := newPartitions(DuePrefix)
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
