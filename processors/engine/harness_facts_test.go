package engine_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
)

// committed reads a topic up to its last stable offset, as a read_committed reader sees it now.
func (b *bench) committed(topic string) []*kgo.Record {
	b.t.Helper()
	starts, err := b.admin.ListStartOffsets(b.ctx, topic)
	if err != nil {
		b.t.Fatal(err)
	}
	ends, err := b.admin.ListCommittedOffsets(b.ctx, topic)
	if err != nil {
		b.t.Fatal(err)
	}
	waiting := map[int32]int64{}
	for partition, end := range ends[topic] {
		if start, _ := starts.Lookup(topic, partition); start.Offset < end.Offset {
			waiting[partition] = end.Offset
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	reader := b.connect(kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer reader.Close()
	var got []*kgo.Record
	for len(waiting) > 0 {
		fetches := reader.PollFetches(b.ctx)
		if err := fetches.Err(); err != nil {
			b.t.Fatalf("reading %s: %v", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if end, ok := waiting[r.Partition]; ok {
				if !r.Attrs.IsControl() {
					got = append(got, r)
				}
				if r.Offset+1 >= end {
					delete(waiting, r.Partition)
				}
			}
		})
	}
	return got
}

// values returns what committed records say, in each partition's order.
func values(records []*kgo.Record) []string {
	said := make([]string, len(records))
	for i, r := range records {
		said[i] = string(r.Value)
	}
	return said
}

// rung waits until the committed output holds count records, and returns them; more than count is a failure.
func (b *bench) rung(count int) []string {
	b.t.Helper()
	reader := b.connect(kgo.ConsumeTopics(testOutput), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer reader.Close()
	var got []string
	for len(got) < count {
		fetches := reader.PollFetches(b.ctx)
		if b.ctx.Err() != nil {
			b.t.Fatalf("%d of %d records came: %s", len(got), count, strings.Join(got[max(0, len(got)-10):], " "))
		}
		fetches.EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	if len(got) > count {
		b.t.Fatalf("%d records came, not %d: %s", len(got), count, strings.Join(slices.Sorted(slices.Values(got)), " "))
	}
	return got
}

// settled waits until the group has read everything and nothing is open, and checks that the committed output is want, in
// any order and each once, and that the table holds these rows: invariants I1, I2, I7 and I11.
func (b *bench) settled(want []string, rows map[string][]byte) {
	b.t.Helper()
	b.rung(len(want))
	b.drained()
	b.none("open transactions", b.open)
	b.same("output", values(b.committed(testOutput)), want)
	b.holds(rows)
}

// drained waits until the group has committed the end of every input. A position behind nothing but markers is committed
// when time passes.
func (b *bench) drained() {
	b.t.Helper()
	b.await("the group has no lag", func() bool {
		b.clock.Set(b.clock.Now() + 100)
		return b.lag() == 0
	})
}

// caughtUp is drained while time stands still. No markers may lie behind the records.
func (b *bench) caughtUp() {
	b.t.Helper()
	b.await("the group has no lag", func() bool { return b.lag() == 0 })
}

// none waits until a list is empty.
func (b *bench) none(what string, list func() []string) {
	b.t.Helper()
	var left []string
	b.await(what+": none", func() bool {
		left = list()
		return len(left) == 0
	})
}

// same fails unless both lists hold the same values equally often.
func (b *bench) same(what string, got, want []string) {
	b.t.Helper()
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		b.t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// holds fails unless the table topic folds to these rows.
func (b *bench) holds(want map[string][]byte) {
	b.t.Helper()
	got := map[string][]byte{}
	for _, r := range b.committed(testTable) {
		if r.Value == nil {
			delete(got, string(r.Key))
			continue
		}
		got[string(r.Key)] = r.Value
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Fatalf("rows (-want +got):\n%s", diff)
	}
}

// all gives each key the same row.
func all(row []byte, keys ...string) map[string][]byte {
	rows := map[string][]byte{}
	for _, key := range keys {
		rows[key] = bytes.Clone(row)
	}
	return rows
}

// lag returns how many offsets of the inputs the group has not committed.
func (b *bench) lag() (lag int64) {
	b.t.Helper()
	at, err := b.admin.FetchOffsets(b.ctx, testGroup)
	if err != nil {
		return 1 // the coordinator is moving, or what was committed is not yet certain
	}
	ends, err := b.admin.ListEndOffsets(b.ctx, testInput, testLoop)
	if err != nil {
		b.t.Fatal(err)
	}
	for topic, partitions := range ends {
		for partition, end := range partitions {
			position, _ := at.Lookup(topic, partition)
			lag += end.Offset - max(position.At, 0)
		}
	}
	return lag
}

// open lists transactions that are not over, and partitions whose end a read_committed reader cannot reach.
func (b *bench) open() (found []string) {
	b.t.Helper()
	listed, err := b.admin.ListTransactions(b.ctx, nil, []string{"Ongoing", "PrepareCommit", "PrepareAbort"})
	if err != nil {
		return []string{err.Error()}
	}
	found = listed.TransactionalIDs()
	topics := []string{testInput, testLoop, testTable, testOutput}
	stable, err := b.admin.ListCommittedOffsets(b.ctx, topics...)
	if err != nil {
		b.t.Fatal(err)
	}
	ends, err := b.admin.ListEndOffsets(b.ctx, topics...)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, topic := range topics {
		for _, partition := range slices.Sorted(maps.Keys(ends[topic])) {
			if stable[topic][partition].Offset != ends[topic][partition].Offset {
				found = append(found, topic)
			}
		}
	}
	return found
}
