package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// What was published during an outage is known before an overdue timer is decided, however long reading it takes, and
// wherever a foreign partitioner has put it.
func TestOverdueTimersWaitForTheInputs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		publish func(b *bench, change *kgo.Record)
	}{
		{"a change", func(b *bench, change *kgo.Record) { b.set(change) }},
		{"a change in another's partition", func(b *bench, change *kgo.Record) {
			change.Partition = (topics.PartitionOf(change.Key, testPartitions) + 1) % testPartitions
			b.place(change)
		}},
		{"a change, then an aborted transaction", func(b *bench, change *kgo.Record) {
			b.set(change)
			aborted := alarm(string(change.Key), testStart+1)
			aborted.Partition = topics.PartitionOf(change.Key, testPartitions)
			b.endHanging(b.hang("campaigns", aborted), kgo.TryAbort)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, testPartitions)
			b.set(alarm("moved", testStart+10), alarm("stays", testStart+10))
			p := b.start("a", alarms(hooks{}))
			b.await("the rows are armed", func() bool { return p.sum().rows == 2 })
			b.stop(p)

			c.publish(b, alarm("moved", testStart+500))
			b.clock.Set(testStart + 100)
			reading := b.delay(kmsg.Fetch, b.fetchOf(testInput, func(int64) bool { return true }))
			produced, heartbeats := b.count(kmsg.Produce, producedBy("alarms-a")), b.count(kmsg.Heartbeat, nil)
			p = b.start("a", alarms(hooks{}), func(c *engine.Config) { c.SessionTimeout = 600 * time.Millisecond })
			b.ready(testPartitions, p)
			b.await("time passes", func() bool { return heartbeats() >= 3 })
			if produced() > 0 {
				t.Error("something fired before the inputs were read")
			}
			reading()
			b.same("rings", b.rung(1), []string{ring("stays", testStart+10)})
			b.clock.Set(testStart + 500)
			b.settled([]string{ring("stays", testStart+10), ring("moved", testStart+500)}, all(rested(), "moved", "stays"))
		})
	}
}

// What this member has just carried by the loop is known too, also while the transaction's marker is still on its way to
// the loop: the broker answers a commit before it has written its markers (KIP-98), and until then the loop's last stable
// offset lies before the change.
func TestOverdueTimersWaitForALateMarkerInTheLoop(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	b.set(alarm("moved", testStart+10), alarm("stays", testStart+10))
	p := b.start("a", alarms(hooks{}))
	b.await("the rows are armed", func() bool { return p.sum().rows == 2 })
	b.stop(p)

	change := alarm("moved", testStart+500)
	change.Partition = (topics.PartitionOf(change.Key, testPartitions) + 1) % testPartitions
	b.place(change)
	b.clock.Set(testStart + 100)
	b.cluster.ControlKey(int16(kmsg.ListOffsets), func(request kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		response, fits := withoutMarkers(request.(*kmsg.ListOffsetsRequest))
		return response, nil, fits
	})
	p = b.start("a", alarms(hooks{}))
	b.ready(testPartitions, p)
	b.same("rings", b.rung(1), []string{ring("stays", testStart+10)})
	b.clock.Set(testStart + 500)
	b.settled([]string{ring("stays", testStart+10), ring("moved", testStart+500)}, all(rested(), "moved", "stays"))
}

// withoutMarkers answers a question for the loop's last stable offsets as a broker does before any marker is written.
func withoutMarkers(request *kmsg.ListOffsetsRequest) (response kmsg.Response, fits bool) {
	const readCommitted = 1
	if len(request.Topics) != 1 || request.Topics[0].Topic != testLoop || request.IsolationLevel != readCommitted {
		return nil, false
	}
	list := request.ResponseKind().(*kmsg.ListOffsetsResponse)
	topic := kmsg.NewListOffsetsResponseTopic()
	topic.Topic = testLoop
	for _, asked := range request.Topics[0].Partitions {
		partition := kmsg.NewListOffsetsResponseTopicPartition()
		partition.Partition, partition.Offset = asked.Partition, 0
		topic.Partitions = append(topic.Partitions, partition)
	}
	list.Topics = append(list.Topics, topic)
	return list, true
}

// Callbacks are told while the inputs are being caught up with, and no longer.
func TestCallbacksKnowThatTheyCatchUp(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	keys := numbered("key", 40)
	said := make(chan string, 100)
	graph := func() *hooks {
		return &hooks{setting: func(ctx engine.Context, _ string) { said <- fmt.Sprintf("%s %t", ctx.Key(), ctx.CatchingUp()) }}
	}
	heard := func(count int) (all []string) {
		for range count {
			select {
			case line := <-said:
				all = append(all, line)
			case <-b.ctx.Done():
				t.Fatalf("only %v", all)
			}
		}
		return all
	}
	expect := func(keys []string, catchingUp bool) (all []string) {
		for _, key := range keys {
			all = append(all, fmt.Sprintf("%s %t", key, catchingUp))
		}
		return all
	}
	settings, _ := alarmsAt(testStart+1000, keys...)
	b.set(settings...)
	p := b.start("a", alarms(*graph()), func(c *engine.Config) { c.RecordsMax = 7 })
	b.same("the backlog", heard(40), expect(keys, true))
	b.await("it is committed", func() bool { return p.sum().records == 40 })
	var due []*kgo.Record
	for partition := range int32(testPartitions) {
		due = append(due, alarm(keyIn(partition, testPartitions), testStart))
	}
	b.set(due...)
	heard(testPartitions)
	b.await("timers fire in all partitions", func() bool { return p.sum().timers == testPartitions })
	b.set(settings...)
	b.same("what comes later", heard(40), expect(keys, false))
}

// place publishes records where they say.
func (b *bench) place(records ...*kgo.Record) {
	b.t.Helper()
	foreign := b.connect(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := foreign.ProduceSync(b.ctx, records...).FirstErr(); err != nil {
		b.t.Fatal(err)
	}
}

// delay holds the cluster's answers to what fits, until it is told to go on.
func (b *bench) delay(key kmsg.Key, fits func(kmsg.Request) bool) (goOn func()) {
	until := make(chan struct{})
	b.t.Cleanup(func() {
		select {
		case <-until:
		default:
			close(until)
		}
	})
	b.cluster.ControlKey(int16(key), func(request kmsg.Request) (kmsg.Response, error, bool) {
		if fits(request) {
			b.cluster.SleepControl(func() { <-until })
		}
		return nil, nil, false
	})
	return func() { close(until) }
}
