package embed_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

// TestAbortedRecordsStayHiddenInCutFetches lets fetches be cut by their size between an aborted and a committed record.
func TestAbortedRecordsStayHiddenInCutFetches(t *testing.T) {
	b, _ := open(t, t.TempDir())
	p := producer(t, b)
	content := rand.NewChaCha8([32]byte{}) // what cannot be compressed
	const rounds = 4
	for round := range 2 * rounds {
		if err := p.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		end, mark := kgo.TryAbort, []byte("aborted")
		if round%2 == 1 {
			end, mark = kgo.TryCommit, []byte("committed")
		}
		for partition := range int32(partitions) {
			value := make([]byte, 700<<10)
			if _, err := content.Read(value); err != nil {
				t.Fatal(err)
			}
			record := &kgo.Record{Topic: topic, Partition: partition, Key: mark, Value: value}
			if err := p.ProduceSync(within(t), record).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := topics.Settle(within(t), p); err != nil {
			t.Fatal(err)
		}
		if err := p.EndTransaction(within(t), end); err != nil {
			t.Fatal(err)
		}
	}
	ctx := within(t)
	c := client(t, b, kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.FetchMaxBytes(1<<20), kgo.FetchMaxPartitionBytes(4<<20))
	ends, err := kadm.NewClient(c).ListCommittedOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	committed := 0
	for left := partitions; left > 0; {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			switch {
			case bytes.Equal(r.Key, []byte("aborted")):
				t.Errorf("%d/%d was aborted", r.Partition, r.Offset)
			case !r.Attrs.IsControl():
				committed++
			}
			if end, _ := ends.Lookup(topic, r.Partition); r.Offset == end.Offset-1 {
				left--
			}
		})
	}
	if committed != rounds*partitions {
		t.Errorf("read %d committed records, want %d", committed, rounds*partitions)
	}
}
