package engine_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// What a broker or a network can do to a process that works. Each fault strikes while records and timers flow; afterwards
// everything was done once, the rows are right, nothing is open, and the lag is 0 (I1, I2, I7, I11).
func TestFaultsAreSurvived(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		strike func(b *bench, p *process) (struck func())
	}{
		{"a row refused for a moment", fault(kfake.Fault{Keys: keys(kmsg.Produce), Topic: testTable, Err: kerr.NotEnoughReplicas})},
		{"a row written, not acknowledged", fault(kfake.Fault{Keys: keys(kmsg.Produce), Topic: testTable, Err: kerr.RequestTimedOut})},
		{"an output refused for a moment", fault(kfake.Fault{Keys: keys(kmsg.Produce), Topic: testOutput, Err: kerr.NotLeaderForPartition})},
		{"a row refused for good", fault(kfake.Fault{Keys: keys(kmsg.Produce), Topic: testTable, Err: kerr.MessageTooLarge})},
		{"an output refused for good", fault(kfake.Fault{Keys: keys(kmsg.Produce), Topic: testOutput, Err: kerr.MessageTooLarge})},
		{"an output not authorized", fault(kfake.Fault{Keys: keys(kmsg.Produce), Topic: testOutput, Err: kerr.TopicAuthorizationFailed})},
		{"produced under an old epoch", fault(kfake.Fault{Keys: keys(kmsg.Produce), Topic: testOutput, Err: kerr.InvalidProducerEpoch})},
		{"produced without a transaction", fault(kfake.Fault{Keys: keys(kmsg.Produce), Topic: testTable, Err: kerr.InvalidTxnState})},
		{"the transaction must be aborted", fault(kfake.Fault{Keys: keys(kmsg.Produce), Topic: testTable, Err: kerr.TransactionAbortable})},

		{"positions of an old generation", fault(kfake.Fault{Keys: keys(kmsg.TxnOffsetCommit), Err: kerr.IllegalGeneration})},
		{"positions of an unknown member", fault(kfake.Fault{Keys: keys(kmsg.TxnOffsetCommit), Err: kerr.UnknownMemberID})},
		{"positions in a rebalance", fault(kfake.Fault{Keys: keys(kmsg.TxnOffsetCommit), Err: kerr.RebalanceInProgress})},
		{"positions while another transaction ends", fault(kfake.Fault{Keys: keys(kmsg.TxnOffsetCommit), Err: kerr.ConcurrentTransactions})},
		{"positions, and the coordinator is loading", fault(kfake.Fault{Keys: keys(kmsg.TxnOffsetCommit), Err: kerr.CoordinatorLoadInProgress})},
		{"positions taken, not acknowledged", fault(kfake.Fault{Keys: keys(kmsg.TxnOffsetCommit), Err: kerr.RequestTimedOut})},
		{"positions of a fenced producer", fault(kfake.Fault{Keys: keys(kmsg.TxnOffsetCommit), Err: kerr.ProducerFenced})},

		{"the end refused for a moment", fault(kfake.Fault{Keys: keys(kmsg.EndTxn), Err: kerr.CoordinatorNotAvailable})},
		{"the end while another one is written", fault(kfake.Fault{Keys: keys(kmsg.EndTxn), Err: kerr.ConcurrentTransactions})},
		{"the end of a fenced producer", fault(kfake.Fault{Keys: keys(kmsg.EndTxn), Err: kerr.ProducerFenced})},
		{"the end in a wrong state", fault(kfake.Fault{Keys: keys(kmsg.EndTxn), Err: kerr.InvalidTxnState})},
		{"the end, an error nobody knows", fault(kfake.Fault{Keys: keys(kmsg.EndTxn), Err: kerr.UnknownServerError})},
		{"the connection cut before the end", cut(kmsg.EndTxn, false)},
		{"the connection cut after the end", cut(kmsg.EndTxn, true)},
		{"the connection cut before positions", cut(kmsg.TxnOffsetCommit, false)},
		{"the connection cut after positions", cut(kmsg.TxnOffsetCommit, true)},
		{"the connection cut before records", cut(kmsg.Produce, false)},
		{"the connection cut after records", cut(kmsg.Produce, true)},
		{"the connection cut while fetching", cut(kmsg.Fetch, true)},

		{"a fetch from a broker that leads no more", fault(kfake.Fault{Keys: keys(kmsg.Fetch), Topic: testInput, Err: kerr.NotLeaderForPartition, Count: 3})},
		{"a fetch, an error nobody knows", fault(kfake.Fault{Keys: keys(kmsg.Fetch), Topic: testInput, Err: kerr.UnknownServerError})},
		{"a fetch, the disk has failed", fault(kfake.Fault{Keys: keys(kmsg.Fetch), Topic: testInput, Err: kerr.KafkaStorageError})},
		{"a fetch not authorized", fault(kfake.Fault{Keys: keys(kmsg.Fetch), Topic: testInput, Err: kerr.TopicAuthorizationFailed})},

		{"a heartbeat of an old generation", fault(kfake.Fault{Keys: keys(kmsg.Heartbeat), Err: kerr.IllegalGeneration})},
		{"a heartbeat of an unknown member", fault(kfake.Fault{Keys: keys(kmsg.Heartbeat), Err: kerr.UnknownMemberID})},
		{"the coordinators move", func(b *bench, _ *process) func() {
			b.cluster.RehashCoordinators()
			return func() {}
		}},
		{"the leaders move", func(b *bench, _ *process) func() {
			b.cluster.ShufflePartitionLeaders()
			return func() {}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, testPartitions, kfake.NumBrokers(3))
			p := b.start("a", alarms(hooks{echo: true}), frequent)
			want, rows := b.work(nil, "before", p)
			struck := c.strike(b, p)
			want, rows = b.work(want, "during", p, rows...)
			struck()
			want, rows = b.work(want, "after", p, rows...)
			b.settled(want, all(rested(), rows...))
		})
	}
}

