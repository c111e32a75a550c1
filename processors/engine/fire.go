package engine

import (
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
)

// fireInTurn fires as many batches as are allowed before records have their turn, and says how many timers it was. Where none was
// due, it is a batch of rows that are to be looked at anew: so what becomes due waits for one batch of those.
func (l *loop) fireInTurn() (fired int, err error) {
	for range fireTurns {
		count, err := l.fire()
		if err != nil {
			return fired, err
		}
		if count == 0 {
			break
		}
		fired += count
	}
	if fired > 0 {
		return fired, nil
	}
	return l.review()
}

// fire hands a batch of what is due now to goka, within the transaction's bound, and says how many timers it was.
func (l *loop) fire() (int, error) {
	if !l.engine.shape.timers {
		return 0, nil
	}
	now, due := l.due()
	l.engine.burst.set(due)
	room := l.room(l.pace.timersMax - l.tx.load.timers)
	if room <= 0 || !due {
		return 0, nil
	}
	l.feed.clear()
	l.takeDue(now, room)
	return l.give(now)
}

// review hands a batch of rows that are to be looked at anew to goka. It is called when nothing is due.
func (l *loop) review() (int, error) {
	if l.engine.partitions.reviewOf == nil {
		return 0, nil
	}
	now, _ := l.due()
	room := l.room(l.pace.timersMax - l.tx.load.timers)
	if room <= 0 {
		return 0, nil
	}
	l.feed.clear()
	l.share(room, func(partition int32, rows *table.Table, most int) int {
		return rows.TakeReviews(most, func(key string) { l.feed.addTimer(l.engine.shape.timer, partition, key, now, now) })
	})
	return l.give(now)
}

// give has goka take what the feed holds, and says how much it was.
func (l *loop) give(now instant.Instant) (int, error) {
	count := l.feed.count()
	if count == 0 {
		return 0, nil
	}
	if err := l.tx.begin(l.elapsed()); err != nil {
		return 0, err
	}
	l.tx.load.timers += count
	if err := l.feed.process(l.engine, now); err != nil {
		return 0, err
	}
	l.engine.at(StepFired)
	l.weigh(count)
	// Asked here and not at the commit: a record that is read later may set a row to the past.
	return count, l.tx.answered()
}

// due returns the instant to decide by, and whether a timer may fire at it.
func (l *loop) due() (now instant.Instant, due bool) {
	now, until := l.engine.watch.look()
	l.engine.looked(now, until)
	return now, l.engine.partitions.nextFiring() <= now
}

// takeDue takes up to room timers.
func (l *loop) takeDue(now instant.Instant, room int) {
	l.share(room, func(partition int32, rows *table.Table, most int) int {
		return rows.TakeDue(now, most, func(key string, due instant.Instant) {
			l.feed.addTimer(l.engine.shape.timer, partition, key, due, now)
		})
	})
}

// share gives each partition a fair share of the room first, so that one partition's burst does not delay the first timers of the
// others by a transaction; then whatever is left.
func (l *loop) share(room int, take func(partition int32, rows *table.Table, most int) (count int)) {
	for took := true; took && room > 0; {
		took = false
		share := max(1, room/max(1, len(l.a.partitions)))
		l.engine.partitions.eachFiring(func(partition int32, rows *table.Table) {
			count := take(partition, rows, min(share, room))
			room -= count
			took = took || count > 0
		})
	}
}
