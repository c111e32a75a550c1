package engine_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// A request to join that a thrown away member has sent may reach the group late. Whom it puts in the process's place is
// nobody: the process joins again, and goes on.
func TestAGhostDoesNotEndAProcess(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	var failed atomic.Bool
	a := b.start("a", alarms(hooks{setting: func(engine.Context, string) {
		if failed.CompareAndSwap(false, true) {
			panic("told to panic")
		}
	}}))
	b.ready(testPartitions, a)
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	b.await("the rows are armed", func() bool { return a.sum().rows == len(keys) })
	for range 2 { // being taken for a ghost's victim does not make the next one a namesake
		member := b.memberOf("a")
		b.ghost("a")
		b.await("the process has joined again", func() bool {
			now := b.memberOf("a")
			return now != "" && now != member && a.restarts("late request") > 0 && a.engine.Ready() == nil
		})
	}
	b.clock.Set(testStart + 10)
	b.settled(want, all(rested(), keys...))
}

// A request of the process that ran before under the name may come late as well, and after this one has joined.
func TestAGhostOfTheProcessBeforeDoesNotEndAProcess(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	a := b.start("a", alarms(hooks{}))
	b.ready(testPartitions, a)
	keys := numbered("key", 40)
	settings, want := alarmsAt(testStart+10, keys...)
	b.set(settings...)
	b.await("the rows are armed", func() bool { return a.sum().rows == len(keys) })
	member := b.memberOf("a")
	b.ghost("a")
	b.await("the process has joined again", func() bool {
		now := b.memberOf("a")
		return now != "" && now != member && a.restarts("late request") > 0 && a.engine.Ready() == nil
	})
	b.clock.Set(testStart + 10)
	b.settled(want, all(rested(), keys...))
}

// Long after a member was thrown away, who takes the name is another process.
func TestAGhostIsNotBelievedInForEver(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	var failed atomic.Bool
	a := b.start("a", alarms(hooks{setting: func(engine.Context, string) {
		if failed.CompareAndSwap(false, true) {
			panic("told to panic")
		}
	}}))
	b.ready(testPartitions, a)
	b.set(alarm("key", testStart+10))
	b.await("the row is armed", func() bool { return a.sum().rows == 1 })
	b.clock.Set(testStart + 2*60_000)
	b.ghost("a")
	if err := b.end(a); !errors.Is(err, engine.ErrFencedInstance) {
		t.Errorf("the process ended with %v", err)
	}
}

// ghost joins under an instance's name, and says nothing more.
func (b *bench) ghost(instance string) {
	b.t.Helper()
	metadata := kmsg.NewConsumerMemberMetadata()
	metadata.Topics = []string{testInput, testLoop}
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.InstanceID, join.ProtocolType = testGroup, kmsg.StringPtr(instance), "consumer"
	join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = int32(time.Minute/time.Millisecond), int32(time.Minute/time.Millisecond)
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name, protocol.Metadata = kgo.RangeBalancer().ProtocolName(), metadata.AppendTo(nil)
	join.Protocols = append(join.Protocols, protocol)
	client := b.connect()
	go func() { _, _ = join.RequestWith(b.ctx, client) }() // answered when the group has settled, or never
}