// What can go wrong while a process starts.
func TestFaultsAtTheStartAreSurvived(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault kfake.Fault
	}{
		{"transactions cannot be listed", kfake.Fault{Keys: keys(kmsg.ListTransactions), Err: kerr.CoordinatorLoadInProgress, Count: 2}},
		{"transactions cannot be listed, nobody knows why", kfake.Fault{Keys: keys(kmsg.ListTransactions), Err: kerr.UnknownServerError, Count: 2}},
		{"the group cannot be described", kfake.Fault{Keys: keys(kmsg.DescribeGroups), Group: testGroup, Err: kerr.UnknownServerError, Count: 2}},
		{"a transaction cannot be described", kfake.Fault{Keys: keys(kmsg.DescribeTransactions), Err: kerr.CoordinatorLoadInProgress, Count: 2}},
		{"a dead owner cannot be fenced at once", kfake.Fault{Keys: keys(kmsg.InitProducerID), TxnID: testGroup + "-dead", Err: kerr.ConcurrentTransactions, Count: 3}},
		{"no producer id at once", kfake.Fault{Keys: keys(kmsg.InitProducerID), TxnID: testGroup + "-b", Err: kerr.ConcurrentTransactions, Count: 3}},
		{"no producer id", kfake.Fault{Keys: keys(kmsg.InitProducerID), TxnID: testGroup + "-b", Err: kerr.UnknownServerError}},
		{"no coordinator", kfake.Fault{Keys: keys(kmsg.FindCoordinator), Group: testGroup, Err: kerr.CoordinatorNotAvailable, Count: 3}},
		{"joining is refused", kfake.Fault{Keys: keys(kmsg.JoinGroup), Group: testGroup, Err: kerr.RebalanceInProgress, Count: 2}},
		{"syncing is refused", kfake.Fault{Keys: keys(kmsg.SyncGroup), Group: testGroup, Err: kerr.RebalanceInProgress}},
		{"positions are not certain", kfake.Fault{Keys: keys(kmsg.OffsetFetch), Group: testGroup, Err: kerr.UnstableOffsetCommit, Count: 2}},
		{"offsets cannot be listed", kfake.Fault{Keys: keys(kmsg.ListOffsets), Topic: testInput, Err: kerr.NotLeaderForPartition, Count: 2}},
		{"the table's offsets cannot be listed", kfake.Fault{Keys: keys(kmsg.ListOffsets), Topic: testTable, Err: kerr.UnknownServerError}},
		{"the table's leader has moved", kfake.Fault{Keys: keys(kmsg.Fetch), Topic: testTable, Err: kerr.NotLeaderForPartition, Count: 3}},
		{"the table cannot be read", kfake.Fault{Keys: keys(kmsg.Fetch), Topic: testTable, Err: kerr.UnknownServerError, Count: 2}},
		{"the table's end is not there yet", kfake.Fault{Keys: keys(kmsg.Fetch), Topic: testTable, Err: kerr.OffsetNotAvailable, Count: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, testPartitions, kfake.NumBrokers(3))
			p := b.start("a", alarms(hooks{echo: true}), frequent)
			want, rows := b.work(nil, "before", p)
			b.stop(p)
			dead := row("dead", armed(testStart))
			b.hang(testGroup+"-dead", dead)
			handle := b.cluster.Fault(c.fault)
			p = b.start("b", alarms(hooks{echo: true}), frequent)
			if err := handle.Wait(b.ctx, max(1, c.fault.Count)); err != nil {
				t.Fatal(err)
			}
			want, rows = b.work(want, "after", p, rows...)
			b.settled(want, all(rested(), rows...))
		})
	}
}

// frequent lets a member hear of the group, and of the brokers, more often: kfake does not answer a waiting fetch when the
// partition's leader moves.
func frequent(c *engine.Config) {
	c.SessionTimeout = 1500 * time.Millisecond
	c.Connect = append(c.Connect, kgo.FetchMaxWait(100*time.Millisecond))
}

// work publishes settings under new keys, and lets them ring. It returns what is to be read then, and the keys, both
// behind what they were before.
func (b *bench) work(want []string, name string, p *process, before ...string) (output, rows []string) {
	b.t.Helper()
	at := b.clock.Now() + 100
	fresh := numbered(name, 20)
	settings, rings := alarmsAt(at, fresh...)
	for _, key := range fresh {
		rings = append(rings, echo(key, at))
	}
	earlier := p.sum().records
	b.set(settings...)
	b.await("settings are read", func() bool { return p.sum().records >= earlier+len(fresh) })
	b.clock.Set(at)
	want = append(want, rings...)
	b.rung(len(want))
	return want, append(before, fresh...)
}

func keys(all ...kmsg.Key) []kmsg.Key { return all }

// fault lets the cluster answer with an error.
func fault(f kfake.Fault) func(*bench, *process) func() {
	return func(b *bench, _ *process) func() {
		handle := b.cluster.Fault(f)
		return func() {
			if err := handle.Wait(b.ctx, max(1, f.Count)); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// cut breaks the process's connection at its next request of a kind.
func cut(key kmsg.Key, late bool) func(*bench, *process) func() {
	return func(b *bench, p *process) func() {
		p.wire.cutAt(key, late)
		return func() { b.signal("the connection is cut", p.wire.wasCut) }
	}
}
