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

// torn says whether the kill cut through the commit that the note names. The broker writes, with nothing in between:
// the markers, then the groups' offsets, then the end into the journal; only then does it answer anybody. So nobody has
// seen a commit without its end in the journal: it can be taken back.
func torn(n note, known map[int64]standing) bool {
	of, is := known[n.producer.id]
	return is && of.epoch == n.producer.epoch && !of.ended
}

// endsWithCommit says whether the log ends with this producer's commit marker.
func (p *partition) endsWithCommit(of producer) bool {
	return p.last.ending == committing && p.last.producer == of
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
