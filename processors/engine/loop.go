package engine

import (
	"context"
	"errors"
	"time"
)

// loop is the heart of an assignment. It goes round: fire what is due, read what has come, wait until goka has finished
// both, and commit when pace says so. Firing and reading take turns, each bounded, so that neither starves the other.
type loop struct {
	engine  *Engine
	member  *member
	a       *assignment
	began   time.Duration // Clock.Elapsed
	errands *errands
	catchUp catchUp
	backlog backlog
	pace    pace
	tx      *transaction
	feed    feed
	trimmed trimmed
	looks   looks
	// weight is what a record or timer of the last batches wrote and emitted, in bytes; at first it is taken for much, so
	// that what was too heavy to be committed is not tried in the same size again and again.
	weight int64
	// yielding says that records wait for another engine, since yieldedAt (Clock.Elapsed).
	yielding  bool
	yieldedAt time.Duration
	// lookedAt is when the last round began (Clock.Elapsed). slept says that one took longer than keptMax, since the process or
	// the machine was stopped: others may own the partitions since, and the rows are not right any more.
	lookedAt time.Duration
	slept    bool
}

// errRevoked says that the partitions have been taken away.
var errRevoked = errors.New("the partitions have been revoked")

// errCallbackStopped says that goka has given up a partition; Cleanup tells why.
var errCallbackStopped = errors.New("a callback failed, its records will be read again")

const (
	// markersMax is how long positions that have moved over nothing but markers wait to be committed.
	markersMax = time.Second
	// batchMax is how many timers, or records, go to goka at once: the grain in which firing and reading take turns, and in
	// which the transaction's bounds are looked at.
	batchMax = 512
	// fireTurns is how many batches of timers go before one of records, while both wait. A record costs some times as much as
	// a timer, and what is decided late cannot be made up for.
	fireTurns = 4
	// turnMax is how many of them are of one partition before the next one's turn comes.
	turnMax = 32
)

func newLoop(stop context.Context, m *member, a *assignment, r *running) *loop {
	e := m.engine
	e.progress.Store(newProgress(a.partitions, a.positions))
	now := e.config.Clock.Elapsed()
	weight := int64(bytesMax / turnMax)
	if e.wary {
		weight = bytesMax
	}
	return &loop{
		engine: e, member: m, a: a, began: now, lookedAt: now, errands: newErrands(a.ctx), catchUp: newCatchUp(len(a.partitions)),
		pace: pace{interval: e.config.CommitInterval, timersMax: e.config.TimersMax, recordsMax: e.config.RecordsMax},
		tx:   newTransaction(stop, e, m, a), feed: feed{running: r}, weight: weight,
		trimmed: trimmed{upTo: make(map[int32]int64)}, looks: newLooks(e.tickets.forget()),
	}
}

// run goes round until the assignment is revoked (errRevoked), stop ends (nil, all in hand committed) or something
// breaks. After an error a transaction may be open; it is to be aborted when no callback runs any more.
func (l *loop) run(stop context.Context) error {
	l.beginCatchUp()
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
	now := l.elapsed()
	l.slept = l.slept || now-l.lookedAt > keptMax
	l.lookedAt = now
	steps, err := l.errands.take()
	if err != nil {
		return err
	}
	for _, step := range steps {
		step()
	}
	l.letRestIn()
	l.passGates()
	l.look()
	fired, err := l.fireInTurn()
	if err != nil {
		return err
	}
	if err := l.receive(l.poll(stop, fired > 0, l.yields())); err != nil {
		return err
	}
	if l.yields() == nil {
		if err := l.read(); err != nil {
			return err
		}
	}
	if l.pace.full(l.tx.load) || l.elapsed() >= l.commitAt() {
		return l.commit()
	}
	return nil
}

func (l *loop) commit() error {
	compare := l.comparison()
	if err := l.tx.commit(); err != nil {
		return err
	}
	compare()
	l.pace.committed(l.elapsed())
	l.member.progressed, l.yielding = true, false
	l.trim()
	return nil
}

func (l *loop) elapsed() time.Duration { return l.engine.config.Clock.Elapsed() }

// commitAt is when the open transaction is to be committed; for ever without one.
func (l *loop) commitAt() time.Duration {
	if l.tx.load.open {
		return l.pace.commitAt(l.tx.load, l.behind())
	}
	if l.tx.moved() {
		return l.tx.movedAt + markersMax
	}
	return forever
}

// behind says that more waits to be put into the open transaction: timers that are due, or, while none has fired in it,
// records. Who waits for a timer does not wait for a backlog of records.
func (l *loop) behind() bool {
	_, due := l.due()
	return due || l.backlog.count > 0 && l.tx.load.timers == 0
}

// weigh looks how much the open transaction carries after a batch of count.
func (l *loop) weigh(count int) {
	before := l.tx.load.bytes
	l.tx.load.bytes = l.tx.emitted() + l.engine.partitions.written()
	l.weight = max(max(0, l.tx.load.bytes-before)/int64(max(1, count)), l.weight/2)
}

// room is how many more may go to goka at once: not more than batchMax, than the transaction has room for, and, if they
// weigh what the last ones did, than it may carry.
func (l *loop) room(limit int) int {
	room := min(batchMax, limit)
	if l.weight > 0 {
		room = min(room, max(1, int((bytesMax-l.tx.load.bytes)/l.weight)))
	}
	return room
}
