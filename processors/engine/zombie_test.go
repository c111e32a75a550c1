package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// A zombie is a member that the group has given up and that does not know it. The first test is the trap itself: its
// transaction carries timers only, so that nothing but re-committed positions fences it; it has produced nothing yet, so
// that the new owner has found nothing to fence. It believes until the end that it is a member.
func TestAZombieCommitsNoTimers(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	settings, want := alarmsAt(testStart+10, "early", "late")
	b.set(settings...)

	held := b.holdup()
	a := b.start("a", alarms(hooks{timer: held.callback}))
	b.ready(1, a)
	b.await("the rows are armed", func() bool { return a.sum().rows == 2 })
	began := b.count(kmsg.Produce, producedBy("alarms-a"))
	b.clock.Set(testStart + 10)
	b.signal("the first owner fires", held.entered)

	b.deceive("a", b.memberOf("a"))
	b.expel("a")
	second := b.start("b", alarms(hooks{}))
	b.ready(1, second)
	b.same("the new owner's output", b.rung(2), want)
	if began() > 0 || len(second.ids()) > 0 {
		t.Fatal("the first owner had begun its transaction at the broker: this is not the trap")
	}

	held.free()
	b.await("the zombie's transaction is over", func() bool { return a.restarts("") > 0 || a.sum().timers > 0 })
	if a.sum().timers > 0 {
		t.Fatalf("the zombie committed %d timers: %v", a.sum().timers, values(b.committed(testOutput)))
	}
	b.await("it joins again", func() bool { return a.assignments() > 1 })
	b.ready(1, a, second)
	more, rings := alarmsAt(testStart+20, numbered("more", 8)...)
	b.set(more...)
	b.clock.Set(testStart + 20)
	b.settled(append(want, rings...), all(rested(), append(numbered("more", 8), "early", "late")...))
	b.told(10, a, second)
}

// The same when the zombie's timers, or records, have already reached the broker: the new owner ends that transaction.
func TestAZombieIsFencedInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		hooks func(*holdup) hooks
	}{
		{"of timers", func(held *holdup) hooks { return hooks{rung: held.callback} }},
		{"of records", func(held *holdup) hooks {
			return hooks{echo: true, setting: func(ctx engine.Context, _ string) {
				if ctx.Key() == "key-1" {
					held.hold()
				}
			}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 1)
			held := b.holdup()
			h := c.hooks(held)
			a := b.start("a", alarms(h))
			b.ready(1, a)
			began := b.count(kmsg.Produce, producedBy("alarms-a"))
			settings, want := alarmsAt(testStart+10, "key-0", "key-1")
			b.set(settings...)
			if h.echo {
				want = append(want, echo("key-0", testStart+10), echo("key-1", testStart+10))
			} else {
				b.await("the rows are armed", func() bool { return a.sum().rows == 2 })
				began = b.count(kmsg.Produce, producedBy("alarms-a"))
			}
			b.clock.Set(testStart + 10)
			b.signal("the first owner works", held.entered)
			b.await("its records have reached the broker", func() bool { return began() > 0 && len(b.open()) > 0 })

			b.deceive("a", b.memberOf("a"))
			b.expel("a")
			second := b.start("b", alarms(hooks{echo: h.echo}))
			b.ready(1, second)
			b.same("the new owner's output", b.rung(len(want)), want)
			if fenced := second.ids(); len(fenced) != 1 || fenced[0] != "alarms-a" {
				t.Errorf("the new owner fenced %v", fenced)
			}
			held.free()
			b.await("the zombie is refused, and joins again", func() bool { return a.restarts("") > 0 && a.assignments() > 1 })
			b.ready(1, a, second)
			b.settled(want, all(rested(), "key-0", "key-1"))
		})
	}
}

// A process that is stopped past its session and continued: nothing moves on its wires meanwhile.
func TestAStoppedProcessIsContinued(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	short := func(c *engine.Config) { c.SessionTimeout = 600 * time.Millisecond }
	held := b.holdup()
	a := b.start("a", alarms(hooks{rung: held.callback}), short)
	b.await("the rows are armed", func() bool { return a.sum().rows == len(keys) })
	b.clock.Set(testStart + 10)
	b.signal("the first owner fires", held.entered)
	a.wire.freeze()
	second := b.start("b", alarms(hooks{}), short)
	b.same("the new owner's output", b.rung(len(want)), want)
	a.wire.thaw()
	held.free()
	b.await("both share the partitions", func() bool {
		return a.engine.Ready() == nil && second.engine.Ready() == nil && a.owns() == 2 && second.owns() == 2
	})
	b.settled(want, all(rested(), keys...))
}

func producedBy(id string) func(kmsg.Request) bool {
	return func(request kmsg.Request) bool {
		produce := request.(*kmsg.ProduceRequest)
		return produce.TransactionID != nil && strings.HasPrefix(*produce.TransactionID, id)
	}
}
