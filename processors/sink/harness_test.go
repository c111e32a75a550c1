package sink_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/leaktest"
	"github.com/rmn-arms/campaign-engine/processors/sink"
	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	testTopic      = "facts"
	testPartitions = 4
	// deadline bounds each test; reaching it is a failure.
	deadline = 2 * time.Minute
)

// bench is a faked cluster, with a topic and a keeper.
type bench struct {
	t      *testing.T
	ctx    context.Context
	broker []string
	writer *kgo.Client
	keeper *keeper
	said   int // records published so far
}

func newBench(t *testing.T) *bench {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(testPartitions, testTopic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fakebroker.Quiet(cluster)
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	b := &bench{t: t, ctx: ctx, broker: cluster.ListenAddrs(), keeper: newKeeper()}
	b.writer = b.connect(kgo.TransactionalID("writer"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) connect(opts ...kgo.Opt) *kgo.Client {
	b.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(b.broker...), kgo.MetadataMinAge(10 * time.Millisecond)}, opts...)...)
	b.must(err)
	b.t.Cleanup(client.Close)
	return client
}

// publish writes count records to each partition in a transaction, and ends it.
func (b *bench) publish(count int, commit kgo.TransactionEndTry) {
	b.t.Helper()
	b.must(b.writer.BeginTransaction())
	for range count {
		for partition := range int32(testPartitions) {
			b.must(b.writer.ProduceSync(b.ctx, &kgo.Record{Topic: testTopic, Partition: partition, Value: []byte(strconv.Itoa(b.said))}).FirstErr())
			if commit {
				b.said++
			}
		}
	}
	b.must(topics.Settle(b.ctx, b.writer))
	b.must(b.writer.EndTransaction(b.ctx, commit))
}

// member is a running sink.
type member struct {
	*sink.Sink
	cancel context.CancelFunc
	done   chan struct{}
}

// start runs a member of the group with a keeper of its own, or the common one.
func (b *bench) start(instance string, k sink.Keeper) *member {
	b.t.Helper()
	began := time.Now()
	ctx, cancel := context.WithCancel(b.ctx)
	m := &member{cancel: cancel, done: make(chan struct{}), Sink: sink.New(sink.Config{
		Connect: []kgo.Opt{kgo.SeedBrokers(b.broker...), kgo.MetadataMinAge(10 * time.Millisecond)},
		Group:   "facts-keepers", Instance: instance, Topics: []string{testTopic}, Keeper: k,
		Elapsed: func() time.Duration { return time.Since(began) }, Log: zerolog.Nop(),
		Failed: b.keeper.countFailure,
	})}
	go func() {
		defer close(m.done)
		m.Run(ctx)
	}()
	b.t.Cleanup(func() { b.stop(m) })
	return m
}

// stop ends a member and waits for its end.
func (b *bench) stop(m *member) {
	b.t.Helper()
	m.cancel()
	select {
	case <-m.done:
	case <-b.ctx.Done():
		b.t.Error("a sink does not end")
	}
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
			b.t.Fatalf("not within %s: %s; %s", deadline, what, b.keeper)
		}
	}
}

// all waits until every record that was published is kept, once, and the positions are at the ends of the partitions.
func (b *bench) all() {
	b.t.Helper()
	ends, err := kadm.NewClient(b.connect()).ListCommittedOffsets(b.ctx, testTopic)
	b.must(err)
	b.await("everything is kept", func() bool {
		for partition := range int32(testPartitions) {
			if end, _ := ends.Lookup(testTopic, partition); b.keeper.position(partition) != end.Offset {
				return false
			}
		}
		return true
	})
	b.must(b.keeper.complete(b.said))
}

// ahead keeps all values there are, as another member would, and leaves the markers to be read.
func (k *keeper) ahead(count int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.values) > 0 {
		return errors.New("keeping values: some are there")
	}
	for partition := range int32(testPartitions) {
		k.positions[sink.Partition{Topic: testTopic, Partition: partition}] = int64(count / testPartitions)
	}
	for i := range count {
		k.values[strconv.Itoa(i)] = 1
	}
	return nil
}

// keeper is a store in memory. It refuses what does not begin where it is, as a real one does.
type keeper struct {
	mu        sync.Mutex
	positions map[sink.Partition]int64
	values    map[string]int // how often each was kept
	ids       map[string]sink.TopicID
	failures  int
	// before is asked before something is put down, after when it was: their errors are Keep's. read is asked for positions.
	before, after func(moves []sink.Move) error
	read          func() error
}

func newKeeper() *keeper {
	return &keeper{positions: map[sink.Partition]int64{}, values: map[string]int{}, ids: map[string]sink.TopicID{}}
}

func (k *keeper) countFailure() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failures++
}

func (k *keeper) failed() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failures
}

func (k *keeper) position(partition int32) int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.positions[sink.Partition{Topic: testTopic, Partition: partition}]
}

// complete says whether all values below count are kept, each once.
func (k *keeper) complete(count int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range count {
		if times := k.values[strconv.Itoa(i)]; times != 1 {
			return fmt.Errorf("value %d is kept %d times", i, times)
		}
	}
	if len(k.values) != count {
		return fmt.Errorf("%d values are kept, want %d", len(k.values), count)
	}
	return nil
}

func (k *keeper) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return fmt.Sprintf("%d values, %v", len(k.values), k.positions)
}

func (k *keeper) Positions(_ context.Context, ids map[string]sink.TopicID) (map[sink.Partition]int64, error) {
	if k.read != nil {
		if err := k.read(); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if was, known := k.ids[testTopic]; known && ids[testTopic] != was {
		return nil, errOther
	}
	copied := map[sink.Partition]int64{}
	for partition, position := range k.positions {
		copied[partition] = position
	}
	return copied, nil
}

func (k *keeper) Prepare(records []*kgo.Record) sink.Put {
	return func(_ context.Context, moves []sink.Move) error { return k.keep(records, moves) }
}

func (k *keeper) keep(records []*kgo.Record, moves []sink.Move) error {
	if k.before != nil {
		if err := k.before(moves); err != nil {
			return err
		}
	}
	if err := k.put(records, moves); err != nil {
		return err
	}
	if k.after != nil {
		return k.after(moves)
	}
	return nil
}

var (
	errBackwards = errors.New("moving a position back")
	errOther     = errors.New("another topic was kept")
)

func (k *keeper) put(records []*kgo.Record, moves []sink.Move) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range moves {
		position, known := k.positions[m.Partition]
		if !known {
			position = sink.Unread
		}
		if m.From != position {
			return sink.ErrOvertaken
		}
		if m.Next < m.From {
			return errBackwards
		}
	}
	for _, m := range moves {
		k.positions[m.Partition], k.ids[m.Topic] = m.Next, m.TopicID
	}
	for _, r := range records {
		k.values[string(r.Value)]++
	}
	return nil
}
