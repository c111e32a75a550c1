package engine_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// row is a record of the table topic, in partition 0; a nil value is a tombstone.
func row(key string, value []byte) *kgo.Record {
	return &kgo.Record{Topic: testTable, Key: []byte(key), Value: value}
}

// write puts rows into the table topic in one transaction of an earlier owner.
func (b *bench) write(how kgo.TransactionEndTry, rows ...*kgo.Record) {
	b.t.Helper()
	b.endHanging(b.hang("earlier", rows...), how)
}

// Recovery ends, whatever the last records of a table topic are, and its rows are the fold of what was committed.
func TestRecoveryIsTheFoldOfTheTable(t *testing.T) {
	t.Parallel()
	at := func(offset instant.Instant) []byte { return armed(testStart + offset) }
	for _, c := range []struct {
		name string
		past func(b *bench)
		want map[string]instant.Instant // what is armed
	}{
		{"empty", func(*bench) {}, nil},
		{"a commit marker is last", func(b *bench) {
			b.write(kgo.TryCommit, row("x", at(1)), row("y", at(2)))
		}, map[string]instant.Instant{"x": 1, "y": 2}},
		{"an abort marker is last", func(b *bench) {
			b.write(kgo.TryCommit, row("x", at(1)))
			b.write(kgo.TryAbort, row("x", at(7)), row("lost", at(1)))
		}, map[string]instant.Instant{"x": 1}},
		{"nothing but an abort", func(b *bench) {
			b.write(kgo.TryAbort, row("lost", at(1)))
		}, nil},
		{"an abort between commits", func(b *bench) {
			b.write(kgo.TryCommit, row("x", at(1)))
			b.write(kgo.TryAbort, row("x", at(7)), row("lost", at(1)))
			b.write(kgo.TryCommit, row("y", at(2)))
		}, map[string]instant.Instant{"x": 1, "y": 2}},
		{"tombstones", func(b *bench) {
			b.write(kgo.TryCommit, row("x", at(1)), row("gone", at(1)), row("back", at(1)))
			b.write(kgo.TryCommit, row("gone", nil), row("back", nil), row("never", nil))
			b.write(kgo.TryCommit, row("back", at(3)))
		}, map[string]instant.Instant{"x": 1, "back": 3}},
		{"a plain record is last", func(b *bench) {
			b.write(kgo.TryCommit, row("x", at(1)))
			b.set(&kgo.Record{Topic: testTable, Key: []byte("x"), Value: at(2)})
		}, map[string]instant.Instant{"x": 2}},
		{"compacted", func(b *bench) {
			for i := range instant.Instant(20) {
				b.write(kgo.TryCommit, row("x", at(i)), row("y", at(i+1)), row("gone", at(i)))
			}
			b.write(kgo.TryCommit, row("gone", nil))
			b.write(kgo.TryAbort, row("x", at(30)))
			b.compact()
		}, map[string]instant.Instant{"x": 19, "y": 20}},
		{"all records deleted", func(b *bench) {
			b.write(kgo.TryCommit, row("x", at(1)))
			end := kadm.Offsets{}
			end.AddOffset(testTable, 0, 2, -1)
			if _, err := b.admin.DeleteRecords(b.ctx, end); err != nil {
				b.t.Fatal(err)
			}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 1, kfake.NumBrokers(1))
			c.past(b)
			p := b.start("a", alarms(hooks{}))
			b.ready(1, p)
			p.note(func() {
				if p.recovered != len(c.want) {
					t.Errorf("%d rows were recovered, not %d", p.recovered, len(c.want))
				}
			})
			var want []string
			for key, offset := range c.want {
				want = append(want, ring(key, testStart+offset))
			}
			b.clock.Set(testStart + 100)
			b.same("rings", b.rung(len(want)), want)
		})
	}
}

