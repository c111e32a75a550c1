package engine_test

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// overdue leaves a timer of partition 0 that is overdue when the next process starts, and returns its key and another one
// of partition 1.
func (b *bench) overdue() (key, other string) {
	b.t.Helper()
	key, other = keyIn(0, 2), keyIn(1, 2)
	b.set(alarm(key, testStart+10_000_000))
	p := b.start("a", alarms(hooks{}))
	b.await("the row is armed", func() bool { return p.sum().rows == 1 })
	b.drained()
	b.stop(p)
	b.clock.Set(testStart + 10_000_100)
	return key, other
}

// A change that a foreign partitioner put into a partition of another member, who has not read it yet, is known before an
// overdue timer is decided.
func TestOverdueTimersWaitForAnotherMembersStrays(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	key, _ := b.overdue()

	idle := b.member("b") // will own partition 1, and reads nothing
	b.await("it is a member", func() bool { return b.memberOf("b") != "" })
	change := alarm(key, testStart+20_000_000)
	change.Partition = 1
	b.place(change)
	produced, heartbeats := b.count(kmsg.Produce, producedBy("alarms-a")), b.count(kmsg.Heartbeat, nil)
	p := b.start("a", alarms(hooks{}), frequent)
	b.await("it has its partition", func() bool { return p.engine.Ready() == nil && p.owns() == 1 })
	before := heartbeats()
	b.await("time passes", func() bool { return heartbeats() > before+5 })
	if produced() > 0 {
		t.Error("something fired before the other member had read its partition")
	}
	idle.Close()
	b.expel("b")
	b.ready(2, p)
	b.drained()
	b.clock.Set(testStart + 20_000_000)
	b.settled([]string{ring(key, testStart+20_000_000)}, all(rested(), key))
}

// Who waits for strays goes on when they have been read, without a new assignment.
func TestStraysAreWaitedForNoLonger(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	key, _ := b.overdue()

	change := alarm(key, testStart+20_000_000)
	change.Partition = 1
	b.place(change)
	// Partition 1 is recovered late: its table's end lies in a transaction that is not the group's.
	const foreignTopic = "foreign"
	if _, err := b.admin.CreateTopic(b.ctx, 1, 1, nil, foreignTopic); err != nil {
		t.Fatal(err)
	}
	late := b.hang("earlier", &kgo.Record{Topic: testTable, Partition: 1, Key: []byte(keyIn(1, 2)), Value: rested()},
		&kgo.Record{Topic: foreignTopic})
	positions := b.count(kmsg.OffsetFetch, nil)
	p := b.start("a", alarms(hooks{}))
	b.await("the group's positions are looked at again and again", func() bool { return positions() > 5 })
	if sum := p.sum(); sum.timers > 0 {
		t.Errorf("%d timers fired before the stray was read", sum.timers)
	}
	b.endHanging(late, kgo.TryCommit)
	b.ready(2, p)
	b.drained()
	b.clock.Set(testStart + 20_000_000)
	b.settled([]string{ring(key, testStart+20_000_000)}, all(rested(), key, keyIn(1, 2)))
}

// A stray that lies at the end of a long backlog of this member is waited for, however long the reading takes.
func TestStraysInALongBacklogAreWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	key, other := b.overdue()
	const far = testStart + 90_000_000
	var backlog []*kgo.Record
	for range 10 {
		backlog = append(backlog, alarm(other, far))
	}
	change := alarm(key, far)
	change.Partition = 1
	b.set(backlog...)
	b.place(change)
	looks := b.count(kmsg.OffsetFetch, nil)
	p := b.start("a", alarms(hooks{setting: func(ctx engine.Context, _ string) {
		if ctx.Key() == other { // 40 s each, in which the group's positions are looked at
			b.clock.Set(b.clock.Now() + 40_000)
			seen := looks()
			b.await("the positions are looked at", func() bool { return looks() > seen+2 })
		}
	}}), func(c *engine.Config) { c.RecordsMax = 1 })
	b.await("the backlog is read", func() bool { return p.sum().records >= 11 })
	b.drained()
	b.told(0, p)
	b.clock.Set(far)
	b.settled([]string{ring(key, far), ring(other, far)}, all(rested(), key, other))
}

// A foreign transaction that hangs in one partition stalls no other one, also when what lies before it was aborted, so
// that no reader is given a record there.
func TestAForeignTransactionStallsNoOtherPartition(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	key, other := b.overdue()
	place := func() *kgo.Record {
		r := alarm(other, testStart+1)
		r.Partition = 1
		return r
	}
	aborted := b.hang("campaigns-1", place())
	open := b.hang("campaigns-2", place()) // its first record is where the last stable offset is
	b.endHanging(aborted, kgo.TryAbort)
	p := b.start("a", alarms(hooks{}))
	b.same("rings", b.rung(1), []string{ring(key, testStart+10_000_000)})
	b.endHanging(open, kgo.TryAbort)
	b.ready(2, p)
	b.settled([]string{ring(key, testStart+10_000_000)}, all(rested(), key))
}

