package sink_test

import (
	"strings"
	"testing"

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
