package engine

import "sync/atomic"

// progress is how far one assignment has come, for who looks on: the loop and its errands note it, and whoever is curious
// reads it at any time without holding them up. Its maps never change.
type progress struct {
	inputs map[string]map[int32]*reach
	rows   map[int32]*reach
}

// reach is how far a partition of a topic is read, in offsets. unknown is what nobody has told yet.
type reach struct {
	// begin and at are where reading began, and has come to: of an input, what is committed.
	begin, at atomic.Int64
	// end is the newest end that was seen: the high watermark. until is what is read before timers fire.
	end, until atomic.Int64
}

const unknown = -1

func newReach(at int64) *reach {
	r := &reach{}
	r.begin.Store(at)
	r.at.Store(at)
	r.end.Store(unknown)
	r.until.Store(unknown)
	return r
}

// newProgress begins an assignment: positions are where its inputs are read from.
func newProgress(partitions []int32, at positions) *progress {
	p := &progress{inputs: make(map[string]map[int32]*reach), rows: make(map[int32]*reach)}
	for topic, byPartition := range at {
		p.inputs[topic] = make(map[int32]*reach, len(byPartition))
		for partition, offset := range byPartition {
			p.inputs[topic][partition] = newReach(offset)
		}
	}
	for _, partition := range partitions {
		p.rows[partition] = newReach(unknown)
	}
	return p
}

// moved notes positions that have been committed.
func (p *progress) moved(to positions) {
	for topic, partitions := range to {
		for partition, offset := range partitions {
			if r, ok := p.inputs[topic][partition]; ok {
				r.at.Store(offset)
			}
		}
	}
}

// reaches notes an input's end.
func (p *progress) reaches(topic string, partition int32, end int64) {
	if r, ok := p.inputs[topic][partition]; ok {
		r.end.Store(max(end, r.end.Load()))
	}
}

// waits notes up to where an input is read before the partition's timers fire.
func (p *progress) waits(topic string, partition int32, until int64) {
	p.reaches(topic, partition, until)
	if r, ok := p.inputs[topic][partition]; ok {
		r.until.Store(until)
	}
}

// recovers notes from where to where a partition's rows are read.
func (p *progress) recovers(partition int32, from, end int64) {
	if r, ok := p.rows[partition]; ok {
		r.begin.CompareAndSwap(unknown, from)
		r.end.Store(end)
	}
}
