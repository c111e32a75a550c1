package engine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/lovoo/goka"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
)

const never = table.Never

// Config says how one process takes part in one group. The zero value of a limit is its default.
type Config struct {
	// Connect holds the options that reach and secure the brokers (seeds, TLS, SASL, client id).
	Connect []kgo.Opt
	// Instance names this process within the group: its static member id and, behind the group's name and a dash, its
	// transactional id. Two processes at one time must not share it: the older one is fenced and ends.
	Instance string
	// Clock is the engine's time.
	Clock Clock
	// DueOf reads a row's due instant; nil: as the table's codec does (DatedCodec), else DuePrefix. It is used only when the
	// graph has an OnTimer edge.
	DueOf table.DueOf
	// CommitInterval is the longest time that a transaction stays open under load, and the shortest between two commits;
	// negative: every batch is committed at once.
	CommitInterval time.Duration
	// SessionTimeout is how long the group waits for a silent member before its partitions move.
	SessionTimeout time.Duration
	// TransactionTimeout is how long the broker lets a silent owner's transaction stay open.
	TransactionTimeout time.Duration
	// TimersMax and RecordsMax bound one transaction: how many timers fire and how many records are read in it.
	TimersMax, RecordsMax int
	// NoStandby lets this process keep the rows of its own partitions only: it needs less memory then, and a claim reads all
	// rows from the table topic.
	NoStandby bool
	// YieldTo is an engine of the same process whose due timers go before this one's records; nil: none. They share the
	// machine, and what is decided late cannot be made up for.
	YieldTo *Engine
	// Rights asks the brokers whether this process may do all that its group needs; a topics.ErrRights says what it may not.
	// It is called when a session has ended since something was not allowed. Nil: nobody is asked.
	Rights func(ctx context.Context) error
	// Log gets what an operator should know; normal operation logs nothing.
	Log zerolog.Logger
	// Reached is told of each step, so that a test can let a process die there; nil outside tests.
	Reached func(Step)
	// Observe is told what happened, for metrics; nil functions are skipped. They must not block.
	Observe Observer
}

// Defaults of Config.
const (
	DefaultCommitInterval     = 20 * time.Millisecond
	DefaultSessionTimeout     = 6 * time.Second
	DefaultTransactionTimeout = 10 * time.Second
	DefaultTimersMax          = 20_000
	DefaultRecordsMax         = 20_000
)

// ErrFencedInstance ends Run: another process has joined the group under the same instance name.
var ErrFencedInstance = errors.New("another process runs under the same instance id: give each its own --instance-id")

func (c Config) withDefaults() (Config, error) {
	if c.Instance == "" {
		return c, errors.New("configuring the engine: Instance is empty")
	}
	if c.Clock == nil {
		return c, errors.New("configuring the engine: Clock is nil")
	}
	if c.DueOf == nil {
		c.DueOf = DuePrefix
	}
	setDefault(&c.CommitInterval, DefaultCommitInterval)
	setDefault(&c.SessionTimeout, DefaultSessionTimeout)
	setDefault(&c.TransactionTimeout, DefaultTransactionTimeout)
	setDefault(&c.TimersMax, DefaultTimersMax)
	setDefault(&c.RecordsMax, DefaultRecordsMax)
	return c, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Engine runs one group graph. It is used once.
type Engine struct {
	config Config
	graph  *goka.GroupGraph
	shape  shape
	// partitions holds every partition that this process has owned, with its rows; see partition.
	partitions partitions
	status     status
	burst      burst
	watch      watch
	standby    standby
	// progress is that of the present assignment, and sight that of the clock, for who looks on; never nil, and nil mostly.
	progress atomic.Pointer[progress]
	sight    atomic.Pointer[sight]
	skew     skew
	// asking is the client behind goka's questions about topics, while Run runs; running ends when Run is to.
	asking  *kgo.Client
	running context.Context
	// partitionCount is that of the group's inputs, known before the first callback.
	partitionCount int32
	// wary says that the last session ended without a commit: its transaction may have been too much.
	wary bool
	// batch is what callbacks are told; it changes only while none runs.
	batch   batch
	tickets tickets
	// emitting is the transaction that takes what callbacks emit, nil while none is open.
	emitting atomic.Pointer[transaction]
}

// New prepares an engine. The graph's topics must exist; see Run.
func New(config Config, graph *goka.GroupGraph) (*Engine, error) {
	review := rowReview(config, graph)
	config.DueOf = rowDue(config, graph)
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := graph.Validate(); err != nil {
		return nil, fmt.Errorf("checking the graph of group %s: %w", graph.Group(), err)
	}
	shape := shapeOf(graph)
	if shape.timers && shape.table == "" {
		return nil, fmt.Errorf("checking the graph of group %s: %w", graph.Group(), errTimersNeedTable)
	}
	if !shape.timers {
		config.DueOf, review = nil, nil
	}
	e := &Engine{
		config: config, graph: graph, shape: shape, tickets: newTickets(),
		partitions: newPartitions(config.DueOf, awaitOf(graph), review),
	}
	e.progress.Store(newProgress(nil, nil))
	e.watch = watch{clock: config.Clock, driven: isDriven(config.Clock), tell: e.tellOfClock}
	e.standby.engine = e
	return e, nil
}

// Run takes part in the group until ctx ends, then commits what is in hand, leaves the group and returns nil. It comes
// back by itself from everything that a broker, a network or another member can do; it returns an error when it cannot
// go on: ErrFencedInstance, missing topics, unequal partition counts.
func (e *Engine) Run(ctx context.Context) error {
	asking, err := e.side()
	if err != nil {
		return fmt.Errorf("building group %s: %w", e.graph.Group(), err)
	}
	defer asking.Close()
	e.asking, e.running = asking, ctx
	group := newConsumerGroup(e)
	processor, err := e.build(ctx, group)
	if err != nil {
		return fmt.Errorf("building group %s: %w", e.graph.Group(), err)
	}
	if processor == nil { // told to end before the brokers answered
		return nil
	}
	defer e.standBy(ctx)()
	err = processor.Run(ctx)
	if err != nil && ctx.Err() != nil && group.fatal() == nil {
		return nil // told to end while goka started: it calls that an error
	}
	if err != nil {
		return fmt.Errorf("running group %s: %w", e.graph.Group(), errors.Join(group.fatal(), err))
	}
	return nil
}

// Ready returns nil when this process has joined the group and has recovered all partitions that it was given; else
// the error says what it waits for.
func (e *Engine) Ready() error { return e.status.ready() }

// CatchingUp returns how many of the claimed partitions have not been caught up with: their timers do not fire yet.
func (e *Engine) CatchingUp() int { return e.partitions.catchingUp() }

// Next returns the earliest instant at which a row of the owned partitions is due.
func (e *Engine) Next() instant.Instant { return e.partitions.next() }
