package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
)

// loop is the heart of an assignment. It goes round: fire what is due, read what has come, wait until goka has finished
// both, and commit when pace says so. Firing and reading take turns, each bounded, so that neither starves the other.
type loop struct {
	engine *Engine
	member *member
	a      *assignment
	goka   *running
	gate   *gate
	pace   pace
	guard  jumpGuard
	tx     *transaction
	feed   feed
}

// errRevoked says that the partitions have been taken away.
var errRevoked = errors.New("the partitions have been revoked")

// errCallbackStopped says that goka has given up a partition; Cleanup tells why.
var errCallbackStopped = errors.New("a callback failed, its records will be read again")

// markersMax is how long positions that have moved over nothing but markers wait to be committed.
const markersMax = time.Second

func newLoop(stop context.Context, m *member, a *assignment, r *running, g *gate) *loop {
	e := m.engine
	return &loop{
		engine: e, member: m, a: a, goka: r, gate: g,
		pace: pace{interval: e.config.CommitInterval, timersMax: e.config.TimersMax, recordsMax: e.config.RecordsMax},
		tx:   newTransaction(stop, e, m, a), feed: feed{running: r},
	}
}

// run goes round until the assignment is revoked (errRevoked), stop ends (nil, all in hand committed) or something
// breaks. After an error a transaction may be open; it is to be aborted when no callback runs any more.
func (l *loop) run(stop context.Context) error {
	if err := l.passGate(); err != nil {
		return err
	}
	for {
		if l.a.ctx.Err() != nil {
			return errRevoked
		}
		if stop.Err() != nil {
			return l.tx.commit()
		}
		if err := l.round(stop); err != nil {
			return err
		}
	}
}

func (l *loop) round(stop context.Context) error {
	fired, err := l.fire()
	if err != nil {
		return err
	}
	fetches := l.poll(stop, fired > 0)
	if err := l.read(fetches); err != nil {
		return err
	}
	if l.pace.full(l.tx.load) || l.elapsed() >= l.commitAt() {
		if err := l.tx.commit(); err != nil {
			return err
		}
		l.pace.committed(l.elapsed())
		l.member.progressed = true
	}
	return nil
}

func (l *loop) elapsed() time.Duration { return l.engine.config.Clock.Elapsed() }

// commitAt is when the open transaction is to be committed; for ever without one.
func (l *loop) commitAt() time.Duration {
	if l.tx.load.open {
		return l.pace.commitAt(l.tx.load)
	}
	if l.tx.moved() {
		return l.tx.movedAt + markersMax
	}
	return forever
}

// readingMax is how long reading both clocks may take for the two to be compared: a process that is stopped between the
// readings and goes on later must not take that for a jump.
const readingMax = 50 * time.Millisecond

// look reads the wall clock and says whether timers may fire now; again tells when to look once more if not.
func (l *loop) look() (now instant.Instant, may bool, again time.Duration) {
	before := l.elapsed()
	now = l.engine.config.Clock.Now()
	elapsed := l.elapsed()
	if !l.engine.shape.timers || !l.gate.open {
		return now, false, forever
	}
	if elapsed-before > readingMax {
		return now, false, elapsed
	}
	held, by, jumped := l.guard.look(now, elapsed)
	if jumped {
		l.warnOfJump(by)
	}
	if held {
		return now, false, l.guard.until
	}
	return now, true, forever
}

func (l *loop) warnOfJump(by time.Duration) {
	l.engine.config.Observe.clockJump(by)
	warning := l.engine.config.Log.Warn().Dur("by", by)
	if by > 0 {
		warning = warning.Dur("firing_held_for_at_most", holdMax)
	}
	warning.Msg("the wall clock jumped: check this machine's time service")
}

