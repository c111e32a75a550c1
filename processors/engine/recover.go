package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/state/table"
)

// recovery brings the rows of partitions up to what the log holds. It issues its own fetches: a consumer does not tell
// that it has reached the end when the last records of a topic are markers or have been compacted away.
type recovery struct {
	side  *kgo.Client
	topic string
	id    [16]byte
	parts map[int32]*recovering
}

type recovering struct {
	rows   *table.Table
	leader int32
	next   int64 // offset of the next fetch
	end    int64
	// lastRow is the offset after the last row that was read.
	lastRow int64
}

// Limits of one fetch of a recovery.
const (
	recoverMaxBytes          = 32 << 20
	recoverMaxPartitionBytes = 8 << 20
	recoverMaxWait           = 100 * time.Millisecond
)

// recoverRows reads the table topic of the claimed partitions up to its present end. The end is the high watermark, not
// the last stable offset: what an owner committed just before it lost the partition may lie behind a marker that is still
// to be written, and must be waited for.
//
// done is called with partitions as their rows are complete, each once. What is complete needs no more fetches, so a
// large partition holds up the others by no more than one.
func (e *Engine) recoverRows(ctx context.Context, partitions []int32, done func([]int32) error) error {
	if e.shape.table == "" || len(partitions) == 0 {
		return done(partitions)
	}
	side, err := e.side()
	if err != nil {
		return err
	}
	defer side.Close()
	began := e.config.Clock.Elapsed()
	r := &recovery{side: side, topic: e.shape.table, parts: make(map[int32]*recovering)}
	for _, partition := range partitions {
		r.parts[partition] = &recovering{rows: e.partitions.table(partition)}
	}
	if err := r.locate(ctx); err != nil {
		return err
	}
	for {
		if complete := r.complete(); len(complete) > 0 {
			for _, partition := range complete {
				rows := e.partitions.table(partition)
				rows.Index()
				count, _ := rows.Rows()
				e.config.Observe.recovered(partition, count, e.config.Clock.Elapsed()-began)
			}
			if err := done(complete); err != nil {
				return err
			}
		}
		if len(r.parts) == 0 {
			return nil
		}
		if err := r.step(ctx); err != nil {
			return err
		}
	}
}

// complete takes out the partitions that have been read to their ends.
func (r *recovery) complete() (partitions []int32) {
	for partition, part := range r.parts {
		if part.next >= part.end {
			partitions = append(partitions, partition)
			delete(r.parts, partition)
		}
	}
	slices.Sort(partitions)
	return partitions
}

// locate finds the leaders, the starts and the ends. Rows from which the log's start has moved away are read anew:
// removals may have been compacted out of sight.
func (r *recovery) locate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	admin := kadm.NewClient(r.side)
	starts, err := admin.ListStartOffsets(ctx, r.topic)
	if err != nil {
		return fmt.Errorf("listing the starts of %s: %w", r.topic, err)
	}
	ends, err := admin.ListEndOffsets(ctx, r.topic)
	if err != nil {
		return fmt.Errorf("listing the ends of %s: %w", r.topic, err)
	}
	for partition, part := range r.parts {
		start, ok := starts.Lookup(r.topic, partition)
		end, ok2 := ends.Lookup(r.topic, partition)
		if err := errors.Join(start.Err, end.Err); err != nil || !ok || !ok2 {
			return fmt.Errorf("listing the offsets of %s/%d: %w", r.topic, partition, errors.Join(err, errUnlisted))
		}
		part.end = end.Offset
		part.next = part.rows.Offset()
		if part.next < start.Offset || part.next > end.Offset {
			part.rows.Reset()
			part.next = start.Offset
		}
	}
	return r.lead(ctx)
}

var errUnlisted = errors.New("the broker does not list it")

// lead finds the leader of each partition.
func (r *recovery) lead(ctx context.Context) error {
	metadata, err := kadm.NewClient(r.side).Metadata(ctx, r.topic)
	if err != nil {
		return fmt.Errorf("finding the leaders of %s: %w", r.topic, err)
	}
	detail := metadata.Topics[r.topic]
	r.id = detail.ID
	for partition, part := range r.parts {
		part.leader = detail.Partitions[partition].Leader
	}
	return detail.Err
}

// step fetches once from each leader.
func (r *recovery) step(ctx context.Context) error {
	requests := make(map[int32]*kmsg.FetchRequest)
	for partition, part := range r.parts {
		if part.next >= part.end {
			continue
		}
		request, ok := requests[part.leader]
		if !ok {
			request = r.request()
			requests[part.leader] = request
		}
		ask := kmsg.NewFetchRequestTopicPartition()
		ask.Partition, ask.FetchOffset, ask.PartitionMaxBytes = partition, part.next, recoverMaxPartitionBytes
		ask.CurrentLeaderEpoch = -1
		request.Topics[0].Partitions = append(request.Topics[0].Partitions, ask)
	}
	for leader, request := range requests {
		if err := r.fetch(ctx, leader, request); err != nil {
			return err
		}
	}
	return nil
}

func (r *recovery) request() *kmsg.FetchRequest {
	request := kmsg.NewPtrFetchRequest()
	request.ReplicaID = -1
	request.MaxWaitMillis = int32(recoverMaxWait.Milliseconds())
	request.MinBytes, request.MaxBytes = 1, recoverMaxBytes
	request.IsolationLevel = 1 // read_committed
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID = r.topic, r.id
	request.Topics = append(request.Topics, topic)
	return request
}

// fetch asks one leader and loads what it answers. A leader that has moved or is away is looked up again.
func (r *recovery) fetch(ctx context.Context, leader int32, request *kmsg.FetchRequest) error {
	answer, err := r.side.Broker(int(leader)).RetriableRequest(ctx, request)
	if err != nil {
		return fmt.Errorf("fetching %s from broker %d: %w", r.topic, leader, err)
	}
	response, ok := answer.(*kmsg.FetchResponse)
	if !ok {
		return fmt.Errorf("fetching %s from broker %d: the answer is a %T", r.topic, leader, answer)
	}
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return fmt.Errorf("fetching %s from broker %d: %w", r.topic, leader, err)
	}
	moved := false
	for _, topic := range response.Topics {
		for i := range topic.Partitions {
			switch err := r.load(&topic.Partitions[i]); {
			case kerr.IsRetriable(err):
				moved = true
			case err != nil:
				return fmt.Errorf("fetching %s/%d from broker %d: %w", r.topic, topic.Partitions[i].Partition, leader, err)
			}
		}
	}
	if moved {
		sleep(ctx, recoverMaxWait)
		return errors.Join(ctx.Err(), r.lead(ctx))
	}
	return ctx.Err()
}

// load puts one partition's answer into its rows.
func (r *recovery) load(answer *kmsg.FetchResponseTopicPartition) error {
	part, ok := r.parts[answer.Partition]
	if !ok {
		return nil
	}
	fetched, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Offset: part.next, IsolationLevel: kgo.ReadCommitted(), Topic: r.topic, Partition: answer.Partition,
	}, answer, kgo.DefaultDecompressor(), nil)
	if fetched.Err != nil {
		return fetched.Err
	}
	for _, record := range fetched.Records {
		part.rows.Load(string(record.Key), record.Value, record.Offset)
		part.lastRow = record.Offset + 1
	}
	part.next = max(part.next, next)
	part.rows.Advance(part.next)
	return nil
}
