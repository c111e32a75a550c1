package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// errNotOwned says that a record came whose partition was to be paused until its rows are recovered.
var errNotOwned = errors.New("its rows are not recovered")

// poll takes what has come. It waits when there is nothing to do: until a record comes, a timer is due, a commit is, the
// partitions are revoked, an errand is done, or the engine is told to stop. While records have to wait, until over, it
// waits for the rest alone.
func (l *loop) poll(stop context.Context, busy bool, over <-chan struct{}) kgo.Fetches {
	busy = busy || l.pressing()
	if !busy && over != nil {
		ctx, cancel := l.untilNeeded(stop, yieldMax-(l.elapsed()-l.yieldedAt))
		defer cancel()
		select {
		case <-over:
		case <-ctx.Done():
		}
		return nil
	}
	if l.backlog.count >= batchMax {
		return nil
	}
	if busy || l.backlog.count > 0 {
		return l.member.client().PollRecords(nil, 0) //nolint:staticcheck // nil: take what is buffered, do not wait
	}
	ctx, cancel := l.untilNeeded(stop, forever)
	defer cancel()
	return l.member.client().PollRecords(ctx, 0)
}

// pressing says that a timer or a commit is due.
func (l *loop) pressing() bool {
	_, due := l.due()
	return due || l.commitAt() <= l.elapsed()
}

// lookMax is how long the clocks are not looked at when nothing happens: a jump is told of also when nothing is due.
const lookMax = 10 * time.Second

// untilNeeded returns a context that ends when the loop has something to do other than to read, and at most after a while.
func (l *loop) untilNeeded(stop context.Context, atMost time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(l.a.ctx)
	now, until := l.engine.watch.look()
	next := l.engine.partitions.nextFiring()
	wait, wake := min(atMost, lookMax, l.commitAt()-l.elapsed()), next
	if until < forever {
		// The wall clock is ahead of what is believed: timers are waited for by the time that passes.
		wait = min(wait, until-l.elapsed(), span(next.Sub(now)))
		wake = l.engine.config.Clock.Now().Add(instant.Millis(holdMax.Milliseconds()))
	}
	releases := []func(){l.errands.onNews(cancel)}
	unstop := context.AfterFunc(stop, cancel)
	timer := time.AfterFunc(wait, cancel)
	releases = append(releases, func() { timer.Stop() })
	if wake != never {
		releases = append(releases, l.engine.config.Clock.AfterFunc(wake, cancel))
	}
	return ctx, func() {
		cancel()
		unstop()
		for _, release := range releases {
			release()
		}
	}
}

// receive puts fetched records into the backlog.
func (l *loop) receive(fetches kgo.Fetches) error {
	if err := fetchError(fetches); err != nil {
		return err
	}
	var err error
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) > 0 && !l.engine.partitions.owns(p.Partition) {
			err = fmt.Errorf("reading %s/%d: %w", p.Topic, p.Partition, errNotOwned)
			return
		}
		l.engine.progress.Load().reaches(p.Topic, p.Partition, p.HighWatermark)
		l.backlog.add(p.Topic, p.Partition, p.Records)
	})
	if err != nil && l.a.ctx.Err() != nil {
		return errRevoked // what came is of the next assignment
	}
	return err
}

// read hands a batch of the backlog to goka, within the transaction's bound, and moves the positions.
func (l *loop) read() error {
	room := l.room(l.pace.recordsMax - l.tx.load.records)
	if room <= 0 || l.backlog.count == 0 {
		return nil
	}
	l.engine.at(StepPolled)
	l.feed.clear()
	l.backlog.take(room, turnMax, func(record *kgo.Record) {
		l.tx.move(record.Topic, record.Partition, record.Offset+1, l.elapsed)
		if !record.Attrs.IsControl() {
			l.feed.addRecord(record)
		}
	})
	count := l.feed.count()
	if count == 0 {
		return nil
	}
	if err := l.tx.begin(l.elapsed()); err != nil {
		return err
	}
	l.engine.at(StepMoved)
	l.tx.load.records += count
	now, _ := l.engine.watch.look()
	if err := l.feed.process(l.engine, now); err != nil {
		return err
	}
	l.engine.at(StepRead)
	l.weigh(count)
	return nil
}

// fetchError returns what makes the session end. What franz-go mends by itself is left to it.
func fetchError(fetches kgo.Fetches) error {
	var errs []error
	fetches.EachError(func(topic string, partition int32, err error) {
		var group *kgo.ErrGroupSession
		var lost *kgo.ErrDataLoss
		switch {
		case errors.Is(err, context.Canceled), errors.As(err, &group), errors.As(err, &lost):
		default:
			errs = append(errs, fmt.Errorf("fetching %s/%d: %w", topic, partition, err))
		}
	})
	return errors.Join(errs...)
}
