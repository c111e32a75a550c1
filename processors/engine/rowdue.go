package engine

import (
	"sync"

	"github.com/lovoo/goka"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
)

// DatedCodec is the codec of a table that knows when its rows are due: a graph whose table has one needs no Config.DueOf.
type DatedCodec interface {
	goka.Codec
	// DueOf returns when a row is due next, or never. readable is false when the bytes are no row: they are never due, since
	// an instant that is read out of them would fire for nothing, again and again.
	DueOf(row []byte) (due instant.Instant, readable bool)
}

// ReviewedCodec is the codec of a table of which rows may have to be looked at anew, since what stands in them was reckoned by
// rules that have changed. The timers' callback gets them when nothing is due, or when they are; it must leave none as it is.
type ReviewedCodec interface {
	DatedCodec
	// ReviewOf is DueOf, and says whether the row is to be looked at anew. One that is due earlier by the new rules is due then.
	ReviewOf(row []byte) (due instant.Instant, review, readable bool)
}

// rowDue returns how the rows of a graph are dated, nil where neither the configuration nor the table's codec says it.
func rowDue(config Config, graph *goka.GroupGraph) table.DueOf {
	rows := graph.GroupTable()
	if config.DueOf != nil || rows == nil {
		return config.DueOf
	}
	codec, is := rows.Codec().(DatedCodec)
	if !is {
		return nil
	}
	tell := tellUnreadable(config, rows.Topic())
	return func(row []byte) instant.Instant {
		due, readable := codec.DueOf(row)
		if readable {
			return due
		}
		tell()
		return never
	}
}

// rowReview returns how the rows of a graph are looked at anew, nil where its codec does not say it, or is not asked.
func rowReview(config Config, graph *goka.GroupGraph) table.ReviewOf {
	rows := graph.GroupTable()
	if config.DueOf != nil || rows == nil {
		return nil
	}
	codec, is := rows.Codec().(ReviewedCodec)
	if !is {
		return nil
	}
	tell := tellUnreadable(config, rows.Topic())
	return func(row []byte) (instant.Instant, bool) {
		due, review, readable := codec.ReviewOf(row)
		if readable {
			return due, review
		}
		tell()
		return never, false
	}
}

// tellUnreadable logs, once, that there are rows that cannot be read: they may be many, after a rollback all that the newer
// version wrote.
func tellUnreadable(config Config, topic string) func() {
	return sync.OnceFunc(func() {
		config.Log.Error().Str("topic", topic).
			Msg("the table holds a row that cannot be read; the timers of such rows do not fire until they are repaired or removed")
	})
}

// AwaitingCodec is the codec of a table whose rows may wait for tickets, see Context.Ticket.
type AwaitingCodec interface {
	DatedCodec
	// AwaitOf returns the ticket that a row waits for, 0 for none: it is due when it is called, at its due instant at the
	// earliest, and at by at the latest.
	AwaitOf(row []byte) (ticket int64, by instant.Instant)
}

// awaitOf returns how the rows of a graph say what they wait for, nil where they do not.
func awaitOf(graph *goka.GroupGraph) table.AwaitOf {
	if rows := graph.GroupTable(); rows != nil {
		if codec, is := rows.Codec().(AwaitingCodec); is {
			return codec.AwaitOf
		}
	}
	return nil
}

// LogOf returns the log of the engine that runs a callback, one that drops everything where none does.
func LogOf(ctx Context) zerolog.Logger {
	if c, is := ctx.(*callbackContext); is && c.engine != nil {
		return c.engine.config.Log
	}
	return zerolog.Nop()
}
