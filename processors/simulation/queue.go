package simulation

import "github.com/rmn-arms/campaign-engine/topics"

// delivery is a record on its way to a group.
type delivery struct {
	to     *group
	record topics.Record
}

// queue is first in, first out. Its memory is used again.
type queue struct {
	items []delivery
	first int
}

func (q *queue) put(d delivery) { q.items = append(q.items, d) }

func (q *queue) take() (d delivery, more bool) {
	if q.first == len(q.items) {
		q.items, q.first = q.items[:0], 0
		return delivery{}, false
	}
	d = q.items[q.first]
	q.items[q.first] = delivery{}
	q.first++
	if q.first >= queueMove && 2*q.first >= len(q.items) {
		rest := copy(q.items, q.items[q.first:])
		clear(q.items[rest:])
		q.items, q.first = q.items[:rest], 0
	}
	return d, true
}

// queueMove is how many places in front are free before what is left moves there.
const queueMove = 1024
