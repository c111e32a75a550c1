package engine_test

import (
	"testing"
)

// What was carried is deleted from the loop once it is committed; what was not read stays.
func TestTheLoopIsTrimmed(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	key := keyIn(0, 2)
	p := b.start("a", alarms(hooks{}))
	b.ready(2, p)
	stray := alarm(key, testStart+10_000_000)
	stray.Partition = 1
	b.place(stray)
	b.await("it was carried and read", func() bool { return p.sum().rows == 1 })
	b.clock.Set(testStart + 60_001)
	b.await("the loop is empty", func() bool {
		b.set(alarm(key, testStart+10_000_000)) // trimming comes with a commit
		starts, err := b.admin.ListStartOffsets(b.ctx, testLoop)
		if err != nil {
			t.Fatal(err)
		}
		start, _ := starts.Lookup(testLoop, 0)
		return start.Offset > 0
	})
	b.drained()
	b.clock.Set(testStart + 10_000_000)
	b.settled([]string{ring(key, testStart+10_000_000)}, all(rested(), key))
}
