package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/state/table"
	"github.com/rmn-arms/campaign-engine/topics"
)

// transaction is the one that is open, or the next one. It carries the inputs' positions, the rows and the outputs.
type transaction struct {
	engine *Engine
	member *member
	a      *assignment
	// stop ends when the engine is told to.
	stop context.Context
	load load
	// touched are the positions that have moved since the last commit, movedAt when the first of them did.
	touched positions
	movedAt time.Duration

	counts counts
	hooks  hooks
	// ctx ends some time after stop, so that no callback waits for brokers that are gone.
	ctx     context.Context
	release context.CancelFunc
	// onAck is acked, bound once.
	onAck func(*kgo.Record, error)
	// bytes is the size of what was emitted.
	bytes atomic.Int64
	// acks gathers what the brokers answered to the records of this transaction.
	acks acks
}

type acks struct {
	mu sync.Mutex
	// err is the first refusal.
	err error
	// rowsEnd is, per partition of the table topic, the offset after the last row.
	rowsEnd map[int32]int64
	// topics are those that have taken a record in this assignment; fresh says that the open transaction has added one.
	topics map[string]bool
	fresh  bool
}

// errAborted says that the group moved on before the transaction could commit.
var errAborted = errors.New("the group has moved on: the transaction was aborted")

func newTransaction(stop context.Context, e *Engine, m *member, a *assignment) *transaction {
	t := &transaction{stop: stop, engine: e, member: m, a: a, touched: positions{},
		counts: newCounts(), acks: acks{rowsEnd: map[int32]int64{}, topics: map[string]bool{}}}
	t.onAck = t.acked
	t.ctx, t.release = t.patience()
	for topic, partitions := range a.raised {
		for partition, offset := range partitions {
			t.move(topic, partition, offset, e.config.Clock.Elapsed)
		}
	}
	return t
}

// begin opens a transaction unless one is open.
func (t *transaction) begin(at time.Duration) error {
	if t.load.open {
		return nil
	}
	if err := t.member.session.Begin(); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	t.load = load{open: true, openedAt: at}
	t.engine.emitting.Store(t)
	t.engine.at(StepBegun)
	return nil
}

// move notes the position after a record.
func (t *transaction) move(topic string, partition int32, offset int64, elapsed func() time.Duration) {
	if !t.moved() {
		t.movedAt = elapsed()
	}
	t.a.positions.set(topic, partition, offset)
	t.touched.set(topic, partition, offset)
}

func (t *transaction) moved() bool { return len(t.touched) > 0 }

// emit sends what a callback emitted.
func (t *transaction) emit(record *kgo.Record) {
	size := len(record.Key) + len(record.Value)
	for _, header := range record.Headers {
		size += len(header.Key) + len(header.Value)
	}
	t.bytes.Add(int64(size))
	t.produce(record)
}

// emitted is the size of what was emitted, in bytes of keys, values and headers.
func (t *transaction) emitted() int64 { return t.bytes.Load() }

// produce sends a record in the transaction.
func (t *transaction) produce(record *kgo.Record) {
	t.member.client().Produce(t.ctx, record, t.onAck)
}

// acked takes the broker's answer to a record.
func (t *transaction) acked(record *kgo.Record, err error) {
	t.acks.mu.Lock()
	defer t.acks.mu.Unlock()
	if !t.acks.topics[record.Topic] {
		t.acks.topics[record.Topic], t.acks.fresh = true, true
	}
	switch {
	case err != nil && t.acks.err == nil:
		t.acks.err = fmt.Errorf("producing to %s/%d: %w", record.Topic, record.Partition, err)
	case err == nil && record.Topic == t.engine.shape.table:
		t.acks.rowsEnd[record.Partition] = max(t.acks.rowsEnd[record.Partition], record.Offset+1)
	}
}

// commit ends the open transaction, if there is one, or one that carries nothing but positions. An error leaves the
// outcome in doubt, or says that it was an abort; the caller then aborts and gives the member up.
func (t *transaction) commit() error {
	if !t.load.open && !t.moved() {
		return nil
	}
	began := t.engine.config.Clock.Elapsed()
	if err := t.begin(began); err != nil {
		return err
	}
	rows := t.sendRows()
	t.engine.at(StepRowsSent)
	ctx, cancel := t.ending()
	defer cancel()
	if err := t.flush(ctx); err != nil {
		return err
	}
	t.engine.at(StepFlushed)
	committed, err := t.member.session.commit(ctx, t.putPositions)
	if err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	if !committed {
		return errAborted
	}
	t.engine.at(StepCommitted)
	t.keep(rows, began)
	t.engine.at(StepKept)
	return nil
}

// endMax is how long the end of a transaction may take after the engine was told to stop, so that a process ends in time
// also when its brokers are gone. What stays open is ended by the partitions' next owner.
const endMax = 2 * time.Second

