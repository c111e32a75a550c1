package engine_test

import (
	"errors"
	"math"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// longSession lets the group wait for a silent member longer than a test may take.
func longSession(c *engine.Config) { c.SessionTimeout = 5 * deadline }

// A process that is told to end hands its partitions over at once: a static member that merely goes away would keep them
// for the session time-out.
func TestAnEndedProcessHandsOver(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	a := b.start("a", alarms(hooks{}), longSession)
	b.await("the rows are armed", func() bool { return a.sum().rows == len(keys) })
	b.stop(a)
	second := b.start("b", alarms(hooks{}), longSession)
	b.ready(testPartitions, second)
	b.clock.Set(testStart + 10)
	b.settled(want, all(rested(), keys...))
}

// The partitions are handed over also when the process was failing when it was told to end.
func TestAFailingProcessHandsOver(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	b.set(alarm("key", testStart+10))
	a := b.start("a", alarms(hooks{setting: func(engine.Context, string) { panic("told to panic") }}), longSession)
	b.await("the process fails", func() bool { return a.restarts("told to panic") >= 2 })
	b.stop(a)
	second := b.start("b", alarms(hooks{}), longSession)
	b.ready(testPartitions, second)
	b.clock.Set(testStart + 10)
	b.settled([]string{ring("key", testStart+10)}, all(rested(), "key"))
}

// Who leaves is this member, named by its member id beside the instance: a successor that has joined under the same
// instance name meanwhile is another member, and stays (the broker answers FENCED_INSTANCE_ID to the leaver).
func TestALeaverNamesItself(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	a := b.start("a", alarms(hooks{}), longSession)
	b.ready(testPartitions, a)
	member := b.memberOf("a")
	left := make(chan kmsg.LeaveGroupRequestMember, 1)
	b.cluster.ControlKey(int16(kmsg.LeaveGroup), func(request kmsg.Request) (kmsg.Response, error, bool) {
		left <- request.(*kmsg.LeaveGroupRequest).Members[0]
		return nil, nil, false
	})
	b.stop(a)
	select {
	case leaver := <-left:
		if leaver.MemberID != member || leaver.InstanceID == nil || *leaver.InstanceID != "a" {
			t.Errorf("%+v left, not member %s of instance a", leaver, member)
		}
	default:
		t.Fatal("nobody left the group")
	}
	if b.memberOf("a") != "" {
		t.Error("it is still a member")
	}
}

// Two processes must not share an instance name: the older one ends and says why; the newer one goes on.
func TestTheOlderOfTwoNamesakesEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	older := b.start("a", alarms(hooks{}))
	b.await("the rows are armed", func() bool { return older.sum().rows == len(keys) })
	newer := b.start("a", alarms(hooks{}))
	if err := b.end(older); !errors.Is(err, engine.ErrFencedInstance) {
		t.Fatalf("the older process ended with %v", err)
	}
	b.ready(testPartitions, newer)
	b.clock.Set(testStart + 10)
	b.settled(want, all(rested(), keys...))
}

// The same while the older one is in the middle of a transaction: it finds out by its commit, and must not take the name
// back.
func TestTheOlderOfTwoNamesakesEndsAlsoWhenBusy(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	held := b.holdup()
	older := b.start("a", alarms(hooks{rung: held.callback}))
	b.await("the rows are armed", func() bool { return older.sum().rows == len(keys) })
	b.deceive("a", b.memberOf("a"))
	b.clock.Set(testStart + 10)
	b.signal("the older process fires", held.entered)
	newer := b.start("a", alarms(hooks{}))
	b.same("the newer one's output", b.rung(len(want)), want)
	held.free()
	if err := b.end(older); !errors.Is(err, engine.ErrFencedInstance) {
		t.Fatalf("the older process ended with %v", err)
	}
	b.ready(testPartitions, newer)
	// The newer one works on. (What the older one was refused has opened a transaction in kfake, though not in Kafka: the
	// newer one's next ones, in all partitions, end it.)
	more, rings := alarmsAt(testStart+20, numbered("more", 40)...)
	b.set(more...)
	b.clock.Set(testStart + 20)
	b.settled(append(want, rings...), all(rested(), append(keys, numbered("more", 40)...)...))
}

