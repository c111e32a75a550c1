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
	var once sync.Once
	return func(row []byte) instant.Instant {
		due, readable := codec.DueOf(row)
		if readable {
			return due
		}
		once.Do(func() { // they may be many: after a rollback, all that the newer version wrote
			config.Log.Error().Str("topic", rows.Topic()).
				Msg("the table holds a row that cannot be read; the timers of such rows do not fire until they are repaired or removed")
		})
		return never
	}
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
