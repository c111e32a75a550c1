package table

import (
	"cmp"
	"slices"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A row may have to be looked at anew, though it is not due: what stands in it was reckoned by rules that have changed since.
// There may be as many of them as there are rows, so they are taken when nothing is due, those first that are due first. A row
// that is due before it was looked at is taken like any other.

// ReviewOf reads from a row's bytes when it is due next, or Never, and whether it is to be looked at anew.
type ReviewOf func(value []byte) (due instant.Instant, review bool)

// reviewState says where a row is that is to be looked at.
type reviewState uint8

const (
	noReview reviewState = iota
	toReview             // it is in the queue
	inReview             // it has been taken, and not been written since
)

// reviewMax is how many places of the queue are of no use before it is made anew.
const reviewMax = 1024

// reviews are the rows that are to be looked at.
type reviews struct {
	of    ReviewOf
	count int
	// queue has each row that is toReview, and some that are not any more; those before first are done with.
	queue []*row
	first int
	// taken are those that were taken since the last commit; the first asked of them have been looked at.
	taken []*row
	asked int
}

// Reviewing lets rows be looked at anew, and be due as of says. It is to be called before the first row is put.
func (t *Table) Reviewing(of ReviewOf) { t.reviews.of = of }

// Reviews returns how many rows are to be looked at anew. Those that TakeReviews handed out count until they are written.
func (t *Table) Reviews() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.reviews.count
}

// TakeReviews takes up to limit rows that are to be looked at anew, and calls take for each. One that is not written comes again
// after Commit or Rollback.
func (t *Table) TakeReviews(limit int, take func(key string)) (count int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.indexed && count < limit {
		r := t.reviews.next()
		if r == nil {
			return count
		}
		r.review = inReview
		t.reviews.taken = append(t.reviews.taken, r)
		take(r.key)
		count++
	}
	return count
}

// next takes the first row that is to be looked at out of the queue; nil when there is none.
func (v *reviews) next() *row {
	for v.first < len(v.queue) {
		r := v.queue[v.first]
		v.queue[v.first] = nil
		v.first++
		if v.first >= reviewMax && 2*v.first >= len(v.queue) {
			v.queue, v.first = slices.Clone(v.queue[v.first:]), 0
		}
		if r.review == toReview {
			return r
		}
	}
	v.queue, v.first = nil, 0
	return nil
}

// note gives a row that was written its place.
func (v *reviews) note(r *row, review bool) {
	switch {
	case !review && r.review != noReview:
		v.count--
		r.review = noReview // in the queue it is passed over
	case review && r.review != toReview:
		if r.review == noReview {
			v.count++
		}
		r.review = toReview
		if v.queue = append(v.queue, r); len(v.queue)-v.first > 2*v.count+reviewMax {
			v.order() // most of it is to be passed over
		}
	}
}

// order has those first that are due first, each once.
func (v *reviews) order() {
	v.queue = slices.DeleteFunc(v.queue[v.first:], func(r *row) bool { return r.review != toReview })
	v.first = 0
	slices.SortFunc(v.queue, func(a, b *row) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.key, b.key)) })
	v.queue = slices.Compact(v.queue)
}

// unanswered returns a row that was taken since the last call, and is to be looked at still.
func (v *reviews) unanswered() (key string, found bool) {
	for ; v.asked < len(v.taken); v.asked++ {
		if r := v.taken[v.asked]; r.review != noReview {
			return r.key, true
		}
	}
	return "", false
}

// close ends a transaction.
func (v *reviews) close() {
	for _, r := range v.taken {
		if r.review == inReview {
			v.note(r, true)
		}
	}
	clear(v.taken)
	v.taken, v.asked = v.taken[:0], 0
}
