package engine_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/leaktest"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

// The tests of this package run engines against a Kafka cluster that is faked in process (kfake). What is here makes the
// cluster and waits for facts; engines are in harness_process_test.go, the group under test in harness_graph_test.go,
// what a reader sees in harness_facts_test.go, and what goes wrong on purpose in harness_fault_test.go.

func TestMain(m *testing.M) { leaktest.Main(m) }

// deadline bounds every wait of these tests; reaching it is a failure.
const deadline = 60 * time.Second

const (
	testGroup      = "alarms"
	testInput      = "alarm-settings"
	testOutput     = "alarms-rung"
	testTable      = "alarms-table"
	testLoop       = "alarms-loop"
	testPartitions = 4
	// testStart is where virtual clocks begin.
	testStart instant.Instant = 1_000_000
)

// bench is a fake cluster with the topics of the test group, and a clock.
type bench struct {
	t       *testing.T
	cluster *kfake.Cluster
	brokers []string
	client  *kgo.Client
	admin   *kadm.Client
	clock   *processors.VirtualClock
	ctx     context.Context
	holdups []*holdup
}

func newBench(t *testing.T, partitions int32, opts ...kfake.Opt) *bench {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(1),
		kfake.SeedTopics(partitions, testInput, testOutput, testTable, testLoop),
		kfake.GroupMinSessionTimeout(100 * time.Millisecond),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fakebroker.Quiet(cluster)
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	b := &bench{
		t: t, cluster: cluster, brokers: cluster.ListenAddrs(), ctx: ctx, clock: processors.NewVirtualClock(testStart),
	}
	b.client = b.connect(kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	b.admin = kadm.NewClient(b.client)
	return b
}

func (b *bench) connect(opts ...kgo.Opt) *kgo.Client {
	b.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.brokers...), kgo.MetadataMinAge(10 * time.Millisecond),
	}, opts...)...)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(client.Close)
	return client
}

// await looks at a fact until it holds.
func (b *bench) await(what string, holds func() bool) {
	b.t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-b.ctx.Done():
			b.t.Fatalf("not within %s: %s", deadline, what)
		}
	}
}

// signal waits for a channel to be closed, or for something to be sent on it.
func (b *bench) signal(what string, happened <-chan struct{}) {
	b.t.Helper()
	select {
	case <-happened:
	case <-b.ctx.Done():
		b.t.Fatalf("not within %s: %s", deadline, what)
	}
}

// set publishes records, alarm settings for instance.
func (b *bench) set(records ...*kgo.Record) {
	b.t.Helper()
	if err := b.client.ProduceSync(b.ctx, records...).FirstErr(); err != nil {
		b.t.Fatal(err)
	}
}

// alarm is the setting that lets key ring at an instant.
func alarm(key string, at instant.Instant) *kgo.Record {
	return &kgo.Record{Topic: testInput, Key: []byte(key), Value: []byte(strconv.FormatInt(int64(at), 10))}
}

// alarmsAt are the settings of many keys, and what is to be read when they have rung.
func alarmsAt(at instant.Instant, keys ...string) (settings []*kgo.Record, rings []string) {
	for _, key := range keys {
		settings = append(settings, alarm(key, at))
		rings = append(rings, ring(key, at))
	}
	return settings, rings
}

// numbered returns <prefix>-0, <prefix>-1, ...
func numbered(prefix string, count int) []string {
	keys := make([]string, count)
	for i := range keys {
		keys[i] = prefix + "-" + strconv.Itoa(i)
	}
	return keys
}
