package engine

import "github.com/lovoo/goka"

// FirstCodec is the codec of an input that is read before a group's other inputs after a claim: those of a partition are let in
// when this one has been read to the end seen then. What it says about them is so known first, however far the group is behind.
// After that inputs are read side by side.
type FirstCodec interface {
	goka.Codec
	ReadFirst()
}

// letRestIn lets the other inputs of partitions in that have read to the end what goes first.
func (l *loop) letRestIn() {
	if l.catchUp.closed == 0 || len(l.engine.shape.rest) == 0 {
		return
	}
	var ready []int32
	for partition, g := range l.catchUp.gates {
		if !g.allIn && g.reached(l.a.positions, partition, l.engine.shape.first) {
			g.allIn = true
			ready = append(ready, partition)
		}
	}
	if len(ready) > 0 {
		l.member.resume(l.a, l.engine.shape.rest, ready)
	}
}
