package engine

import (
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
)

// partitions are the partitions that this process has owned, with their rows. Rows outlive the claim: a partition that
// comes back goes on from its offset.
type partitions struct {
	mu    sync.RWMutex
	dueOf table.DueOf
	rows  map[int32]*table.Table
	owned []int32
	// leftAt is, per partition that is not owned any more, when it was given up (Clock.Elapsed).
	leftAt map[int32]time.Duration
}

// keptMax is how long the rows of a partition that was given up are gone on from. It is far below the table topics'
// delete.retention.ms: after that a removal may have been compacted out of sight, and its row would stay for ever.
const keptMax = time.Hour

func newPartitions(dueOf table.DueOf) partitions {
	return partitions{dueOf: dueOf, rows: make(map[int32]*table.Table), leftAt: make(map[int32]time.Duration)}
}

// table returns a partition's rows, empty ones the first time.
func (p *partitions) table(partition int32) *table.Table {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, ok := p.rows[partition]
	if !ok {
		t = table.NewExcept(p.dueOf, isPart)
		p.rows[partition] = t
	}
	return t
}

// claim notes which partitions are owned from now on.
func (p *partitions) claim(owned []int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owned = owned
	for _, partition := range owned {
		delete(p.leftAt, partition)
	}
}

// leave notes that no partition is owned any more.
func (p *partitions) leave(at time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, partition := range p.owned {
		p.leftAt[partition] = at
	}
	p.owned = nil
}

// dropOld forgets the rows that were left too long ago to be gone on from.
func (p *partitions) dropOld(now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for partition, at := range p.leftAt {
		if now-at > keptMax {
			delete(p.rows, partition)
			delete(p.leftAt, partition)
		}
	}
}

// forget drops all rows. It is what a fenced owner does.
func (p *partitions) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.rows {
		t.Reset()
	}
}

// each calls visit for the rows of each owned partition.
func (p *partitions) each(visit func(partition int32, t *table.Table)) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, partition := range p.owned {
		if t, ok := p.rows[partition]; ok {
			visit(partition, t)
		}
	}
}

func (p *partitions) next() instant.Instant {
	next := never
	p.each(func(_ int32, t *table.Table) { next = min(next, t.Next()) })
	return next
}
