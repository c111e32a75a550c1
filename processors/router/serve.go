package router

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

var (
	// errRevoked says that the partitions were taken away while something was in hand.
	errRevoked = errors.New("the partitions were taken away")
	// errAborted says that the group moved on before the transaction could commit.
	errAborted = errors.New("the group has moved on: the transaction was aborted")
)

// serve routes what comes in one assignment until it is revoked (nil), stop ends (nil, what is in hand is committed) or
// something breaks.
func (m *member) serve(stop context.Context, a *assignment) error {
	defer m.router.state.wait("waiting for partitions")
	defer m.router.state.serve(nil)
	defer m.router.state.hold("")
	m.router.config.Observe.Assigned(len(a.positions))
	// Until stop or a's end.
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	defer context.AfterFunc(stop, cancel)()
	if err := m.forgetRevocation(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	m.router.state.serve(a.positions)
	m.router.state.wait("")
	m.resume(a)
	for {
		fetches := m.session.PollRecords(ctx, m.router.config.RecordsMax)
		if ctx.Err() != nil {
			return nil
		}
		m.router.at(StepPolled)
		if err := fetchError(fetches); err != nil {
			return err
		}
		if err := m.routeAll(stop, ctx, a, m.read(fetches)); err != nil {
			if a.ctx.Err() != nil && (errors.Is(err, errRevoked) || errors.Is(err, errAborted)) {
				return nil // the group goes on with another assignment, and so does the client
			}
			if stop.Err() != nil && errors.Is(err, errRevoked) {
				return nil
			}
			return err
		}
	}
}

// forgetRevocation ends a transaction that has not begun: franz-go then forgets what was revoked before, and does not abort the
// first one of this assignment.
func (m *member) forgetRevocation(ctx context.Context) error {
	if _, err := m.session.End(ctx, kgo.TryAbort); err != nil && ctx.Err() == nil {
		return fmt.Errorf("starting an assignment: %w", err)
	}
	return nil
}

// resume lets the records of the assignment in, unless it has ended: the partitions may be paused for the next one already.
func (m *member) resume(a *assignment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a.ctx.Err() != nil {
		return
	}
	partitions := make([]int32, 0, len(a.positions))
	for partition := range a.positions {
		partitions = append(partitions, partition)
	}
	m.client().ResumeFetchPartitions(map[string][]int32{string(topics.DeviceCommands): partitions})
}

// read says of each record where it goes.
func (m *member) read(fetches kgo.Fetches) (items []item) {
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		m.router.state.end(f.Partition, f.HighWatermark)
		for _, record := range f.Records {
			items = append(items, m.router.itemOf(record))
		}
	})
	return items
}

func (r *Router) itemOf(record *kgo.Record) item {
	if record.Attrs.IsControl() {
		return item{record: record}
	}
	store, device, refusal := destination(record)
	if refusal != nil {
		if !r.told[refusal.Reason] {
			r.told[refusal.Reason] = true
			r.config.Log.Error().Int32("partition", record.Partition).Int64("offset", record.Offset).
				Str("reason", string(refusal.Reason)).Str("detail", refusal.Detail).
				Msg("a record of " + string(topics.DeviceCommands) + ", which only the engine may write, goes to no store: it is passed " +
					"over; the next ones of that reason are counted only")
		}
		return item{record: record}
	}
	return item{record: record, to: topics.StoreTopic(store), device: device}
}

// routeAll routes the items, in as many transactions as that takes. It ends early when ctx does: with errRevoked, and what was
// not committed is read again by whoever has the partitions then.
func (m *member) routeAll(stop, ctx context.Context, a *assignment, items []item) error {
	most := bounds{m.router.config.TopicsMax, m.router.config.RecordsMax, transactionMaxBytes}
	for len(items) > 0 {
		count := cut(items, most)
		m.router.yield(ctx)
		if err := m.create(ctx, items[:count]); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return errRevoked
		}
		if err := m.route(stop, a, items[:count]); err != nil {
			return err
		}
		items = items[count:]
	}
	return nil
}

// yield waits until what is decided in this process has been, for a while.
func (r *Router) yield(ctx context.Context) {
	over := r.config.Bursting()
	if over == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.YieldMax)
	defer cancel()
	select {
	case <-over:
	case <-ctx.Done():
	}
}

// fetchError returns what a fetch could not do and will not by itself.
func fetchError(fetches kgo.Fetches) error {
	var errs []error
	fetches.EachError(func(topic string, partition int32, err error) {
		if !errors.Is(err, context.Canceled) {
			errs = append(errs, fmt.Errorf("reading %s/%d: %w", topic, partition, err))
		}
	})
	return errors.Join(errs...)
}