// patience returns a context that ends a while after the engine was told to stop.
func (t *transaction) patience() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	release := context.AfterFunc(t.stop, func() {
		sleep(ctx, endMax)
		cancel()
	})
	return ctx, func() {
		release()
		cancel()
	}
}

// ending returns the context in which the transaction is ended.
func (t *transaction) ending() (context.Context, context.CancelFunc) {
	patience, release := t.patience()
	ctx, cancel := context.WithTimeout(patience, t.engine.config.TransactionTimeout)
	return ctx, func() {
		cancel()
		release()
	}
}

// flush waits until the brokers have all records. What one of them refused must not be committed without it.
func (t *transaction) flush(ctx context.Context) error {
	if err := t.member.client().Flush(ctx); err != nil {
		return fmt.Errorf("the brokers have not taken all records of a transaction within %s (too few replicas in sync?): %w",
			t.engine.config.TransactionTimeout, err)
	}
	t.acks.mu.Lock()
	err, fresh := t.acks.err, t.acks.fresh
	t.acks.fresh = false
	t.acks.mu.Unlock()
	if err == nil && fresh {
		return topics.Settle(ctx, t.member.client())
	}
	return err
}

// answered checks that each timer that fired has moved on.
func (t *transaction) answered() error {
	var err error
	t.engine.partitions.each(func(partition int32, rows *table.Table) {
		if key, found := rows.Unanswered(); found {
			err = fmt.Errorf("firing %q in partition %d: its callback left it due, it would fire for ever", key, partition)
		}
	})
	return err
}

// sendRows produces the last value of each row that was written.
func (t *transaction) sendRows() int {
	count := 0
	t.engine.partitions.each(func(partition int32, rows *table.Table) {
		rows.Changes(func(key string, value []byte) {
			count++
			t.produce(&kgo.Record{
				Topic: t.engine.shape.table, Partition: partition, Key: []byte(key), Value: value,
			})
		})
	})
	return count
}

// putPositions writes this assignment's positions into the offsets commit: those that have moved, or, in a transaction
// of timers alone, one that has not. The group's generation goes with them, and with it the fencing (KIP-447): without
// any position a paused owner's timers would be committed. It is the generation of this assignment: the client may
// already be in a later one, in which the partitions are others'.
func (t *transaction) putPositions(request *kmsg.TxnOffsetCommitRequest) error {
	t.engine.at(StepOffsets)
	request.MemberID, request.Generation = t.a.membership.id, t.a.membership.generation
	request.Topics = request.Topics[:0]
	put := t.touched
	if len(put) == 0 {
		put = t.a.positions.any()
	}
	for topic, partitions := range put {
		part := kmsg.NewTxnOffsetCommitRequestTopic()
		part.Topic = topic
		for partition, offset := range partitions {
			at := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			at.Partition, at.Offset, at.LeaderEpoch = partition, offset, -1
			part.Partitions = append(part.Partitions, at)
		}
		request.Topics = append(request.Topics, part)
	}
	return nil
}

// any returns one position.
func (p positions) any() positions {
	for topic, partitions := range p {
		for partition, offset := range partitions {
			return positions{topic: {partition: offset}}
		}
	}
	return nil
}

// keep makes the committed transaction the new truth.
func (t *transaction) keep(rows int, began time.Duration) {
	t.engine.partitions.each(func(partition int32, table *table.Table) { table.Commit(t.acks.rowsEnd[partition]) })
	t.engine.progress.Load().moved(t.touched)
	at, _ := t.engine.watch.look()
	t.counts.tell(t.engine.config.Observe, at)
	now := t.engine.config.Clock.Elapsed()
	for _, do := range t.hooks.take() {
		do()
	}
	t.engine.config.Observe.committed(t.load.records, t.load.timers, rows, now-t.load.openedAt, now-began)
	t.clear()
}

// abort takes back what the open transaction wrote. Its error says that the member is of no more use.
func (t *transaction) abort(cause string) error {
	t.engine.emitting.Store(nil)
	if !t.load.open {
		return nil
	}
	ctx, cancel := t.ending()
	defer cancel()
	err := t.member.session.abort(ctx)
	t.engine.partitions.each(func(_ int32, rows *table.Table) { rows.Rollback() })
	t.engine.config.Observe.aborted(cause)
	t.clear()
	if isFenced(err) {
		t.engine.partitions.forget()
	}
	if err != nil {
		return fmt.Errorf("aborting: %w", err)
	}
	return nil
}

func (t *transaction) clear() {
	t.engine.emitting.Store(nil)
	t.load = load{}
	t.bytes.Store(0)
	clear(t.touched)
	t.counts.clear()
	t.acks.mu.Lock()
	defer t.acks.mu.Unlock()
	t.acks.err = nil
}

// isFenced says that another owner has taken the transactional id over.
func isFenced(err error) bool {
	return errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch) ||
		errors.Is(err, kerr.FencedInstanceID)
}
