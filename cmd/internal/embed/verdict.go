package embed

import "math"

// partition is what mending knows of one partition's log.
type partition struct {
	folder string
	last   batch // the zero batch: there is none
	// open holds, by producer id, the transactions that have records here but no end.
	open map[int64]producer
}

// see takes the next batch of the log into account.
func (p *partition) see(b batch) {
	p.last = b
	if b.ending != notEnding {
		delete(p.open, b.producer.id)
		return
	}
	if _, known := p.open[b.producer.id]; b.within && !known {
		p.open[b.producer.id] = b.producer
	}
}

// standing is what the journal says last of a transactional producer.
type standing struct {
	epoch           int16
	transactionalID string
	timeoutMs       int32
	// ended says that a transaction of this epoch was written to its last byte, or that this is not known.
	ended bool
}

// standings folds the journal of producers; those without transactions are left out.
func standings(entries []entry) map[int64]standing {
	all := make(map[int64]standing)
	for _, e := range entries {
		was := all[e.ProducerID]
		switch {
		case e.Type == entryInit && e.TransactionalID != "":
			all[e.ProducerID] = standing{e.ProducerEpoch, e.TransactionalID, e.TimeoutMs, e.Commit != nil}
		case was.transactionalID != "":
			was.epoch, was.ended = e.ProducerEpoch, true
			all[e.ProducerID] = was
		}
	}
	return all
}

// newestMarker returns the newest marker that is the last batch of its log; the zero batch if there is none.
func newestMarker(partitions []partition) (newest batch) {
	for _, p := range partitions {
		if p.last.ending != notEnding && p.last.at > newest.at {
			newest = p.last
		}
	}
	return newest
}

// tornCommit says whether the kill cut through the commit of this marker. The broker writes, without anything in
// between: the markers, all with one timestamp, then the groups' offsets, then the end into the journal; only then does
// it answer anybody. So a cut commit has markers that are the last batch of their logs and the newest of all, and its
// producer's epoch has no end in the journal. Nobody has seen it: it can be taken back.
func tornCommit(newest batch, known map[int64]standing) bool {
	of, is := known[newest.producer.id]
	return is && newest.ending == committing && of.epoch == newest.producer.epoch && !of.ended
}

// tornOffsets returns where the offsets of a torn commit begin in the journal of groups: they are its last entries,
// written after the markers. found is false if there are none.
func tornOffsets(entries []entry, at int64) (position int64, found bool) {
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		if e.Type != entryCommitted || e.CommittedAt == nil || *e.CommittedAt < at {
			break
		}
		position, found = e.position, true
	}
	return position, found
}

// fenceStep is by how much a fence raises an epoch. One more than the last could be the producer's own: the broker takes
// an end of a transaction with the epoch before for the repetition of one that it has seen.
const fenceStep = 2

// fences raises the epoch of every transactional producer. Who still believes to be in the middle of a transaction
// would otherwise go on with it, and commit its second half.
func fences(entries []entry, known map[int64]standing) []entry {
	current := make(map[string]int64) // by transactional id; the broker gives it a new producer when epochs run out
	var order []string
	for _, e := range entries {
		if e.Type != entryInit || e.TransactionalID == "" {
			continue
		}
		if _, seen := current[e.TransactionalID]; !seen {
			order = append(order, e.TransactionalID)
		}
		current[e.TransactionalID] = e.ProducerID
	}
	var raised []entry
	for _, transactionalID := range order {
		id := current[transactionalID]
		if of := known[id]; of.epoch < math.MaxInt16-fenceStep { // at the limit the broker gives a new producer anyway
			raised = append(raised, entry{Type: entryInit, ProducerID: id, ProducerEpoch: of.epoch + fenceStep,
				TransactionalID: transactionalID, TimeoutMs: of.timeoutMs})
		}
	}
	return raised
}