// compact lets the table topic be compacted, tombstones included.
func (b *bench) compact() {
	b.t.Helper()
	_, err := b.admin.AlterTopicConfigs(b.ctx, []kadm.AlterConfig{
		{Op: kadm.SetConfig, Name: "cleanup.policy", Value: kadm.StringPtr("compact")},
		{Op: kadm.SetConfig, Name: "delete.retention.ms", Value: kadm.StringPtr("0")},
	}, testTable)
	if err != nil {
		b.t.Fatal(err)
	}
	before := len(b.committed(testTable))
	b.cluster.Compact()
	if after := len(b.committed(testTable)); after >= before {
		b.t.Fatalf("compaction left %d of %d records", after, before)
	}
}

// What an owner has committed may lie behind a marker that is still to be written: the new owner waits for it.
func TestRecoveryWaitsForALateMarker(t *testing.T) {
	t.Parallel()
	const foreignTopic = "foreign" // makes the transaction one that is not the group's to fence
	b := newBench(t, 1, kfake.SeedTopics(1, foreignTopic))
	late := b.hang("earlier", row("x", armed(testStart+1)), &kgo.Record{Topic: foreignTopic})
	fetches := b.count(kmsg.Fetch, b.fetchOf(testTable, func(int64) bool { return true }))
	p := b.start("a", alarms(hooks{}))
	b.await("the table is read again and again", func() bool { return fetches() > 3 })
	if p.engine.Ready() == nil {
		t.Error("the process is ready before the table's end can be read")
	}
	b.endHanging(late, kgo.TryCommit)
	b.ready(1, p)
	b.clock.Set(testStart + 1)
	b.same("rings", b.rung(1), []string{ring("x", testStart+1)})
}

// fetchOf selects fetches of a topic by the offset that they ask for.
func (b *bench) fetchOf(topic string, fits func(offset int64) bool) func(kmsg.Request) bool {
	b.t.Helper()
	metadata, err := b.admin.Metadata(b.ctx, topic)
	if err != nil {
		b.t.Fatal(err)
	}
	id := metadata.Topics[topic].ID
	return func(request kmsg.Request) bool {
		for _, asked := range request.(*kmsg.FetchRequest).Topics {
			if asked.TopicID != id {
				continue
			}
			for _, partition := range asked.Partitions {
				if fits(partition.FetchOffset) {
					return true
				}
			}
		}
		return false
	}
}

// Rows outlive the claim. When a partition comes back they are brought up to what others have written meanwhile, from
// where they were and not from the beginning.
func TestRowsGoOnFromTheirOffset(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	var mine, moving []string // keys of partition 0, which stays, and 1, which goes to b and comes back
	for _, key := range numbered("key", 40) {
		if topics.PartitionOf([]byte(key), 2) == 0 {
			mine = append(mine, key)
		} else {
			moving = append(moving, key)
		}
	}
	first, _ := alarmsAt(testStart+1000, append(mine, moving...)...)
	b.set(first...)
	a := b.start("a", alarms(hooks{}))
	b.await("the rows are armed", func() bool { return a.sum().rows == 40 })
	fromTheStart := b.count(kmsg.Fetch, b.fetchOf(testTable, func(offset int64) bool { return offset == 0 }))

	other := b.start("b", alarms(hooks{}))
	b.ready(2, a, other)
	if fromTheStart() == 0 {
		t.Fatal("the new owner did not read the table from its start: this test sees nothing")
	}
	changed, rings := alarmsAt(testStart+50, moving[:5]...)
	cleared, _ := alarmsAt(testStart+2000, moving[5:]...)
	b.set(append(changed, cleared...)...)
	b.await("the other owner has changed them", func() bool { return other.sum().rows == len(moving) })
	b.clock.Set(testStart + 50)
	b.same("rings of the other owner", b.rung(5), rings)

	before := fromTheStart()
	b.stop(other)
	b.ready(2, a)
	if fromTheStart() > before {
		t.Error("the rows were read again from the start of the table")
	}
	b.clock.Set(testStart + 1000)
	_, more := alarmsAt(testStart+1000, mine...)
	rings = append(rings, more...)
	b.same("rings of those that stayed", b.rung(len(rings)), rings)
	b.clock.Set(testStart + 2000)
	_, more = alarmsAt(testStart+2000, moving[5:]...)
	b.settled(append(rings, more...), all(rested(), append(mine, moving...)...))
}
