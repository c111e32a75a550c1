package engine

import (
	"sync"

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
}

func newPartitions(dueOf table.DueOf) partitions {
	return partitions{dueOf: dueOf, rows: make(map[int32]*table.Table)}
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

// own notes which partitions are claimed now.
func (p *partitions) own(owned []int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owned = owned
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
