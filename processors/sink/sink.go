// Package sink reads topics into a store outside Kafka. The store keeps the positions beside what it is given, in one
// transaction of its own, so that it is right whatever happens to the consumer group: the group only says who reads
// which partition. What was committed to the brokers is for tools that show a group's lag, and is never read.
//
// While the store is at work, the next records are read and prepared for it.
//
// A store that does not answer is tried again, for ever, in growing steps; nothing is skipped. Nothing here holds up anybody
// else: a sink has its own client, and what it does not read stays in the topics.
package sink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Partition is one partition of a topic.
type Partition struct {
	Topic     string
	Partition int32
}

// TopicID is one life of a topic (KIP-516); zero: not known.
type TopicID [16]byte

// Unread is the position of a partition of which nothing was kept yet.
const Unread int64 = -1

// Move is how far a batch moves a partition: From is where its position is, or Unread, Next the offset behind its last record.
type Move struct {
	Partition
	From, Next int64
	TopicID    TopicID
}

// Keeper is the store. Its methods return within a time of their own.
type Keeper interface {
	// Positions returns where each partition of the sink's topics was kept up to; none where nothing was. It is an error when
	// what was kept is of topics with other ids.
	Positions(ctx context.Context, ids map[string]TopicID) (map[Partition]int64, error)
	// Prepare makes ready to put records down; nothing is written before the Put that it returns is called. It is called while
	// an earlier Put is at work, and what it returns may never be called.
	Prepare(records []*kgo.Record) Put
}

// Put puts the records that it was prepared for down and moves the positions, all or nothing. Its error is ErrOvertaken when
// a position is elsewhere than a Move says; after any other it is called again.
type Put func(ctx context.Context, moves []Move) error

// ErrOvertaken says that somebody else has moved a position: another member has the partition, or had it.
var ErrOvertaken = errors.New("another process has written further")

// Config says what is read, and into what.
type Config struct {
	// Connect are the options of reaching the brokers.
	Connect []kgo.Opt
	// Group is the consumer group; Instance is the static member's name in it (KIP-345).
	Group, Instance string
	Topics          []string
	Keeper          Keeper
	// Elapsed tells the time that passes, from some beginning on.
	Elapsed func() time.Duration
	Log     zerolog.Logger
	// Kept is told of each batch that was kept; nil: nobody is.
	Kept func(records int, took time.Duration)
	// Failed is told of each failure of the store; nil: nobody is.
	Failed func()
}

// The bounds of a sink.
const (
	batchMax      = 10_000 // records in one transaction of the store
	fetchMaxBytes = 16 << 20
	// The session is short: a partition of a dead member is read by another one soon. Nobody waits for it but readers.
	sessionTimeout = 10 * time.Second
	pauseMin       = 100 * time.Millisecond
	pauseMax       = 10 * time.Second
	// commitEvery is how often positions are told to the brokers.
	commitEvery = time.Second
)

// Sink is one member of the group.
type Sink struct {
	config Config

	mu      sync.Mutex
	ids     map[string]TopicID
	from    map[Partition]int64 // positions of the partitions that this member has
	ends    map[Partition]int64 // high watermarks
	waiting string
	failing bool
	astray  string // why nothing can be written, "" when it can
	// severed says that the member has lost its partitions: it is to end.
	severed bool
}

// joining is what is waited for until the group has said which partitions this member has, if any.
const joining = "joining its group"

// New prepares a sink; nothing is reached yet.
func New(config Config) *Sink {
	return &Sink{
		config: config, from: make(map[Partition]int64), ends: make(map[Partition]int64), waiting: joining,
	}
}

// Run reads until ctx ends.
func (s *Sink) Run(ctx context.Context) {
	pause := pauseMin
	for ctx.Err() == nil {
		began := s.config.Elapsed()
		err := s.member(ctx)
		s.lose(nil)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrOvertaken):
			s.config.Log.Info().Msg("another process has written further: the positions are read anew")
		default:
			s.config.Log.Warn().Err(err).Msg("reading has ended, and begins anew")
		}
		if s.config.Elapsed()-began > pauseMax {
			pause = pauseMin
		}
		sleep(ctx, pause)
		pause = min(2*pause, pauseMax)
	}
}

// member joins the group and reads until something breaks, or ctx ends.
func (s *Sink) member(ctx context.Context) error {
	if err := s.identify(ctx); err != nil {
		return err
	}
	client, err := kgo.NewClient(append(append([]kgo.Opt{}, s.config.Connect...),
		kgo.ConsumerGroup(s.config.Group), kgo.InstanceID(s.config.Instance), kgo.ConsumeTopics(s.config.Topics...),
		kgo.SessionTimeout(sessionTimeout), kgo.RebalanceTimeout(sessionTimeout), kgo.HeartbeatInterval(sessionTimeout/10),
		kgo.DisableAutoCommit(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxBytes(fetchMaxBytes),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.AdjustFetchOffsetsFn(s.begin),
		kgo.OnPartitionsAssigned(s.assigned), kgo.OnPartitionsRevoked(s.revoked), kgo.OnPartitionsLost(s.lost),
	)...)
	if err != nil {
		return fmt.Errorf("making the client: %w", err)
	}
	defer s.leave(client)
	hauls, stop := s.read(ctx, client)
	defer stop()
	told := s.config.Elapsed()
	for {
		h := <-hauls
		if ctx.Err() != nil {
			s.tell(context.WithoutCancel(ctx), client)
			return nil
		}
		if err := fetchError(h.fetches); err != nil {
			return err
		}
		if err := s.keep(ctx, h); err != nil {
			return err
		}
		if s.config.Elapsed()-told > commitEvery {
			s.tell(ctx, client)
			told = s.config.Elapsed()
		}
	}
}
