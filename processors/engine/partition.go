package engine

import (
	"slices"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
)

// partitions are the partitions that this process has been given, with their rows. Rows outlive the claim: a partition
// that comes back goes on from its offset.
//
// A partition goes through three states in an assignment. Claimed: its rows are being recovered, nothing of it is
// processed. Owned: its records are. Firing: its inputs have been caught up with, so its timers fire as well.
type partitions struct {
	mu                     sync.RWMutex
	dueOf                  table.DueOf
	awaitOf                table.AwaitOf
	reviewOf               table.ReviewOf
	rows                   map[int32]*table.Table
	claimed, owned, firing []int32
	// leftAt is, per partition that is not claimed, when its rows were last known to be right (Clock.Elapsed): when it was
	// given up, or when a standby had read them to the end.
	leftAt map[int32]time.Duration
	// firedFrom is, per firing partition, the instant since when it has been.
	firedFrom map[int32]instant.Instant
	// epoch counts the changes of claimed; changed is closed at the next one.
	epoch   uint64
	changed chan struct{}
}

// keptMax is how long the rows of a partition that nobody keeps up to date are gone on from. It is far below the table topics'
// delete.retention.ms: after that a removal may have been compacted out of sight, and its row would stay for ever.
const keptMax = time.Hour

func newPartitions(dueOf table.DueOf, awaitOf table.AwaitOf, reviewOf table.ReviewOf) partitions {
	return partitions{
		dueOf: dueOf, awaitOf: awaitOf, reviewOf: reviewOf,
		rows: make(map[int32]*table.Table), leftAt: make(map[int32]time.Duration),
		changed:   make(chan struct{}),
		firedFrom: make(map[int32]instant.Instant),
	}
}

// table returns a partition's rows, empty ones the first time.
func (p *partitions) table(partition int32) *table.Table {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.made(partition)
}

func (p *partitions) made(partition int32) *table.Table {
	t, ok := p.rows[partition]
	if !ok {
		t = table.NewExcept(p.dueOf, isPart)
		t.Awaiting(p.awaitOf)
		t.Reviewing(p.reviewOf)
		p.rows[partition] = t
	}
	return t
}

// claim notes which partitions an assignment gives, and forgets the rows of those that were left too long ago.
func (p *partitions) claim(claimed []int32, now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgetOld(now)
	p.claimed = claimed
	for _, partition := range claimed {
		delete(p.leftAt, partition)
	}
	p.change()
}

func (p *partitions) forgetOld(now time.Duration) {
	for partition, at := range p.leftAt {
		if now-at > keptMax {
			delete(p.rows, partition)
			delete(p.leftAt, partition)
		}
	}
}

// change begins a new epoch.
func (p *partitions) change() {
	p.epoch++
	close(p.changed)
	p.changed = make(chan struct{})
}

// own notes that a claimed partition's rows are recovered.
func (p *partitions) own(partition int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owned = append(p.owned, partition)
}

// fire notes that an owned partition's inputs have been caught up with at an instant.
func (p *partitions) fire(partition int32, at instant.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.firing = append(p.firing, partition)
	p.firedFrom[partition] = at
}

// firesFrom returns the instant at which a partition's inputs had been caught up with, or never.
func (p *partitions) firesFrom(partition int32) instant.Instant {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if at, fires := p.firedFrom[partition]; fires {
		return at
	}
	return never
}

// owns says whether a partition's rows are recovered.
func (p *partitions) owns(partition int32) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.Contains(p.owned, partition)
}

// firingNow returns the partitions whose timers may fire. The list is not changed, only followed by a longer one.
func (p *partitions) firingNow() []int32 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.firing
}

// catchingUp counts the claimed partitions whose timers do not fire yet.
func (p *partitions) catchingUp() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.claimed) - len(p.firing)
}

// lists returns the partitions that are claimed, owned and firing. The lists are not changed, only followed by longer ones.
func (p *partitions) lists() (claimed, owned, firing []int32) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.claimed, p.owned, p.firing
}

// tables returns the rows of some partitions.
func (p *partitions) tables(of []int32) []*table.Table {
	p.mu.RLock()
	defer p.mu.RUnlock()
	tables := make([]*table.Table, 0, len(of))
	for _, partition := range of {
		if t, ok := p.rows[partition]; ok {
			tables = append(tables, t)
		}
	}
	return tables
}

// leave notes that no partition is claimed any more.
func (p *partitions) leave(at time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, partition := range p.claimed {
		p.leftAt[partition] = at
	}
	p.claimed, p.owned, p.firing = nil, nil, nil
	clear(p.firedFrom)
	p.change()
}

// forget drops the rows of the claimed partitions. It is what a fenced owner does.
func (p *partitions) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, partition := range p.claimed {
		p.made(partition).Reset()
	}
}

// each calls visit for the rows of each owned partition.
func (p *partitions) each(visit func(partition int32, t *table.Table)) { p.visit(&p.owned, visit) }

// eachFiring calls visit for the rows of each partition whose timers may fire.
func (p *partitions) eachFiring(visit func(partition int32, t *table.Table)) {
	p.visit(&p.firing, visit)
}

func (p *partitions) visit(list *[]int32, visit func(partition int32, t *table.Table)) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, partition := range *list {
		if t, ok := p.rows[partition]; ok {
			visit(partition, t)
		}
	}
}

// next returns the earliest instant at which a row of an owned partition is due.
func (p *partitions) next() instant.Instant {
	next := never
	p.each(func(_ int32, t *table.Table) { next = min(next, t.Next()) })
	return next
}

// nextFiring returns the earliest instant at which a timer may fire.
func (p *partitions) nextFiring() instant.Instant {
	next := never
	p.eachFiring(func(_ int32, t *table.Table) { next = min(next, t.Next()) })
	return next
}

// written returns the bytes of the rows that the open transaction has written.
func (p *partitions) written() (bytes int64) {
	p.each(func(_ int32, t *table.Table) { bytes += t.Written() })
	return bytes
}
