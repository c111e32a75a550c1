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
)

// reader reads stretches of a topic's partitions, read_committed. It issues its own fetches: a consumer does not tell that
// it has reached the end when the last records of a stretch are markers, were aborted or have been compacted away.
//
// A partition that cannot be read for now waits, and stalls no other by more than one fetch.
type reader struct {
	side      *kgo.Client
	topic     string
	id        [16]byte
	stretches map[int32]*stretch
	// markers says that the ends of transactions are taken, too.
	markers bool
	// lost says that leaders have to be looked up again.
	lost bool
}

// stretch is what is to be read of one partition.
type stretch struct {
	// leader is the broker to ask, or nobody.
	leader int32
	// next is the offset of the next fetch, end the one to be reached.
	next, end int64
	take      func(*kgo.Record)
	// passed is told up to which offset everything has been taken; may be nil.
	passed func(next int64)
}

// nobody is the leader of a partition that has none.
const nobody = -1

// Limits of one fetch.
const (
	readMaxBytes          = 32 << 20
	readMaxPartitionBytes = 8 << 20
	readMaxWait           = 100 * time.Millisecond
	readTimeout           = 5 * time.Second
)

func newReader(side *kgo.Client, topic string) *reader {
	return &reader{side: side, topic: topic, stretches: make(map[int32]*stretch)}
}

// add lets a stretch be read.
func (r *reader) add(partition int32, s *stretch) {
	s.leader = nobody
	r.stretches[partition] = s
	r.lost = true
}

// complete takes out the partitions that have been read to their ends.
func (r *reader) complete() (partitions []int32) {
	for partition, s := range r.stretches {
		if s.next >= s.end {
			partitions = append(partitions, partition)
			delete(r.stretches, partition)
		}
	}
	slices.Sort(partitions)
	return partitions
}

// step fetches once from each leader. It fails when the brokers refuse, or when none of them answers within sideTimeout.
func (r *reader) step(ctx context.Context) error {
	if r.lost {
		if err := r.lead(ctx); err != nil {
			return err
		}
	}
	requests := make(map[int32]*kmsg.FetchRequest)
	for partition, s := range r.stretches {
		if s.leader == nobody || s.next >= s.end {
			continue
		}
		request, ok := requests[s.leader]
		if !ok {
			request = r.request()
			requests[s.leader] = request
		}
		ask := kmsg.NewFetchRequestTopicPartition()
		ask.Partition, ask.FetchOffset, ask.PartitionMaxBytes = partition, s.next, readMaxPartitionBytes
		ask.CurrentLeaderEpoch = -1
		request.Topics[0].Partitions = append(request.Topics[0].Partitions, ask)
	}
	for leader, request := range requests {
		if err := r.fetch(ctx, leader, request); err != nil {
			return err
		}
	}
	if len(requests) == 0 || r.lost {
		sleep(ctx, readMaxWait)
	}
	return ctx.Err()
}

// lead finds the leader of each partition.
func (r *reader) lead(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	metadata, err := kadm.NewClient(r.side).Metadata(ctx, r.topic)
	if err != nil {
		return fmt.Errorf("finding the leaders of %s: %w", r.topic, err)
	}
	detail := metadata.Topics[r.topic]
	if detail.Err != nil && !kerr.IsRetriable(detail.Err) {
		return fmt.Errorf("finding the leaders of %s: %w", r.topic, detail.Err)
	}
	r.id, r.lost = detail.ID, false
	for partition, s := range r.stretches {
		at, ok := detail.Partitions[partition]
		if s.leader = at.Leader; !ok || at.Leader < 0 {
			s.leader, r.lost = nobody, true
		}
	}
	return nil
}

func (r *reader) request() *kmsg.FetchRequest {
	request := kmsg.NewPtrFetchRequest()
	request.ReplicaID = -1
	request.MaxWaitMillis = int32(readMaxWait.Milliseconds())
	request.MinBytes, request.MaxBytes = 1, readMaxBytes
	request.IsolationLevel = 1 // read_committed
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID = r.topic, r.id
	request.Topics = append(request.Topics, topic)
	return request
}

// fetch asks one leader and takes what it answers. A leader that has moved or is away is looked up again.
func (r *reader) fetch(ctx context.Context, leader int32, request *kmsg.FetchRequest) error {
	asking, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	answer, err := r.side.Broker(int(leader)).Request(asking, request)
	if err != nil {
		r.lost = true
		return ctx.Err()
	}
	response, ok := answer.(*kmsg.FetchResponse)
	if !ok {
		return fmt.Errorf("fetching %s from broker %d: the answer is a %T", r.topic, leader, answer)
	}
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return r.refused(err, fmt.Sprintf("%s from broker %d", r.topic, leader))
	}
	for _, topic := range response.Topics {
		for i := range topic.Partitions {
			what := fmt.Sprintf("%s/%d from broker %d", r.topic, topic.Partitions[i].Partition, leader)
			if err := r.refused(r.load(&topic.Partitions[i]), what); err != nil {
				return err
			}
		}
	}
	return nil
}

// refused passes an error on that trying again does not mend.
func (r *reader) refused(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case kerr.IsRetriable(err), errors.Is(err, kerr.UnknownServerError):
		r.lost = true
		return nil
	default:
		return fmt.Errorf("fetching %s: %w", what, err)
	}
}

// load takes one partition's answer.
func (r *reader) load(answer *kmsg.FetchResponseTopicPartition) error {
	s, ok := r.stretches[answer.Partition]
	if !ok {
		return nil
	}
	fetched, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Offset: s.next, IsolationLevel: kgo.ReadCommitted(), Topic: r.topic, Partition: answer.Partition,
		KeepControlRecords: r.markers,
	}, answer, kgo.DefaultDecompressor(), nil)
	if fetched.Err != nil {
		return fetched.Err
	}
	for _, record := range fetched.Records {
		s.take(record)
	}
	s.next = max(s.next, next)
	if s.passed != nil {
		s.passed(s.next)
	}
	return nil
}
