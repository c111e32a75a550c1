package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Context is what the engine adds to goka's Context.
type Context interface {
	goka.Context

	// Now is the instant at which the engine read this record, or fired this timer. It is the same for a whole batch and
	// the only time that a callback may decide by.
	Now() instant.Instant

	// CatchingUp says that the partition's inputs have not been read to the end that was seen when it was claimed: a later
	// record may take back what an overdue timer would do now.
	CatchingUp() bool

	// CaughtUpAt returns the instant at which they had been, and since when the partition's timers fire; the end of time while
	// CatchingUp.
	CaughtUpAt() instant.Instant

	// Ticket returns a number, never 0, that stands for all that lies in an input now, in every partition. It is called once
	// that has been read, what was misplaced and carried included. The key's row waits for it when it says so: see
	// AwaitingCodec. A ticket of an earlier claim of the partition counts as called.
	Ticket(input goka.Stream) int64

	// Called says whether a ticket has been called.
	Called(ticket int64) bool

	// Misplaced says that the record lies in another partition than its key's: its producer uses another partitioner.
	// Its row is elsewhere; the callback sends it on by Loopback.
	Misplaced() bool

	// Count adds one to a counter when the transaction commits, so that an aborted batch counts nothing.
	Count(name string)

	// CountSince tells, when the transaction commits, how long after since that was: see Observer.Late.
	CountSince(name string, since instant.Instant)

	// Part returns the sub-row part of the callback's key, nil without one. Sub-rows keep large state in pieces: they
	// lie in the same partition and are written in the same transaction as the key's row.
	Part(part string) []byte

	// SetPart writes a sub-row; nil removes it. Only the last value per transaction goes to the table topic.
	SetPart(part string, value []byte)
}

// partMark separates a key from the name of its part. No key of the contract can hold it.
const partMark = "\x00"

// PartKey is the key in the table, and in its topic, of a part of a row.
func PartKey(key, part string) string { return key + partMark + part }

// isPart says that a row is a part of another one: it waits for nothing, whatever its bytes are.
func isPart(key string) bool { return strings.Contains(key, partMark) }

// From returns the engine's context of a callback. A graph that runs elsewhere (goka's tester) needs WithContext.
func From(ctx goka.Context) Context {
	if c, ok := ctx.(Context); ok {
		return c
	}
	panic(fmt.Sprintf("engine: %T was not made by the engine: run the graph with engine.Run, or with engine.WithContext", ctx))
}

// rows is where a context finds sub-rows.
type rows interface {
	Get(key string) ([]byte, error)
	Set(key string, value []byte) error
	Delete(key string) error
}

// gokaContext is goka.Context under a name that does not hide its method Context.
type gokaContext = goka.Context

// callbackContext implements Context for one call.
type callbackContext struct {
	gokaContext
	now        instant.Instant
	engine     *Engine
	catchingUp bool // where no engine runs
	elsewhere  rows // the sub-rows where no engine runs
}

func (c *callbackContext) rows() rows {
	if c.engine == nil {
		return c.elsewhere
	}
	return c.engine.partitions.table(c.Partition())
}

func (c *callbackContext) Now() instant.Instant { return c.now }

func (c *callbackContext) Ticket(input goka.Stream) int64 {
	if c.engine == nil {
		return 1
	}
	return c.engine.tickets.take(string(input))
}

func (c *callbackContext) Called(ticket int64) bool {
	return c.engine == nil || c.engine.partitions.table(c.Partition()).Called(ticket)
}

func (c *callbackContext) Misplaced() bool {
	return c.engine != nil && topics.PartitionOf([]byte(c.Key()), c.engine.partitionCount) != c.Partition()
}

func (c *callbackContext) Count(name string) {
	if c.engine == nil {
		return
	}
	if t := c.engine.emitting.Load(); t != nil {
		t.counts.add(name)
	}
}

func (c *callbackContext) CountSince(name string, since instant.Instant) {
	if c.engine == nil {
		return
	}
	if t := c.engine.emitting.Load(); t != nil {
		t.counts.addSince(name, since)
	}
}

func (c *callbackContext) CatchingUp() bool {
	if c.engine == nil {
		return c.catchingUp
	}
	return !slices.Contains(c.engine.batch.firing, c.Partition())
}

func (c *callbackContext) CaughtUpAt() instant.Instant {
	switch {
	case c.engine != nil:
		return c.engine.partitions.firesFrom(c.Partition())
	case c.catchingUp:
		return never
	}
	return 0
}

func (c *callbackContext) Part(part string) []byte {
	value, err := c.rows().Get(PartKey(c.Key(), part))
	if err != nil {
		c.Fail(fmt.Errorf("reading part %q: %w", part, err))
	}
	return value
}

func (c *callbackContext) SetPart(part string, value []byte) {
	key := PartKey(c.Key(), part)
	write := func() error { return c.rows().Set(key, value) }
	if value == nil {
		write = func() error { return c.rows().Delete(key) }
	}
	if err := write(); err != nil {
		c.Fail(fmt.Errorf("writing part %q: %w", part, err))
	}
}

// WithContext gives callbacks an engine Context where the engine does not run: in goka's tester. now and catchingUp are
// asked at each call. Sub-rows are kept in memory.
func WithContext(now func() instant.Instant, catchingUp func() bool) goka.ProcessorOption {
	parts := newMemoryRows()
	return goka.WithContextWrapper(func(ctx goka.Context) goka.Context {
		return &callbackContext{gokaContext: ctx, now: now(), catchingUp: catchingUp(), elsewhere: parts}
	})
}
