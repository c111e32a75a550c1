package engine

import "github.com/twmb/franz-go/pkg/kgo"

// backlog is what has been fetched and not been read yet, a queue for each partition of each input. The client hands over
// one partition's records after the other's; from here they are taken in turns, so that all partitions work at once. What
// is in the backlog counts as unread: positions move when a record is taken.
type backlog struct {
	queues map[input]*queue
	// order holds the queues that are not empty; turn is whose turn it is.
	order []*queue
	turn  int
	count int
}

// input is one partition of one input.
type input struct {
	topic     string
	partition int32
}

type queue struct {
	records []*kgo.Record
	next    int
}

// add puts records of one partition behind those that wait already.
func (b *backlog) add(topic string, partition int32, records []*kgo.Record) {
	if len(records) == 0 {
		return
	}
	if b.queues == nil {
		b.queues = make(map[input]*queue)
	}
	of := input{topic, partition}
	q, ok := b.queues[of]
	if !ok {
		q = &queue{}
		b.queues[of] = q
	}
	if q.empty() {
		q.records, q.next = records, 0
		b.order = append(b.order, q)
	} else {
		q.records = append(q.records[q.next:], records...)
		q.next = 0
	}
	b.count += len(records)
}

// take takes up to limit records, a share from each partition in turn.
func (b *backlog) take(limit, share int, visit func(*kgo.Record)) {
	for limit > 0 && len(b.order) > 0 {
		b.turn %= len(b.order)
		q := b.order[b.turn]
		taken := q.take(min(limit, share), visit)
		limit -= taken
		b.count -= taken
		if q.empty() {
			q.records, q.next = nil, 0
			b.order = append(b.order[:b.turn], b.order[b.turn+1:]...)
			continue
		}
		b.turn++
	}
}

func (q *queue) empty() bool { return q.next == len(q.records) }

func (q *queue) take(limit int, visit func(*kgo.Record)) (count int) {
	for ; count < limit && !q.empty(); count++ {
		visit(q.records[q.next])
		q.records[q.next] = nil
		q.next++
	}
	return count
}
