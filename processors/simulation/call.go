package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
	"github.com/rmn-arms/campaign-engine/topics"
)

// call is the engine's context of one callback. It is used again for the next one.
type call struct {
	runner  *Runner
	group   *group
	record  topics.Record
	headers goka.Headers
}

var _ engine.Context = (*call)(nil)

// failure is what Fail panics with.
type failure struct{ err error }

func (c *call) Fail(err error) { panic(failure{err}) }

func (c *call) Topic() goka.Stream       { return goka.Stream(c.record.Topic) }
func (c *call) Key() string              { return string(c.record.Key) }
func (c *call) Partition() int32         { return c.record.Partition }
func (c *call) Offset() int64            { return c.record.Offset }
func (c *call) Group() goka.Group        { return c.group.id }
func (c *call) Timestamp() time.Time     { return c.record.Timestamp.Time() }
func (c *call) Context() context.Context { return context.Background() }

// Headers of one name are the last of them, as goka has it.
func (c *call) Headers() goka.Headers {
	if c.headers == nil {
		c.headers = make(goka.Headers, len(c.record.Headers))
		for _, header := range c.record.Headers {
			c.headers[header.Key] = header.Value
		}
	}
	return c.headers
}

func (c *call) Now() instant.Instant { return c.runner.now }
func (c *call) CatchingUp() bool     { return c.runner.catchingUp }
func (c *call) Misplaced() bool      { return false }

func (c *call) CaughtUpAt() instant.Instant {
	if c.runner.catchingUp {
		return table.Never
	}
	return 0
}

// Ticket and Called: what is published is read before anything is due.
func (c *call) Ticket(goka.Stream) int64 { return 1 }
func (c *call) Called(int64) bool        { return true }

func (c *call) Count(name string) { c.group.counts[name]++ }

// CountSince tells nothing: a record is there at the very instant at which it is emitted.
func (c *call) CountSince(string, instant.Instant) {}

func (c *call) Value() any {
	data := c.get(c.Key())
	if data == nil {
		return nil
	}
	value, err := c.group.row.Decode(data)
	if err != nil {
		c.Fail(fmt.Errorf("decoding the row: %w", err))
	}
	return value
}

// SetValue ignores options: headers of rows are read by nobody.
func (c *call) SetValue(value any, _ ...goka.ContextOption) {
	if c.group.row == nil || value == nil {
		c.Fail(fmt.Errorf("writing the row: %w", errNoRow))
	}
	data, err := c.group.row.Encode(value)
	if err != nil {
		c.Fail(fmt.Errorf("encoding the row: %w", err))
	}
	c.set(c.Key(), data)
}

func (c *call) Delete(...goka.ContextOption) { c.set(c.Key(), nil) }

func (c *call) Part(part string) []byte { return c.get(engine.PartKey(c.Key(), part)) }

func (c *call) SetPart(part string, value []byte) { c.set(engine.PartKey(c.Key(), part), value) }

var errNoRow = errors.New("the group has no table, or the value is nil")

func (c *call) get(key string) []byte {
	if c.group.rows == nil {
		c.Fail(errNoRow)
	}
	value, err := c.group.rows.Get(key)
	if err != nil {
		c.Fail(fmt.Errorf("reading a row: %w", err))
	}
	return value
}

// set writes a row; nil removes it.
func (c *call) set(key string, value []byte) {
	if c.group.rows == nil {
		c.Fail(errNoRow)
	}
	err := error(nil)
	if value == nil {
		err = c.group.rows.Delete(key)
	} else {
		err = c.group.rows.Set(key, value)
	}
	if err != nil {
		c.Fail(fmt.Errorf("writing a row: %w", err))
	}
}

func (c *call) Emit(topic goka.Stream, key string, value any, options ...goka.ContextOption) {
	codec, is := c.group.outputs[string(topic)]
	if !is {
		c.Fail(fmt.Errorf("emitting to %s: it is no output of the group", topic))
	}
	c.emit(string(topic), key, codec, value, options)
}

func (c *call) Loopback(key string, value any, options ...goka.ContextOption) {
	if c.group.loop == "" {
		c.Fail(errors.New("emitting to the loop: the group has none"))
	}
	c.emit(c.group.loop, key, c.group.looped, value, options)
}

// emit encodes a record and has it read. Its time is that of the decision, and an empty key is none, as the engine has it.
func (c *call) emit(topic, key string, codec goka.Codec, value any, options []goka.ContextOption) {
	var data []byte
	if value != nil {
		var err error
		if data, err = codec.Encode(value); err != nil {
			c.Fail(fmt.Errorf("emitting to %s: %w", topic, err))
		}
	}
	record := topics.Record{Topic: topic, Value: data, Headers: topics.HeadersOfMap(engine.EmitHeaders(options))}
	if key != "" {
		record.Key = []byte(key)
	}
	if err := c.runner.put(record); err != nil {
		c.Fail(err)
	}
}

// Join and Lookup: no group of the engine has such an edge.
func (c *call) Join(topic goka.Table) any { return c.Lookup(topic, "") }

func (c *call) Lookup(topic goka.Table, _ string) any {
	c.Fail(fmt.Errorf("reading %s: it is no table that the group has joined", topic))
	return nil
}

// DeferCommit has an error end the simulation. There is nothing else to wait for.
func (c *call) DeferCommit() func(error) {
	runner, key, of := c.runner, c.Key(), c.group
	return func(err error) {
		if err != nil && runner.broken == nil {
			runner.broken = runner.failed(of, key, err)
		}
	}
}
