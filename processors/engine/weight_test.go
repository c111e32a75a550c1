package engine_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// A transaction carries a bounded number of bytes, whatever the rows and outputs weigh: a broker may need longer for more
// than it lets a transaction stay open.
func TestTransactionsAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	const weight, count, most = 64 << 10, 3000, 72 << 20 // 187 MiB in all
	settings, _ := alarmsAt(testStart+100_000, numbered("key", count)...)
	heavy := make([]byte, weight)
	b.set(settings...)
	p := b.start("a", alarms(hooks{
		setting: func(ctx engine.Context, _ string) { ctx.SetPart("heavy", heavy) },
		timer:   func(ctx engine.Context, _ instant.Instant) { ctx.SetPart("heavy", heavy) },
	}), func(c *engine.Config) { c.CommitInterval = time.Minute }) // nothing but its weight closes a transaction
	check := func(what string) {
		p.note(func() {
			for _, c := range p.commits {
				if bytes := c.rows / 2 * weight; bytes > most {
					t.Errorf("a transaction of %s carries %d MiB", what, bytes>>20)
				}
			}
			p.commits = nil
		})
	}
	b.await("most rows are armed", func() bool { return p.sum().rows > 2*count*3/5 })
	check("records")
	b.clock.Set(testStart + 100_000)
	b.await("most alarms ring", func() bool { return p.sum().timers > count*3/5 })
	check("timers")
}

// The first batch of an assignment is bounded too, whatever its records turn out to weigh: a transaction that is too large
// for a slow broker would come again, as large, for ever.
func TestTheFirstTransactionIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	const weight, count, most = 512 << 10, 400, 72 << 20 // 200 MiB in all
	settings, _ := alarmsAt(testStart+100_000, numbered("key", count)...)
	heavy := make([]byte, weight)
	b.set(settings...)
	p := b.start("a", alarms(hooks{setting: func(ctx engine.Context, _ string) { ctx.SetPart("heavy", heavy) }}),
		func(c *engine.Config) { c.CommitInterval = time.Minute })
	b.await("a transaction", func() bool { return p.sum().rows > 0 })
	p.note(func() {
		if bytes := p.commits[0].rows / 2 * weight; bytes > most {
			t.Errorf("a transaction carries %d MiB", bytes>>20)
		}
	})
}

// What could not be committed is taken one by one, whatever made it too much: the time of its callbacks is not known beforehand.
func TestAfterAFailureOneRecordComesFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	settings, _ := alarmsAt(testStart+100_000, numbered("key", 100)...)
	b.set(settings...)
	var failed atomic.Bool
	p := b.start("a", alarms(hooks{setting: func(engine.Context, string) {
		if failed.CompareAndSwap(false, true) {
			panic("too much")
		}
	}}), func(c *engine.Config) { c.CommitInterval = -1 })
	b.await("all are read", func() bool { return p.sum().records == 100 })
	p.note(func() {
		if first := p.commits[0].records; first != 1 {
			t.Errorf("the first transaction has %d records", first)
		}
		if len(p.commits) > 20 {
			t.Errorf("there are %d transactions", len(p.commits))
		}
	})
}
