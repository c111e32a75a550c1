package engine_test

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A killed owner leaves its transaction open for its time-out, here longer than the test may take. The new owner ends it
// at once, and what it held is in no row and in no output.
func TestADeadOwnersTransactionIsEnded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, id string
		fenced   []string
	}{
		{"another process's", testGroup + "-dead", []string{testGroup + "-dead"}},
		{"that of its own earlier life", testGroup + "-b", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 1)
			settings, want := alarmsAt(testStart+10, "kept")
			b.set(settings...)
			first := b.start("a", alarms(hooks{}))
			b.await("the row is armed", func() bool { return first.sum().rows == 1 })
			b.stop(first)

			dead := b.hang(c.id,
				&kgo.Record{Topic: testTable, Key: []byte("kept"), Value: rested()},
				&kgo.Record{Topic: testTable, Key: []byte("lost"), Value: armed(testStart)},
				&kgo.Record{Topic: testOutput, Key: []byte("kept"), Value: []byte(ring("kept", testStart+10))})
			p := b.start("b", alarms(hooks{}))
			b.ready(1, p)
			if fenced := p.ids(); !slices.Equal(fenced, c.fenced) {
				t.Errorf("the new owner fenced %v, not %v", fenced, c.fenced)
			}
			if err := dead.EndTransaction(b.ctx, kgo.TryCommit); err == nil {
				t.Error("the dead owner can commit")
			}
			b.clock.Set(testStart + 10)
			b.settled(want, all(rested(), "kept"))
		})
	}
}

// Other programs may use transactional ids that look alike. What does not write the group's topics alone is not the
// group's.
func TestAForeignTransactionIsNotFenced(t *testing.T) {
	t.Parallel()
	const foreignTopic = "foreign"
	b := newBench(t, 1, kfake.SeedTopics(1, foreignTopic))
	on := func(topic string) *kgo.Record { return &kgo.Record{Topic: topic, Value: []byte("foreign")} }
	foreign := []*kgo.Client{
		b.hang(testGroup+"-other", on(foreignTopic)),
		b.hang(testGroup+"-both", on(foreignTopic), on(testOutput)),
		b.hang("other-"+testGroup+"-a", on(testOutput)),
	}
	p := b.start("a", alarms(hooks{}))
	b.ready(1, p)
	if fenced := p.ids(); len(fenced) > 0 {
		t.Errorf("%v were fenced", fenced)
	}
	for _, client := range foreign {
		b.endHanging(client, kgo.TryCommit)
	}
}

// A live member's transaction is open while another one joins, whose name is the beginning of the first one's name: the
// first must not be fenced. It is blocked, so that its transaction stays open over the whole rebalance.
func TestALiveMemberIsNotFenced(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ first, second string }{{"ab", "a"}, {"a", "ab"}} {
		t.Run(c.first+" then "+c.second, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, testPartitions)
			keys := numbered("key", 20)
			settings, want := alarmsAt(testStart+10, keys...)
			b.set(settings...)
			held := b.holdup()
			first := b.start(c.first, alarms(hooks{rung: held.callback}))
			b.await("the rows are armed", func() bool { return first.sum().rows == len(keys) })
			b.clock.Set(testStart + 10)
			b.signal("the first member fires", held.entered)
			b.await("its transaction has reached the broker", func() bool { return len(b.open()) > 0 })
			second := b.start(c.second, alarms(hooks{}))
			b.await("the second member has its partitions", func() bool { return second.assignments() > 0 })
			held.free()
			b.ready(testPartitions, first, second)
			b.settled(want, all(rested(), keys...))
			if fenced := append(first.ids(), second.ids()...); len(fenced) > 0 {
				t.Errorf("%v were fenced", fenced)
			}
		})
	}
}

// When the group cannot be described, nobody is known to be dead.
func TestNobodyIsFencedWithoutKnowingTheMembers(t *testing.T) {
	t.Parallel()
	for _, err := range []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.GroupAuthorizationFailed, kerr.UnknownServerError} {
		t.Run(err.Message, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, testPartitions)
			keys := numbered("key", 20)
			settings, want := alarmsAt(testStart+10, keys...)
			b.set(settings...)
			held := b.holdup()
			first := b.start("a", alarms(hooks{rung: held.callback}))
			b.await("the rows are armed", func() bool { return first.sum().rows == len(keys) })
			b.clock.Set(testStart + 10)
			b.signal("the first member fires", held.entered)
			b.await("its transaction has reached the broker", func() bool { return len(b.open()) > 0 })
			fault := b.cluster.Fault(kfake.Fault{
				Keys: []kmsg.Key{kmsg.DescribeGroups}, Group: testGroup, Err: err, Count: 2,
			})
			second := b.start("b", alarms(hooks{}))
			if err := fault.Wait(b.ctx, 2); err != nil {
				t.Fatal(err)
			}
			b.await("the second member has its partitions", func() bool { return second.assignments() > 0 })
			held.free()
			b.ready(testPartitions, first, second)
			b.settled(want, all(rested(), keys...))
			if fenced := append(first.ids(), second.ids()...); len(fenced) > 0 {
				t.Errorf("%v were fenced", fenced)
			}
		})
	}
}
