package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

// reach are the options that all clients of the engine have: how to reach the brokers, and not to wait for long when one
// is away. The defaults of franz-go, 5 s between two lookups of leaders and up to 5 s between two tries, would each be
// longer than an outage.
func (e *Engine) reach() []kgo.Opt { return Reach(e.config.Connect) }

// Reach returns the options of reaching the brokers with those that all clients of the engine have.
func Reach(connect []kgo.Opt) []kgo.Opt {
	return append(slices.Clone(connect), kgo.MetadataMinAge(metadataMinAge), kgo.RetryBackoffFn(backoff))
}

const (
	metadataMinAge = 50 * time.Millisecond
	// Between two tries to reach a broker.
	backoffMin = 100 * time.Millisecond
	backoffMax = time.Second
)

// backoff is how long to wait after so many failures: twice as long each time, and a quarter more or less, so that not
// all come at once.
func backoff(failures int) time.Duration {
	pause := backoffMin << min(max(0, failures-1), 4)
	return time.Duration(float64(min(pause, backoffMax)) * (0.75 + rand.Float64()/2))
}

// transactionalID is this process's transactional id in its group.
func (e *Engine) transactionalID() string { return string(e.shape.group) + "-" + e.config.Instance }

// memberOptions are the options of the client that consumes and produces for the group, those of transactions apart.
func (e *Engine) memberOptions(m *member) []kgo.Opt {
	return slices.Concat(e.reach(), []kgo.Opt{
		kgo.WithContext(m.lifetime),
		kgo.ConsumerGroup(string(e.shape.group)),
		kgo.InstanceID(e.config.Instance),
		kgo.ConsumeTopics(e.shape.streams...),
		// goka needs partition n of all inputs in one place; a sticky assignor does not promise that.
		kgo.Balancers(kgo.RangeBalancer()),
		kgo.SessionTimeout(e.config.SessionTimeout),
		kgo.HeartbeatInterval(min(e.config.SessionTimeout/6, heartbeatMax)),
		kgo.RebalanceTimeout(e.config.SessionTimeout * 2),
		kgo.DisableAutoCommit(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// Markers move positions; without them the end of an input is never reached.
		kgo.KeepControlRecords(),
		// Positions come from adjustPositions. franz-go must not look for others by itself: after a change of leaders it
		// would, for instance, go back to the time of the last record and read what was read before.
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		// A partition whose rows have been recovered is fetched only when the broker has answered for the others.
		kgo.FetchMaxWait(fetchMaxWait),
		kgo.FetchMaxBytes(fetchMaxBytes),
		// Small shares, so that a backlog comes from all partitions at once and keeps all cores busy.
		kgo.FetchMaxPartitionBytes(fetchMaxPartitionBytes),
		kgo.OnPartitionsAssigned(m.onAssigned),
		kgo.AdjustFetchOffsetsFn(m.adjustPositions),
		kgo.OnPartitionsRevoked(m.onRevoked),
		kgo.OnPartitionsLost(m.onRevoked),
		kgo.WithHooks(m),

		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(partitioner()),
		kgo.ProducerBatchMaxBytes(topics.OutputMaxBytes),
		kgo.MaxBufferedRecords(bufferedMaxRecords),
		kgo.MaxBufferedBytes(bufferedMaxBytes),
		// A transaction is flushed when it closes; until then records gather into few, full batches.
		kgo.ProducerLinger(gatherMax),
		// There is no RecordDeliveryTimeout: franz-go would count it from the records' time, which is that of their decision, and
		// refuse all while the wall clock is ahead of what is believed. The end of a transaction has a time-out of its own.
	})
}

const (
	// heartbeatMax is how late a member may learn that the group rebalances; until all have, nobody's timers fire.
	heartbeatMax           = 300 * time.Millisecond
	fetchMaxWait           = 500 * time.Millisecond
	fetchMaxBytes          = 16 << 20
	fetchMaxPartitionBytes = 512 << 10
	bufferedMaxRecords     = 1 << 18
	// gatherMax is how long records gather for fuller batches while a transaction is open; its end does not wait for it.
	gatherMax        = 100 * time.Millisecond
	bufferedMaxBytes = 256 << 20
)

// side makes a client for administrative calls and for recovery. Its connections are its own: on the member's a call
// would queue behind a fetch that waits for records.
func (e *Engine) side() (*kgo.Client, error) { return sideClient(e.reach()) }

func sideClient(reach []kgo.Opt) (*kgo.Client, error) {
	client, err := kgo.NewClient(append(slices.Clip(reach), kgo.RetryTimeout(sideTimeout))...)
	if err != nil {
		return nil, fmt.Errorf("making a client for administration: %w", err)
	}
	return client, nil
}

// byKey asks the partitioner to place a record by its key.
const byKey = -1

// partitioner places a record where it says, or by the hash of its key.
func partitioner() kgo.Partitioner {
	return kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
		return func(r *kgo.Record, partitions int) int {
			if r.Partition != byKey {
				return int(r.Partition)
			}
			return int(topics.PartitionOf(r.Key, int32(min(partitions, math.MaxInt32))))
		}
	})
}
