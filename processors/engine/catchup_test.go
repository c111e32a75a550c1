package engine_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A partition whose recovery takes long stalls no other: their records are read and their timers fire meanwhile.
func TestOnePartitionsRecoveryStallsNoOther(t *testing.T) {
	t.Parallel()
	const foreignTopic = "foreign" // makes the transaction one that is not the group's to fence
	b := newBench(t, 2, kfake.SeedTopics(1, foreignTopic))
	quick, slow := keyIn(0, 2), keyIn(1, 2)
	late := b.hang("earlier", &kgo.Record{Topic: testTable, Partition: 1, Key: []byte(slow), Value: armed(testStart + 1)},
		&kgo.Record{Topic: foreignTopic})
	p := b.start("a", alarms(hooks{}))
	b.set(alarm(quick, testStart+5))
	b.await("the record is read", func() bool { return p.sum().rows == 1 })
	b.clock.Set(testStart + 5)
	b.same("rings", b.rung(1), []string{ring(quick, testStart+5)})
	if p.engine.Ready() == nil {
		t.Error("the process is ready before all its partitions are recovered")
	}
	b.endHanging(late, kgo.TryCommit)
	b.ready(2, p)
	b.settled([]string{ring(quick, testStart+5), ring(slow, testStart+1)}, all(rested(), quick, slow))
}
