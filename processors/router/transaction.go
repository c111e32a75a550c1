package router

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/topics"
)

// endMax is how long the end of a transaction may take after the router was told to stop, so that a process ends in time also
// when its brokers are gone.
const endMax = 2 * time.Second

// route puts the items into their topics and moves the positions behind them, in one transaction. An error leaves nothing of
// it, or leaves in doubt whether it has been committed; the member is of no more use then, but for errAborted and errRevoked.
func (m *member) route(stop context.Context, a *assignment, items []item) error {
	ctx, release := m.patience(stop)
	defer release()
	began := m.router.config.Elapsed()
	if err := m.session.Begin(); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	m.router.at(StepBegun)
	err := m.produce(ctx, items)
	if err == nil {
		closing := m.router.config.Elapsed()
		if err = m.commit(ctx, a, items); err == nil {
			m.keep(a, items, began, closing)
			m.forget()
			return nil
		}
	}
	m.router.config.Observe.Aborted(err.Error())
	if errors.Is(err, errAborted) {
		return err // franz-go has ended it
	}
	if _, abortErr := m.session.End(ctx, kgo.TryAbort); abortErr != nil {
		return errors.Join(err, fmt.Errorf("aborting: %w", abortErr))
	}
	return err
}

// patience returns a context that ends a while after stop, and in any case when the brokers end the transaction.
func (m *member) patience(stop context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), m.router.config.TransactionTimeout)
	release := context.AfterFunc(stop, func() {
		sleep(ctx, endMax)
		cancel()
	})
	return ctx, func() {
		release()
		cancel()
	}
}

// produce signs the items and sends them, and waits until the brokers have all.
func (m *member) produce(ctx context.Context, items []item) error {
	var mu sync.Mutex
	var refused error
	acked := func(record *kgo.Record, err error) {
		if err == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if refused == nil {
			refused = fmt.Errorf("producing to %s: %w", record.Topic, err)
		}
	}
	fresh := false
	for _, item := range items {
		if item.to == "" {
			continue
		}
		jws, err := m.router.config.Sign(item.record.Value)
		if err != nil {
			return fmt.Errorf("signing a command: %w", err)
		}
		fresh = fresh || !m.begun[item.to]
		m.client().Produce(ctx, item.signed(jws), acked)
	}
	m.router.at(StepProduced)
	if err := m.client().Flush(ctx); err != nil {
		return fmt.Errorf("the brokers have not taken all records of a transaction within %s (too few replicas in sync?): %w",
			m.router.config.TransactionTimeout, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if refused != nil || !fresh {
		return refused
	}
	return m.settle(ctx, items)
}

// settle waits until the client has noted the topics to which items are produced for the first time.
func (m *member) settle(ctx context.Context, items []item) error {
	if err := topics.Settle(ctx, m.client()); err != nil {
		return err
	}
	for _, item := range items {
		if item.to != "" {
			m.begun[item.to] = true
		}
	}
	return nil
}

// begunMax is of how many topics franz-go keeps a producer's state between transactions. For each topic that it learns of it
// copies the list of all, and asks the brokers for all: without a bound the first 10,000 would cost the square of that.
const begunMax = 1000

// forget has franz-go forget the topics when they are too many. Sequence numbers begin anew with each transaction (KIP-890), so
// nothing else is lost with them; where brokers are older, the next transaction on one of them is refused once.
func (m *member) forget() {
	if len(m.begun) <= begunMax {
		return
	}
	names := make([]string, 0, len(m.begun))
	for name := range m.begun {
		names = append(names, string(name))
	}
	m.client().PurgeTopicsFromProducing(names...)
	clear(m.begun)
}

// commit ends the transaction, with the positions behind the items. They are put in here, not taken from franz-go: it would
// commit all that was polled, of which later transactions have still to route a part. The generation is that of the assignment:
// the client may already be in a later one, in which the partitions are others'.
func (m *member) commit(ctx context.Context, a *assignment, items []item) error {
	m.router.at(StepFlushed)
	put := func(request *kmsg.TxnOffsetCommitRequest) error {
		m.router.at(StepOffsets)
		request.MemberID, request.Generation = a.member, a.generation
		moved := kmsg.NewTxnOffsetCommitRequestTopic()
		moved.Topic = string(topics.DeviceCommands)
		for partition, offset := range next(items) {
			at := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			at.Partition, at.Offset, at.LeaderEpoch = partition, offset, -1
			moved.Partitions = append(moved.Partitions, at)
		}
		request.Topics = []kmsg.TxnOffsetCommitRequestTopic{moved}
		return nil
	}
	committed, err := m.session.End(kgo.PreTxnCommitFnContext(ctx, put), kgo.TryCommit)
	if err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	if !committed {
		return errAborted
	}
	m.router.at(StepCommitted)
	return nil
}

// keep tells what was committed.
func (m *member) keep(a *assignment, items []item, began, closing time.Duration) {
	m.progressed = true
	moved, counts := next(items), map[string]int{}
	for partition, at := range moved {
		a.positions[partition] = at
	}
	m.router.state.moved(moved)
	for _, item := range items {
		switch {
		case item.to != "":
			counts[Routed]++
		case !item.record.Attrs.IsControl():
			counts[Unroutable]++
		}
	}
	m.router.config.Observe.Counted(counts)
	now := m.router.config.Elapsed()
	m.router.config.Observe.Committed(len(items), 0, 0, now-began, now-closing)
}
