package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

const (
	// patience bounds waits that end by themselves when all is well.
	patience       = 3 * time.Minute
	testPartitions = 4
)

// cluster is a broker on this machine with the public topics, and the engine's tables.
func cluster(t *testing.T) *kfake.Cluster {
	t.Helper()
	var names []string
	for _, stream := range topics.Streams() {
		if !stream.Internal() || stream.Cleanup == topics.Compact {
			names = append(names, string(stream.Name))
		}
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(testPartitions, names...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	fakebroker.Quiet(c)
	return c
}

// result is how a run ended.
type result struct {
	code      int
	out, errs string
}

// run runs a command line against the cluster.
func run(t *testing.T, c *kfake.Cluster, stdin string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return runWith(ctx, c, strings.NewReader(stdin), args...)
}

func runWith(ctx context.Context, c *kfake.Cluster, stdin io.Reader, args ...string) result {
	if c != nil {
		args = append(args, "--brokers", c.ListenAddrs()[0])
	}
	var out, errs bytes.Buffer
	code := realMain(ctx, args, console{in: stdin, out: &out, errs: &errs, now: testNow})
	return result{code, out.String(), errs.String()}
}

func testNow() time.Time { return time.Date(2026, 12, 5, 17, 30, 0, 0, time.UTC) }

// check compares how a run ended; says is to be in its messages, or in its output if it ended well.
func (r result) check(t *testing.T, code int, says string) {
	t.Helper()
	text := r.errs
	if code == exitClean {
		text += r.out
	}
	if r.code != code || !strings.Contains(text, says) {
		t.Errorf("exit code %d, want %d and %q in\n%s%s", r.code, code, says, r.out, r.errs)
	}
}

func client(t *testing.T, c *kfake.Cluster, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(c.ListenAddrs()...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// put writes records as others would.
func put(t *testing.T, c *kfake.Cluster, records ...*kgo.Record) {
	t.Helper()
	producer := client(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := producer.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// kept returns the records of a topic in the form "partition key value", by partition.
func kept(t *testing.T, c *kfake.Cluster, topic topics.Name) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	reader := client(t, c, readerOptions()...)
	wanted, err := stretches(ctx, reader, topic, func(int32) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	by := make([][]string, testPartitions)
	err = read(ctx, reader, wanted, func(r *kgo.Record) {
		by[r.Partition] = append(by[r.Partition], fmt.Sprintf("%d %s %s", r.Partition, r.Key, r.Value))
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, records := range by {
		all = append(all, records...)
	}
	return all
}

// watched is output that can be waited for.
type watched struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func newWatched() *watched { return &watched{changed: make(chan struct{}, 1)} }

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	select {
	case w.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

// await waits until the output holds the text.
func (w *watched) await(t *testing.T, text string) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		w.mu.Lock()
		got := w.text.String()
		w.mu.Unlock()
		if strings.Contains(got, text) {
			return
		}
		select {
		case <-w.changed:
		case <-limit.C:
			t.Fatalf("%q does not come; got\n%s", text, got)
		}
	}
}
