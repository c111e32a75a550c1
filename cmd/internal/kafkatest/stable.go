package kafkatest

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

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
