package sink_test

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/sink"
)

// TestATopicThatWasMadeAnew: the store is further than the topic goes. What lies in the topic is another's and was never
// written; to pass over it in silence would lose it.
func TestATopicThatWasMadeAnew(t *testing.T) {
	b := newBench(t)
	b.publish(3, kgo.TryCommit)
	b.keeper.positions[sink.Partition{Topic: testTopic, Partition: 2}] = 100
	m := b.start("a", b.keeper)
	b.await("it tells", func() bool { return strings.Contains(m.Overview().Waiting, "facts/2 ends at 4") })
	if got := b.keeper.position(2); got != 100 {
		t.Errorf("the position has moved to %d", got)
	}
}

// TestATopicThatWasMadeAnewAndHasGrown: its offsets go further than the store's, and are another topic's.
func TestATopicThatWasMadeAnewAndHasGrown(t *testing.T) {
	b := newBench(t)
	b.publish(3, kgo.TryCommit)
	b.stop(b.startAndAwait("a"))
	admin := kadm.NewClient(b.connect())
	_, err := admin.DeleteTopics(b.ctx, testTopic)
	b.must(err)
	_, err = admin.CreateTopics(b.ctx, testPartitions, 1, nil, testTopic)
	b.must(err)
	b.writer = b.connect(kgo.TransactionalID("writer"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	before := b.keeper.position(2)
	b.publish(10, kgo.TryCommit)
	m := b.start("a", b.keeper)
	b.await("it tells", func() bool { return strings.Contains(m.Overview().Waiting, errOther.Error()) })
	if got := b.keeper.position(2); got != before {
		t.Errorf("the position has moved from %d to %d", before, got)
	}
}

// startAndAwait runs a member until everything is kept.
func (b *bench) startAndAwait(instance string) *member {
	b.t.Helper()
	m := b.start(instance, b.keeper)
	b.all()
	return m
}
