package engine

import "time"

// Observer is told what the engine does. All functions may be nil, are called from the engine's goroutines, and must
// not block.
type Observer struct {
	Committed func(records, timers, rows int, open, commit time.Duration)
	// Counted gets what callbacks counted in a committed transaction; the map is used again, copy what is kept.
	Counted   func(byName map[string]int)
	Aborted   func(cause string)
	Recovered func(partition int32, rows int, took time.Duration)
	Fenced    func(transactionalID string)
	ClockJump func(by time.Duration)
	Assigned  func(partitions int)
	Restarted func(cause string)
	// Lost is told how many offsets of a topic were deleted before the group had read them.
	Lost func(topic string, offsets int64)
}

func (o Observer) committed(records, timers, rows int, open, commit time.Duration) {
	if o.Committed != nil {
		o.Committed(records, timers, rows, open, commit)
	}
}

func (o Observer) counted(byName map[string]int) {
	if o.Counted != nil {
		o.Counted(byName)
	}
}

func (o Observer) aborted(cause string) {
	if o.Aborted != nil {
		o.Aborted(cause)
	}
}

func (o Observer) recovered(partition int32, rows int, took time.Duration) {
	if o.Recovered != nil {
		o.Recovered(partition, rows, took)
	}
}

func (o Observer) fenced(id string) {
	if o.Fenced != nil {
		o.Fenced(id)
	}
}

func (o Observer) clockJump(by time.Duration) {
	if o.ClockJump != nil {
		o.ClockJump(by)
	}
}

func (o Observer) assigned(partitions int) {
	if o.Assigned != nil {
		o.Assigned(partitions)
	}
}

func (o Observer) restarted(cause string) {
	if o.Restarted != nil {
		o.Restarted(cause)
	}
}

func (o Observer) lost(topic string, offsets int64) {
	if o.Lost != nil {
		o.Lost(topic, offsets)
	}
}
