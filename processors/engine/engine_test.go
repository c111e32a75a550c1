package engine_test

import "testing"

func TestTimersFireOnceEachAtTheirInstant(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 500)
	early, first := alarmsAt(testStart+100, keys[:250]...)
	later, second := alarmsAt(testStart+101, keys[250:]...)
	b.set(append(early, later...)...)
	p := b.start("a", alarms(hooks{}))
	b.await("all rows are armed", func() bool { return p.engine.Next() == testStart+100 && p.sum().rows == len(keys) })
	b.clock.Set(testStart + 99)
	b.clock.Set(testStart + 100)
	b.same("the first instant", b.rung(250), first)
	b.clock.Set(testStart + 200)
	b.settled(append(first, second...), all(rested(), keys...))
}
