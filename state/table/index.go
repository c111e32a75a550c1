package table

import "github.com/rmn-arms/campaign-engine/state/instant"

// absent is the place of a row that is not in the index.
const absent = -1

// dueIndex is a binary heap of rows by (due, key); each row knows its place. It is written out rather than built on
// container/heap, whose interface calls cost twice as much in a burst.
type dueIndex []*row

func (x dueIndex) before(a, b *row) bool {
	if a.due != b.due {
		return a.due < b.due
	}
	return a.key < b.key
}

func (x dueIndex) build() {
	for i := len(x)/2 - 1; i >= 0; i-- {
		x.down(i)
	}
}

func (x *dueIndex) insert(r *row) {
	r.place = int32(len(*x))
	*x = append(*x, r)
	x.up(int(r.place))
}

func (x *dueIndex) remove(r *row) {
	place, last := int(r.place), len(*x)-1
	if place != last {
		x.swap(place, last)
	}
	(*x)[last] = nil
	*x = (*x)[:last]
	r.place = absent
	if place != last {
		x.fix((*x)[place])
	}
}

func (x dueIndex) fix(r *row) {
	x.up(int(r.place))
	x.down(int(r.place))
}

// count counts the rows from place i down that are due at now, and stops at limit. It looks at no more than twice as many.
func (x dueIndex) count(i int, now instant.Instant, limit int) int {
	if i >= len(x) || x[i].due > now || limit <= 0 {
		return 0
	}
	count := 1
	for child := 2*i + 1; child <= 2*i+2; child++ {
		count += x.count(child, now, limit-count)
	}
	return count
}

func (x dueIndex) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !x.before(x[i], x[parent]) {
			return
		}
		x.swap(i, parent)
		i = parent
	}
}

func (x dueIndex) down(i int) {
	for {
		least := 2*i + 1
		if least >= len(x) {
			return
		}
		if right := least + 1; right < len(x) && x.before(x[right], x[least]) {
			least = right
		}
		if !x.before(x[least], x[i]) {
			return
		}
		x.swap(i, least)
		i = least
	}
}

func (x dueIndex) swap(i, j int) {
	x[i], x[j] = x[j], x[i]
	x[i].place, x[j].place = int32(i), int32(j)
}
