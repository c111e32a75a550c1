package engine

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
)

// This file compares the engine's clock with the brokers'. A broker stamps the marker that ends a transaction with its own
// clock, so the marker of a transaction of this process tells what that clock showed at a moment between two that this
// process knows. Nothing is decided by it: brokers' clocks may be wrong as well. It is told.

const (
	// skewEvery is how often the clocks are compared, at most; it takes a transaction that wrote rows.
	skewEvery = 10 * time.Second
	// skewPatience is how long a marker is waited for.
	skewPatience = 5 * time.Second
	// skewMin is the difference that is warned of, and again each skewAgain while it lasts.
	skewMin   = time.Second
	skewAgain = 10 * time.Minute
	// skewCalm is how long there must have been none before it is called gone. Brokers' clocks differ among themselves, and
	// each comparison may be with another one.
	skewCalm = time.Minute
)

// skewOf returns how far a clock is ahead of another one (negative: behind), at the least: it showed before and after around
// the moment at which the other one showed marked. ok is false when the clock was put back meanwhile.
func skewOf(before, after, marked instant.Instant) (by time.Duration, ok bool) {
	switch {
	case before > after:
		return 0, false
	case before > marked:
		return span(before.Sub(marked)), true
	case after < marked:
		return span(after.Sub(marked)), true
	default:
		return 0, true
	}
}

// skew is what was found out. Only the loop touches it.
type skew struct {
	compared   bool
	comparedAt time.Duration // Clock.Elapsed
	warned     bool
	warnedAt   time.Duration // Clock.Elapsed
	lastWarned time.Duration
	// agreesSince is since when no difference was found (Clock.Elapsed), after one that was warned of.
	agrees      bool
	agreesSince time.Duration
}

// due says whether the clocks are to be compared now.
func (s *skew) due(now time.Duration) bool { return !s.compared || now-s.comparedAt >= skewEvery }

// skewNews is what is to be told of a difference.
type skewNews uint8

const (
	skewAsBefore skewNews = iota
	skewFound             // also when it was found a while ago, or has grown
	skewGone
)

// note takes the result of a comparison.
func (s *skew) note(by, now time.Duration) skewNews {
	if by.Abs() < skewMin {
		return s.agree(now)
	}
	s.agrees = false
	if s.warned && now-s.warnedAt < skewAgain && (by-s.lastWarned).Abs() < s.lastWarned.Abs() {
		return skewAsBefore
	}
	s.warned, s.warnedAt, s.lastWarned = true, now, by
	return skewFound
}

// agree takes a comparison that found no difference.
func (s *skew) agree(now time.Duration) skewNews {
	if !s.agrees {
		s.agrees, s.agreesSince = true, now
	}
	if !s.warned || now-s.agreesSince < skewCalm {
		return skewAsBefore
	}
	s.warned = false
	return skewGone
}

// comparison is called before a commit; what it returns is called after it, and compares the clocks when it is time to.
func (l *loop) comparison() (compare func()) {
	e := l.engine
	if e.shape.table == "" || e.watch.driven || !e.skew.due(l.elapsed()) {
		return func() {}
	}
	before, _ := e.watch.look()
	ends := make(map[int32]int64)
	e.partitions.each(func(partition int32, rows *table.Table) { ends[partition] = rows.Offset() })
	return func() {
		e.partitions.each(func(partition int32, rows *table.Table) {
			// The marker follows the last row: only the owner writes there.
			if marker := rows.Offset(); marker > ends[partition] && e.skew.due(l.elapsed()) {
				e.skew.compared, e.skew.comparedAt = true, l.elapsed()
				l.errands.run(func(ctx context.Context) error { return l.askMarker(ctx, partition, marker, before) })
			}
		})
	}
}

// askMarker is the errand that reads when a marker was written. What goes wrong is of no consequence: it is tried again.
func (l *loop) askMarker(ctx context.Context, partition int32, offset int64, before instant.Instant) error {
	ctx, cancel := context.WithTimeout(ctx, skewPatience)
	defer cancel()
	r := newReader(l.engine.asking, l.engine.shape.table)
	r.markers = true
	r.add(partition, &stretch{next: offset, end: offset + 1, take: func(record *kgo.Record) {
		if record.Offset == offset && record.Attrs.IsControl() {
			l.errands.post(func() { l.engine.compareWith(before, instant.Of(record.Timestamp)) })
		}
	}})
	for len(r.complete()) == 0 {
		if err := r.step(ctx); err != nil {
			l.engine.config.Log.Debug().Err(err).Msg("comparing the clock with a broker's")
			return nil
		}
	}
	return nil
}

// compareWith compares the clock with a broker's, which showed marked at some moment since before.
func (e *Engine) compareWith(before, marked instant.Instant) {
	after, _ := e.watch.look()
	by, ok := skewOf(before, after, marked)
	if !ok {
		return
	}
	e.config.Observe.clockSkew(by)
	log := e.config.Log
	switch e.skew.note(by, e.config.Clock.Elapsed()) {
	case skewFound:
		effect := "timers fire that much early by the brokers' clock"
		if by < 0 {
			effect = "timers fire that much late by the brokers' clock"
		}
		log.Error().Dur("ahead_by", by).
			Msg("this machine's clock differs from the brokers': " + effect + "; check the time services of both")
	case skewGone:
		log.Info().Msg("this machine's clock agrees with the brokers' again")
	case skewAsBefore:
	}
}
