package engine_test

import (
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// Records that were deleted before they were read are told of, and the group goes on behind them.
func TestLostRecordsAreToldOf(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	b.set(alarm("read", testStart+10))
	p := b.start("a", alarms(hooks{}))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	b.drained()
	b.stop(p)

	b.set(alarm("lost", testStart+10), alarm("lost", testStart+10), alarm("kept", testStart+10))
	deleted := kadm.Offsets{}
	deleted.AddOffset(testInput, 0, 3, -1)
	if _, err := b.admin.DeleteRecords(b.ctx, deleted); err != nil {
		t.Fatal(err)
	}
	var lost atomic.Int64
	p = b.start("a", alarms(hooks{}), func(c *engine.Config) {
		c.Observe.Lost = func(topic string, offsets int64) {
			if topic == testInput {
				lost.Add(offsets)
			}
		}
	})
	b.settled([]string{ring("read", testStart+10), ring("kept", testStart+10)}, all(rested(), "read", "kept"))
	if lost.Load() != 2 {
		t.Errorf("%d records are said to be lost, not 2", lost.Load())
	}
}

// They are told of once: the position behind them is committed, also when no other record comes.
func TestLostRecordsAreToldOfOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	b.set(alarm("lost", testStart+10), alarm("lost", testStart+10))
	p := b.start("a", alarms(hooks{}))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	b.drained()
	b.stop(p)
	b.set(alarm("lost", testStart+10), alarm("lost", testStart+10))
	deleted := kadm.Offsets{}
	deleted.AddOffset(testInput, 0, 4, -1)
	if _, err := b.admin.DeleteRecords(b.ctx, deleted); err != nil {
		t.Fatal(err)
	}
	var lost atomic.Int64
	for range 3 {
		p = b.start("a", alarms(hooks{}), func(c *engine.Config) {
			c.Observe.Lost = func(_ string, offsets int64) { lost.Add(offsets) }
		})
		b.ready(1, p)
		b.drained()
		b.stop(p)
	}
	if lost.Load() != 2 {
		t.Errorf("%d records are said to be lost, not 2", lost.Load())
	}
}