// fire hands what is due now to goka, partition by partition, within the transaction's bound.
func (l *loop) fire() (int, error) {
	now, may, _ := l.look()
	if !may {
		return 0, nil
	}
	room := l.pace.timersMax - l.tx.load.timers
	if room <= 0 || l.engine.partitions.next() > now {
		return 0, nil
	}
	l.feed.clear()
	l.takeDue(now, room)
	if l.feed.count() == 0 {
		return 0, nil
	}
	if err := l.tx.begin(l.elapsed()); err != nil {
		return 0, err
	}
	l.tx.load.timers += l.feed.count()
	if err := l.feed.process(l.engine, now, false); err != nil {
		return 0, err
	}
	// Asked here and not at the commit: a record that is read later may set a row to the past.
	return l.feed.count(), l.tx.answered()
}

// takeDue takes up to room timers: a fair share of each partition first, so that one partition's burst does not delay
// the first timers of the others by a transaction; then whatever is left.
func (l *loop) takeDue(now instant.Instant, room int) {
	for took := true; took && room > 0; {
		took = false
		share := max(1, room/max(1, len(l.a.partitions)))
		l.engine.partitions.each(func(partition int32, rows *table.Table) {
			count := rows.TakeDue(now, min(share, room), func(key string, due instant.Instant) {
				l.feed.addTimer(l.engine.shape.timer, partition, key, due, now)
			})
			room -= count
			took = took || count > 0
		})
	}
}

// poll takes what has come. It waits when there is nothing to do, until a record comes, a timer is due, a commit is, the
// partitions are revoked, or the engine is told to stop.
func (l *loop) poll(stop context.Context, busy bool) kgo.Fetches {
	room := l.pace.recordsMax - l.tx.load.records
	if room <= 0 {
		return nil
	}
	wait := l.commitAt() - l.elapsed()
	now, may, again := l.look()
	next := l.engine.partitions.next()
	if busy || wait <= 0 || (may && next <= now) {
		return l.member.session.PollRecords(nil, room) //nolint:staticcheck // nil: take what is buffered, do not wait
	}
	ctx, cancel := context.WithCancel(l.a.ctx)
	defer cancel()
	defer context.AfterFunc(stop, cancel)()
	if again < forever {
		wait = min(wait, again-l.elapsed())
	}
	if wait < forever {
		timer := time.AfterFunc(wait, cancel)
		defer timer.Stop()
	}
	if may && next != never {
		defer l.engine.config.Clock.AfterFunc(next, cancel)()
	}
	return l.member.session.PollRecords(ctx, room)
}

// read hands fetched records to goka and moves the positions.
func (l *loop) read(fetches kgo.Fetches) error {
	if err := fetchError(fetches); err != nil {
		return err
	}
	l.feed.clear()
	for iterator := fetches.RecordIter(); !iterator.Done(); {
		record := iterator.Next()
		l.tx.move(record.Topic, record.Partition, record.Offset+1, l.elapsed)
		if !record.Attrs.IsControl() {
			l.feed.addRecord(record)
		}
	}
	if count := l.feed.count(); count > 0 {
		if err := l.tx.begin(l.elapsed()); err != nil {
			return err
		}
		l.tx.load.records += count
		if err := l.feed.process(l.engine, l.engine.config.Clock.Now(), !l.gate.open); err != nil {
			return err
		}
	}
	return l.passGate()
}

// passGate opens the gate when the inputs have been read.
func (l *loop) passGate() error {
	if l.gate.open {
		return nil
	}
	if ask := l.gate.pass(l.a.positions); !ask {
		return nil
	}
	// What was misplaced lies in the loop once this transaction is committed.
	if l.tx.load.open {
		if err := l.tx.commit(); err != nil {
			return err
		}
		l.pace.committed(l.elapsed())
	}
	ends, err := l.engine.inputEnds(l.a.ctx, l.a, l.engine.shape.loop)
	if err != nil && l.a.ctx.Err() != nil {
		return errRevoked
	}
	if err != nil {
		return err
	}
	l.gate.again(ends)
	l.gate.pass(l.a.positions)
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
