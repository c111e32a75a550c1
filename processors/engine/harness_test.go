package engine_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// deadline bounds every wait of these tests; reaching it is a failure.
const deadline = 60 * time.Second

// bench is a fake cluster with the topics of the test group.
type bench struct {
	t       *testing.T
	cluster *kfake.Cluster
	brokers []string
	client  *kgo.Client
	ctx     context.Context
}

const (
	testGroup  = "alarms"
	testInput  = "alarm-settings"
	testOutput = "alarms-rung"
	testTable  = "alarms-table"
	testLoop   = "alarms-loop"
)

func newBench(t *testing.T, partitions int32) *bench {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1),
		kfake.SeedTopics(partitions, testInput, testOutput, testTable, testLoop),
		kfake.GroupMinSessionTimeout(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	b := &bench{t: t, cluster: cluster, brokers: cluster.ListenAddrs(), ctx: ctx}
	b.client = b.connect(kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
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

// set publishes alarm settings: key and the instant at which it is to ring.
func (b *bench) set(records ...*kgo.Record) {
	b.t.Helper()
	if err := b.client.ProduceSync(b.ctx, records...).FirstErr(); err != nil {
		b.t.Fatal(err)
	}
}

func alarm(key string, at instant.Instant) *kgo.Record {
	return &kgo.Record{Topic: testInput, Key: []byte(key), Value: []byte(strconv.FormatInt(int64(at), 10))}
}

// alarms is the group under test: a setting arms the row of its key, a due row rings once. A setting whose value is
// "panic" panics once per panics left.
func alarms(panics func() bool) *goka.GroupGraph {
	return goka.DefineGroup(testGroup,
		goka.Input(testInput, new(codec.Bytes), func(ctx goka.Context, message any) {
			if ctx.Partition() != topics.PartitionOf([]byte(ctx.Key()), partitionsOf(ctx)) {
				ctx.Loopback(ctx.Key(), message)
				return
			}
			onSetting(ctx, message, panics)
		}),
		goka.Loop(new(codec.Bytes), func(ctx goka.Context, message any) { onSetting(ctx, message, panics) }),
		engine.OnTimer(testGroup, func(ctx goka.Context, message any) {
			row := ctx.Value().([]byte)
			due := message.(instant.Instant)
			ctx.Emit(testOutput, ctx.Key(), fmt.Appendf(nil, "%s@%d", ctx.Key(), due))
			ctx.SetValue(append(rowOf(math.MaxInt64), row[8:]...))
		}),
		goka.Output(testOutput, new(codec.Bytes)),
		goka.Persist(new(codec.Bytes)),
	)
}

// partitionsOf is fixed by the tests that misplace records.
var partitionsOf = func(goka.Context) int32 { return testPartitions }

const testPartitions = 4

func onSetting(ctx goka.Context, message any, panics func() bool) {
	if string(message.([]byte)) == "panic" {
		if panics != nil && panics() {
			panic("told to")
		}
		return
	}
	at, err := strconv.ParseInt(string(message.([]byte)), 10, 64)
	if err != nil {
		ctx.Fail(err)
		return
	}
	ctx.SetValue(append(rowOf(instant.Instant(at)), "row"...))
}

func rowOf(due instant.Instant) []byte { return binary.BigEndian.AppendUint64(nil, uint64(due)) }

// process is one engine that takes part in the group.
type process struct {
	engine *engine.Engine
	cancel context.CancelFunc
	done   chan error
}

func (b *bench) start(name string, clock engine.Clock, graph *goka.GroupGraph, change func(*engine.Config)) *process {
	b.t.Helper()
	config := engine.Config{
		Connect:        []kgo.Opt{kgo.SeedBrokers(b.brokers...)},
		Instance:       name,
		Clock:          clock,
		CommitInterval: -1,
		SessionTimeout: 2 * time.Second,
		Log:            zerolog.New(zerolog.NewTestWriter(b.t)).Level(zerolog.WarnLevel),
	}
	if change != nil {
		change(&config)
	}
	e, err := engine.New(config, graph)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{engine: e, cancel: cancel, done: make(chan error, 1)}
	go func() { p.done <- e.Run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		<-p.done
		close(p.done)
	})
	return p
}

// stop ends a process as SIGTERM does, and waits.
func (b *bench) stop(p *process) {
	b.t.Helper()
	p.cancel()
	select {
	case err := <-p.done:
		if err != nil {
			b.t.Fatalf("ending a process: %v", err)
		}
		p.done <- nil
	case <-b.ctx.Done():
		b.t.Fatal("a process did not end")
	}
}

// rung reads the committed output until count records are there, and returns them; more than count is a failure.
func (b *bench) rung(count int) []string {
	b.t.Helper()
	reader := b.connect(kgo.ConsumeTopics(testOutput), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	var got []string
	for len(got) < count {
		fetches := reader.PollFetches(b.ctx)
		if b.ctx.Err() != nil {
			b.t.Fatalf("%d of %d records came: %s", len(got), count, strings.Join(got[max(0, len(got)-10):], " "))
		}
		fetches.EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	if len(got) > count {
		b.t.Fatalf("%d records came, not %d", len(got), count)
	}
	return got
}

// once fails unless each value occurs once.
func (b *bench) once(values []string) {
	b.t.Helper()
	seen := make(map[string]int)
	for _, value := range values {
		seen[value]++
		if seen[value] > 1 {
			b.t.Fatalf("%s came %d times", value, seen[value])
		}
	}
}

// lag returns what the group has not committed, summed over its inputs.
func (b *bench) lag() int64 {
	b.t.Helper()
	admin := kadm.NewClient(b.client)
	lags, err := admin.Lag(b.ctx, testGroup)
	if err != nil {
		b.t.Fatal(err)
	}
	return lags[testGroup].Lag.Total()
}

func virtual() *processors.VirtualClock { return processors.NewVirtualClock(1_000_000) }
