package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

// stretch is a piece of a partition: the offsets from start to before end.
type stretch struct {
	topic      topics.Name
	partition  int32
	start, end int64
}

// silenceMax is how long a reading may bring nothing before it is given up.
const silenceMax = 30 * time.Second

var errSilence = errors.New("nothing comes any more")

// readerOptions are those of a client that reads what was committed. It sees markers too: one may be the last thing
// before an end, and no record after it would say that the end is reached.
func readerOptions() []kgo.Opt {
	return []kgo.Opt{
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxBytes(64 << 20),
		kgo.FetchMaxPartitionBytes(1 << 20),
	}
}

// stretches returns what is in a topic's partitions now: up to the last stable offset, so without what is not decided
// yet. Empty partitions are left out; wanted chooses among the others.
func stretches(ctx context.Context, client *kgo.Client, topic topics.Name, wanted func(int32) bool) ([]stretch, error) {
	ctx, cancel := context.WithTimeout(ctx, adminMax)
	defer cancel()
	admin := kadm.NewClient(client)
	ends, err := admin.ListCommittedOffsets(ctx, string(topic))
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("asking for the end of %s: %w", topic, topics.Needing(err, topics.Read, topic))
	}
	starts, err := admin.ListStartOffsets(ctx, string(topic))
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("asking for the start of %s: %w", topic, topics.Needing(err, topics.Read, topic))
	}
	var found []stretch
	ends.Each(func(end kadm.ListedOffset) {
		start, _ := starts.Lookup(end.Topic, end.Partition)
		if start.Offset < end.Offset && wanted(end.Partition) {
			found = append(found, stretch{topic, end.Partition, start.Offset, end.Offset})
		}
	})
	return found, nil
}

// read calls take for each record of the stretches, those of one partition in order. The client must have
// readerOptions and consume nothing else.
func read(ctx context.Context, client *kgo.Client, wanted []stretch, take func(*kgo.Record)) error {
	left := make(map[string]map[int32]int64) // topic, partition: the end
	from := make(map[string]map[int32]kgo.Offset)
	for _, s := range wanted {
		topic := string(s.topic)
		if left[topic] == nil {
			left[topic], from[topic] = make(map[int32]int64), make(map[int32]kgo.Offset)
		}
		left[topic][s.partition], from[topic][s.partition] = s.end, kgo.NewOffset().At(s.start)
	}
	client.AddConsumePartitions(from)
	for len(left) > 0 {
		fetches, err := poll(ctx, client)
		if err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			end, wanted := left[r.Topic][r.Partition]
			if wanted && r.Offset < end && !r.Attrs.IsControl() {
				take(r)
			}
			if wanted && r.Offset >= end-1 {
				client.RemoveConsumePartitions(map[string][]int32{r.Topic: {r.Partition}})
				if delete(left[r.Topic], r.Partition); len(left[r.Topic]) == 0 {
					delete(left, r.Topic)
				}
			}
		})
	}
	return nil
}

// poll waits for records, but not for ever.
func poll(ctx context.Context, client *kgo.Client) (kgo.Fetches, error) {
	waiting, cancel := context.WithTimeoutCause(ctx, silenceMax, errSilence)
	defer cancel()
	fetches := client.PollFetches(waiting)
	if waiting.Err() != nil && fetches.NumRecords() == 0 {
		return nil, fmt.Errorf("reading: %w", context.Cause(waiting))
	}
	return fetches, fetchError(fetches)
}

// fetchError returns the first error that a partition had. The client mends by itself what can be mended.
func fetchError(fetches kgo.Fetches) error {
	for _, e := range fetches.Errors() {
		if !errors.Is(e.Err, context.Canceled) && !errors.Is(e.Err, context.DeadlineExceeded) {
			return fmt.Errorf("reading %s/%d: %w", e.Topic, e.Partition,
				topics.Needing(e.Err, topics.Read, topics.Name(e.Topic)))
		}
	}
	return nil
}

// recordOf takes a record over from the client.
func recordOf(r *kgo.Record) topics.Record {
	return topics.Record{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: instantOf(r.Timestamp), Key: r.Key,
		Headers: topics.HeadersOf(r.Headers), Value: r.Value,
	}
}