// A partition of another member that has no leader is waited for, but not for ever, and costs nobody the session.
func TestALeaderlessPartitionOfAnothersIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	b.overdue()
	idle := b.member("b") // will own partition 1
	b.await("it is a member", func() bool { return b.memberOf("b") != "" })
	asked := make(chan struct{}, 1000)
	b.cluster.ControlKey(int16(kmsg.ListOffsets), func(request kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		response, fits := withoutLeader(testInput, request.(*kmsg.ListOffsetsRequest))
		if fits {
			select {
			case asked <- struct{}{}:
			default:
			}
		}
		return response, nil, fits
	})
	p := b.start("a", alarms(hooks{}))
	for range 3 {
		b.signal("the ends are asked for", asked)
	}
	b.told(0, p)
	b.await("it is waited for no longer", func() bool {
		b.clock.Set(b.clock.Now() + 1000)
		return p.sum().timers == 1
	})
	if count := p.restarts(""); count > 0 {
		t.Errorf("the process has joined again %d times", count)
	}
	idle.Close()
}

// withoutLeader answers a question for the ends of a topic as brokers do of which one is away: its partition 1 has no
// leader. Its other partition holds one record.
func withoutLeader(topic string, request *kmsg.ListOffsetsRequest) (response kmsg.Response, fits bool) {
	if !slices.ContainsFunc(request.Topics, func(asked kmsg.ListOffsetsRequestTopic) bool { return asked.Topic == topic }) {
		return nil, false
	}
	answer := request.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, asked := range request.Topics {
		at := kmsg.NewListOffsetsResponseTopic()
		at.Topic = asked.Topic
		for _, partition := range asked.Partitions {
			if partition.Timestamp != latestOffset {
				return nil, false
			}
			one := kmsg.NewListOffsetsResponseTopicPartition()
			one.Partition = partition.Partition
			switch {
			case asked.Topic == topic && partition.Partition == 1:
				one.ErrorCode, one.Offset = kerr.LeaderNotAvailable.Code, -1
			case asked.Topic == topic:
				one.Offset = 1
			}
			at.Partitions = append(at.Partitions, one)
		}
		answer.Topics = append(answer.Topics, at)
	}
	return answer, true
}

// latestOffset is how ListOffsets is asked for an end (KIP-79).
const latestOffset = -1

// A partition whose table has no leader for a while is recovered later, and stalls no other.
func TestALeaderlessTableStallsNoOther(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	b.overdue()
	var back atomic.Bool
	b.cluster.ControlKey(int16(kmsg.ListOffsets), func(request kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		list := request.(*kmsg.ListOffsetsRequest)
		if back.Load() || len(list.Topics) != 1 || list.Topics[0].Topic != testTable {
			return nil, nil, false
		}
		response, fits := withoutLeader(testTable, list)
		return response, nil, fits
	})
	p := b.start("a", alarms(hooks{}))
	b.await("the timer of the other partition fires", func() bool { return p.sum().timers == 1 })
	if p.engine.Ready() == nil {
		t.Error("the process is ready without one partition's rows")
	}
	back.Store(true)
	b.ready(2, p)
	if count := p.restarts(""); count > 0 {
		t.Errorf("the process has joined again %d times", count)
	}
}

// A partition that is lost while its rows are being recovered, and that comes back, is recovered and read.
func TestAPartitionIsLostWhileItIsRecovered(t *testing.T) {
	t.Parallel()
	const foreignTopic = "foreign" // makes the transaction one that is not the group's to fence
	b := newBench(t, 2, kfake.SeedTopics(1, foreignTopic))
	quick, slow := keyIn(0, 2), keyIn(1, 2)
	late := b.hang("earlier", &kgo.Record{Topic: testTable, Partition: 1, Key: []byte(slow), Value: rested()},
		&kgo.Record{Topic: foreignTopic})
	p := b.start("a", alarms(hooks{}), frequent)
	b.set(alarm(quick, testStart+5_000_000), alarm(slow, testStart+5_000_000))
	b.await("the record is read", func() bool { return p.sum().rows == 1 })
	for range 3 {
		other := b.member("b")
		b.await("it lost one", func() bool { return p.owns() == 1 })
		other.Close()
		b.expel("b")
		b.await("it has both", func() bool { return p.owns() == 2 })
	}
	b.endHanging(late, kgo.TryCommit)
	b.ready(2, p)
	b.await("both are read", func() bool { return p.sum().rows == 2 })
	b.clock.Set(testStart + 5_000_000)
	b.settled([]string{ring(quick, testStart+5_000_000), ring(slow, testStart+5_000_000)}, all(rested(), quick, slow))
}
