package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// For as long as brokers refuse what is written, a process tries again at longer and longer intervals, with transactions that
// are no larger than ever; inputs go on coming meanwhile. When the brokers take it, everything that became due is told once,
// and in the order in which it became due.
func TestBrokersThatRefuseWritesAreWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	const before, during, failures = 400, 400, 3
	logged := &lines{}
	p := b.start("a", alarms(hooks{}), frequent, func(c *engine.Config) {
		c.TransactionTimeout, c.Log = time.Second, logged.logger()
	})
	early, want := alarmsInTurn("early", before)
	b.set(early...)
	b.await("the rows are armed", func() bool { return p.sum().rows == before })

	produced := b.count(kmsg.Produce, func(request kmsg.Request) bool {
		id := request.(*kmsg.ProduceRequest).TransactionID
		return id != nil && *id == testGroup+"-a"
	})
	refusing := b.cluster.Fault(
		kfake.Fault{Keys: keys(kmsg.Produce), Topic: testTable, Err: kerr.NotEnoughReplicas, Count: -1},
		kfake.Fault{Keys: keys(kmsg.Produce), Topic: testOutput, Err: kerr.NotEnoughReplicas, Count: -1},
	)
	late, rings := alarmsInTurn("late", during)
	b.set(late...)
	b.clock.Set(testStart.Add(before * second))
	b.await("it tries again and again", func() bool { return logged.with(`"retry_in"`) >= failures })
	if requests := produced(); requests > failures*30 { // one each 50 ms, for as long as a transaction lasts
		t.Errorf("%d requests in %d transactions", requests, failures)
	}
	for _, pause := range []string{`"retry_in":50`, `"retry_in":100`, `"retry_in":200`} {
		said := logged.with("have not taken all records of a transaction within 1s") + logged.with("records have timed out")
		if logged.with(pause) != 1 || said < failures {
			t.Errorf("it does not say %s, and why:\n%s", pause, logged)
		}
	}
	refusing.Remove()
	b.settled(append(want, rings...), all(rested(), append(keysOf(early), keysOf(late)...)...))
	b.inOrder()
}

// alarmsInTurn are settings of alarms a second after each other, and what is to be read when they have rung.
func alarmsInTurn(prefix string, count int) (settings []*kgo.Record, rings []string) {
	for i, key := range numbered(prefix, count) {
		at := testStart.Add(instant.Millis(i+1) * second)
		settings, rings = append(settings, alarm(key, at)), append(rings, ring(key, at))
	}
	return settings, rings
}

func keysOf(records []*kgo.Record) (keys []string) {
	for _, record := range records {
		keys = append(keys, string(record.Key))
	}
	return keys
}

// inOrder fails unless alarms have rung in the order of their instants, within each partition.
func (b *bench) inOrder() {
	b.t.Helper()
	last := map[int32]string{}
	for _, record := range b.committed(testOutput) {
		_, due, _ := strings.Cut(string(record.Value), "@")
		if len(due) < len(last[record.Partition]) || len(due) == len(last[record.Partition]) && due < last[record.Partition] {
			b.t.Errorf("%s rings in partition %d after what was due at %s", record.Value, record.Partition, last[record.Partition])
		}
		last[record.Partition] = due
	}
}