// What cannot be mended by waiting ends Run at once, and says what to do.
func TestRunEndsWithoutItsTopics(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, missing string }{{"the input", testInput}, {"the table", testTable}, {"the output", testOutput}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 2)
			if _, err := b.admin.DeleteTopic(b.ctx, c.missing); err != nil {
				t.Fatal(err)
			}
			p := b.start("a", alarms(hooks{}))
			if err := b.end(p); err == nil {
				t.Errorf("Run goes on without %s", c.name)
			}
		})
	}
	for _, unequal := range []string{testTable, testLoop} {
		t.Run("other partitions of "+unequal, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 2)
			if _, err := b.admin.CreatePartitions(b.ctx, 1, unequal); err != nil {
				t.Fatal(err)
			}
			p := b.start("a", alarms(hooks{}))
			if err := b.end(p); err == nil {
				t.Errorf("Run goes on with 3 partitions of %s and 2 of the input", unequal)
			}
		})
	}
}

// A broker that has just started may not know a topic yet: that it is missing is not believed at once.
func TestALaggingBrokerIsAskedAgain(t *testing.T) {
	t.Parallel()
	for _, lagging := range []string{testInput, testOutput, testTable, testLoop} {
		t.Run(lagging, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 2)
			fault := b.cluster.Fault(kfake.Fault{
				Keys: keys(kmsg.Metadata), Topic: lagging, Err: kerr.UnknownTopicOrPartition, Count: buildFaults,
			})
			p := b.start("a", alarms(hooks{}))
			b.ready(2, p)
			if fault.Hits() != buildFaults {
				t.Errorf("the broker lagged %d times", fault.Hits())
			}
		})
	}
}

// buildFaults is how often a lagging broker does not know a topic.
const buildFaults = 3

// A process that is told to end after the group has taken it in, and before it has its producer, leaves as well.
func TestAHalfJoinedProcessHandsOver(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	b.cluster.Fault(kfake.Fault{Keys: keys(kmsg.InitProducerID), Err: kerr.ConcurrentTransactions, Count: math.MaxInt32})
	a := b.start("a", alarms(hooks{}), longSession)
	b.await("it is a member", func() bool { return b.memberOf("a") != "" })
	b.stop(a)
	if b.memberOf("a") != "" {
		t.Error("it is still a member")
	}
}

// A process that is told to end while the group waits for a dead member, so that nobody is answered, does not wait too.
func TestAJoiningProcessEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	dead := b.start("dead", alarms(hooks{}), longSession)
	b.ready(testPartitions, dead)
	b.kill(dead)
	joins := b.count(kmsg.JoinGroup, nil)
	p := b.start("a", alarms(hooks{}), longSession)
	b.await("it joins", func() bool { return joins() > 0 })
	b.stop(p)
}

// A revocation is no fault, wherever it strikes: here while a member asks how far the loop reaches. It stays in the group
// and goes on with what it is given next.
func TestARevocationIsNoFault(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	var asking atomic.Bool
	goOn := b.delay(kmsg.ListOffsets, func(request kmsg.Request) bool {
		topics := request.(*kmsg.ListOffsetsRequest).Topics
		return len(topics) == 1 && topics[0].Topic == testLoop && asking.CompareAndSwap(false, true)
	})
	a := b.start("a", alarms(hooks{}), longSession)
	b.await("the loop is asked for", asking.Load)
	second := b.start("b", alarms(hooks{}), longSession)
	b.await("both have their partitions", func() bool { return a.assignments() > 1 && second.assignments() > 0 })
	goOn()
	b.ready(testPartitions, a, second)
	if count := a.restarts(""); count > 0 {
		t.Errorf("the first member joined again %d times", count)
	}
}

// A process that is told to end in the middle of a transaction, and whose brokers are gone, does not wait for them until
// the transaction's time-out. What it leaves open is the next owner's to end.
func TestAProcessEndsWithoutItsBrokers(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 20)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	held := b.holdup()
	p := b.start("a", alarms(hooks{rung: held.callback}), func(c *engine.Config) { c.TransactionTimeout = 3 * deadline })
	b.await("the rows are armed", func() bool { return p.sum().rows == len(keys) })
	b.clock.Set(testStart + 10)
	b.signal("it fires", held.entered)
	b.await("its transaction has reached the broker", func() bool { return len(b.open()) > 0 })
	b.kill(p)
	held.free()
	if err := b.end(p); err != nil {
		t.Errorf("it ended with %v", err)
	}
	b.start("a", alarms(hooks{}))
	b.settled(want, all(rested(), keys...))
}
