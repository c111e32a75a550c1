package kafkatest

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

// Read calls see for every record that is committed of what was written to the topics before the call, those of a partition in
// order. Its error says what was not read when ctx ended, or is see's first.
func Read(ctx context.Context, brokers []string, see func(*kgo.Record) error, names ...string) error {
	reader, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.MetadataMinAge(metadataMinAge), kgo.ConsumeTopics(names...),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return fmt.Errorf("reading %d topics: %w", len(names), err)
	}
	defer reader.Close()
	ends, err := Stable(ctx, kadm.NewClient(reader), names...)
	if err != nil {
		return fmt.Errorf("reading %d topics: %w", len(names), err)
	}
	left := make(map[Partition]int64)
	ends.Each(func(end kadm.ListedOffset) {
		if end.Offset > 0 {
			left[Partition{end.Topic, end.Partition}] = end.Offset
		}
	})
	return ReadTo(ctx, reader, left, func(r *kgo.Record) error {
		if r.Attrs.IsControl() {
			return nil
		}
		return see(r)
	})
}

// Partition is one of a topic.
type Partition struct {
	Topic  string
	Number int32
}

// ReadTo has a reader read until it has passed the ends that are left, which it takes away as they are reached, and calls see for
// each record before them. The reader must keep markers (kgo.KeepControlRecords): one may be the last thing before an end. What
// brokers refuse meanwhile is asked again. The error says what was not read when ctx ended, or is see's first.
func ReadTo(ctx context.Context, reader *kgo.Client, left map[Partition]int64, see func(*kgo.Record) error) error {
	var refused error
	for len(left) > 0 {
		fetches := reader.PollFetches(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("reading: %w; not read to their ends are %v", errors.Join(context.Cause(ctx), refused), left)
		}
		refused = fetches.Err()
		for iterator := fetches.RecordIter(); !iterator.Done(); {
			r := iterator.Next()
			at := Partition{r.Topic, r.Partition}
			end, wanted := left[at]
			if !wanted || r.Offset >= end {
				continue
			}
			if r.Offset == end-1 {
				delete(left, at)
			}
			if err := see(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// Stable returns the last stable offsets of topics, once all that was written to them before the call is decided. A group tells
// of the positions that a transaction has committed before the last of the partitions that it wrote to has got its marker (the
// markers of a commit are written partition by partition): who goes by a group must wait for this, or misses records at the end.
func Stable(ctx context.Context, admin *kadm.Client, names ...string) (kadm.ListedOffsets, error) {
	written, err := listedAll(ctx, "the ends", admin.ListEndOffsets, names)
	if err != nil {
		return nil, err
	}
	var stable kadm.ListedOffsets
	err = proctest.Await(ctx, func(ctx context.Context) error {
		if stable, err = listedAll(ctx, "the last stable offsets", admin.ListCommittedOffsets, names); err != nil {
			return err
		}
		return undecided(written, stable)
	})
	return stable, err
}

// undecided names a partition whose last stable offset lies before what was written; nil: there is none.
func undecided(written, stable kadm.ListedOffsets) (found error) {
	written.Each(func(end kadm.ListedOffset) {
		if at, is := stable.Lookup(end.Topic, end.Partition); !is || at.Offset < end.Offset {
			found = fmt.Errorf("%s/%d is decided up to %d, not %d", end.Topic, end.Partition, at.Offset, end.Offset)
		}
	})
	return found
}

func listedAll(
	ctx context.Context, what string, list func(context.Context, ...string) (kadm.ListedOffsets, error), names []string,
) (kadm.ListedOffsets, error) {
	found, err := list(ctx, names...)
	if err == nil {
		err = found.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", what, err)
	}
	return found, nil
}
