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
	// ClockSkew is told, every few seconds while something is committed, how far the engine's clock is ahead of the brokers'
	// (negative: behind), at the least.
	ClockSkew func(by time.Duration)
	Assigned  func(partitions int)
	Restarted func(cause string)
	// Late gets, of a committed transaction, how much later than CountSince's instant the commit was, and how often that was
	// so; never negative.
	Late func(name string, by time.Duration, count int)
	// Fires is told that a partition's timers fire from now on, and how long after the assignment that is.
	Fires func(partition int32, took time.Duration)
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

func (o Observer) clockSkew(by time.Duration) {
	if o.ClockSkew != nil {
		o.ClockSkew(by)
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

func (o Observer) late(name string, by time.Duration, count int) {
	if o.Late != nil {
		o.Late(name, by, count)
	}
}

func (o Observer) fires(partition int32, took time.Duration) {
	if o.Fires != nil {
		o.Fires(partition, took)
	}
}

func (o Observer) lost(topic string, offsets int64) {
	if o.Lost != nil {
		o.Lost(topic, offsets)
	}
}
