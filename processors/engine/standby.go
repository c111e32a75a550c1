package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A standby keeps the rows of the partitions that others own close behind their table topic, so that a claim finds little
// left to read. It stands outside goka, which closes and recovers every table at each rebalance, and beside the group's
// session: it takes no part in transactions, and what it falls behind is read at the claim.
//
// It never touches a claimed partition's rows; see partitions.followed.
type standby struct {
	engine *Engine

	mu   sync.Mutex
	seen Standby
}

const (
	// standbyCalm is how long nothing must have been claimed or given up before other partitions are followed: in a
	// rebalance there is better to do.
	standbyCalm = 500 * time.Millisecond
	// standbyPauseMin is waited after an error, twice as long after each further one, up to standbyPauseMax.
	standbyPauseMin = time.Second
	standbyPauseMax = time.Minute
	// standbyLook is the time between two looks how far the table topic reaches.
	standbyLook = 5 * time.Second
	// Limits of what the brokers send at once.
	standbyMaxBytes          = 8 << 20
	standbyMaxPartitionBytes = 1 << 20
	standbyMaxRecords        = 4096
)

// run follows until ctx ends.
func (s *standby) run(ctx context.Context) {
	pause := standbyPauseMin
	for ctx.Err() == nil {
		claims := s.engine.partitions.unclaimed(s.engine.partitionCount, s.engine.config.Clock.Elapsed())
		if !s.calm(ctx, claims) {
			continue
		}
		err := s.follow(ctx, claims)
		if err == nil {
			pause = standbyPauseMin
			continue
		}
		s.engine.config.Log.Warn().Err(s.engine.explained(ctx, err)).Dur("retry_in", pause).
			Msg("following the rows of others' partitions")
		sleep(ctx, pause)
		pause = min(2*pause, standbyPauseMax)
	}
}

// calm waits until there is something to follow and the claims have not changed for a while; false when they have.
func (s *standby) calm(ctx context.Context, claims unclaimed) bool {
	s.note(len(claims.offsets), 0)
	calm := time.NewTimer(standbyCalm)
	defer calm.Stop()
	enough := calm.C
	if len(claims.offsets) == 0 {
		enough = nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-claims.changed:
		return false
	case <-enough:
		return true
	}
}

// follow reads the partitions on from their offsets until the claims change or ctx ends.
func (s *standby) follow(ctx context.Context, claims unclaimed) error {
	ctx, cancel := context.WithCancel(ctx)
	var looking sync.WaitGroup
	defer looking.Wait()
	defer cancel()
	looking.Go(func() {
		select {
		case <-ctx.Done():
		case <-claims.changed:
			cancel()
		}
	})
	side, err := s.engine.side()
	if err != nil {
		return err
	}
	defer side.Close()
	looking.Go(func() {
		s.look(ctx, side, claims)
		cancel()
	})
	client, err := s.client(claims)
	if err != nil {
		return err
	}
	defer client.Close()
	return s.take(ctx, client, claims)
}

func (s *standby) client(claims unclaimed) (*kgo.Client, error) {
	at := make(map[int32]kgo.Offset)
	for partition, offset := range claims.offsets {
		at[partition] = kgo.NewOffset().At(offset)
		if offset == 0 {
			at[partition] = kgo.NewOffset().AtStart()
		}
	}
	return kgo.NewClient(append(s.engine.reach(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{s.engine.shape.table: at}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // what is missing must be known: see take
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // markers move the offset
		kgo.FetchMaxWait(fetchMaxWait),
		kgo.FetchMaxBytes(standbyMaxBytes),
		kgo.FetchMaxPartitionBytes(standbyMaxPartitionBytes),
	)...)
}

// take puts what comes into the rows, until the claims change.
func (s *standby) take(ctx context.Context, client *kgo.Client, claims unclaimed) error {
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, standbyMaxRecords)
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			s.engine.partitions.followed(claims.epoch, p.Partition, p.Records)
		})
		var failed error
		fetches.EachError(func(_ string, partition int32, err error) {
			if errors.Is(err, context.Canceled) {
				return
			}
			failed = errors.Join(failed, err)
			var lost *kgo.ErrDataLoss
			if errors.Is(err, kerr.OffsetOutOfRange) || errors.Is(err, kerr.UnknownTopicID) || errors.As(err, &lost) {
				// Removals may be among what is gone, or the topic was made anew: these rows are read anew.
				s.engine.partitions.unfollow(claims.epoch, partition)
			}
		})
		if failed != nil && ctx.Err() == nil {
			return failed
		}
	}
	return nil
}

// look finds out, every now and then, how far the rows are behind. It ends when there are rows to be read anew.
func (s *standby) look(ctx context.Context, side *kgo.Client, claims unclaimed) {
	admin := kadm.NewClient(side)
	before := make(map[int32]seenEnd) // at the last look
	for ; ctx.Err() == nil; sleep(ctx, standbyLook) {
		now := s.engine.config.Clock.Elapsed()
		asking, cancel := context.WithTimeout(ctx, sideTimeout)
		ends, err := listed(admin.ListCommittedOffsets(asking, s.engine.shape.table))
		cancel()
		if err != nil {
			continue
		}
		behind := int64(0)
		for partition := range claims.offsets {
			end, ok := ends.Lookup(s.engine.shape.table, partition)
			if !ok || end.Err != nil {
				continue
			}
			at := s.engine.partitions.table(partition).Offset()
			behind += max(0, end.Offset-at)
			if last, seen := before[partition]; seen && at >= last.offset {
				s.engine.partitions.current(claims.epoch, partition, last.at)
			}
			before[partition] = seenEnd{end.Offset, now}
		}
		s.note(len(claims.offsets), behind)
		if s.engine.partitions.old(now) {
			return
		}
	}
}

// seenEnd is where a partition ended, at some time (Clock.Elapsed).
type seenEnd struct {
	offset int64
	at     time.Duration
}

func (s *standby) note(partitions int, behind int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = Standby{Partitions: partitions, Behind: behind}
}

// Standby is what a process keeps of the partitions that others own.
type Standby struct {
	// Partitions is how many are followed.
	Partitions int
	// Behind is how many offsets of the table topic were not taken when that was looked at last, at most standbyLook ago
	// while brokers answer.
	Behind int64
}

// Standby may be called at any time; it asks no broker.
func (e *Engine) Standby() Standby {
	e.standby.mu.Lock()
	defer e.standby.mu.Unlock()
	return e.standby.seen
}
