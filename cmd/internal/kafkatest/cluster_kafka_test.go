//go:build kafka

package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

const patience = 4 * time.Minute

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func connect(t *testing.T, c *Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.Brokers()...), kgo.MetadataMinAge(50*time.Millisecond))...)
	must(t, err)
	t.Cleanup(client.Close)
	return client
}

func createTopic(t *testing.T, c *Cluster, topic string) {
	t.Helper()
	must(t, Create(limited(t), connect(t, c), 4, topic))
}

// transact produces the values in one transaction and ends it.
func transact(t *testing.T, client *kgo.Client, topic string, end kgo.TransactionEndTry, values ...string) {
	t.Helper()
	ctx := limited(t)
	must(t, client.BeginTransaction())
	for _, value := range values {
		must(t, client.ProduceSync(ctx, &kgo.Record{Topic: topic, Key: []byte(value), Value: []byte(value)}).FirstErr())
	}
	must(t, topics.Settle(ctx, client))
	must(t, client.EndTransaction(ctx, end))
}

// readCommitted reads a topic from its start until it has seen count records, and returns their values.
func readCommitted(t *testing.T, c *Cluster, topic string, count int) map[string]int {
	t.Helper()
	ctx := limited(t)
	client := connect(t, c, kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	seen := map[string]int{}
	for read := 0; read < count; {
		fetches := client.PollFetches(ctx)
		must(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { seen[string(r.Value)]++; read++ })
	}
	return seen
}

func wantOnce(t *testing.T, seen map[string]int, values ...string) {
	t.Helper()
	if len(seen) != len(values) {
		t.Errorf("read %v, want each of %v", seen, values)
	}
	for _, value := range values {
		if seen[value] != 1 {
			t.Errorf("read %q %d times, want once", value, seen[value])
		}
	}
}

func TestOneBroker(t *testing.T) {
	var dir string
	var pids []int
	t.Run("while it runs", func(t *testing.T) {
		c := Start(t, Options{ShortLived: true, Properties: map[string]string{"num.partitions": "7"}})
		dir = filepath.Dir(c.brokers[0].dir)
		note := func() {
			process, err := c.brokers[0].running()
			must(t, err)
			pids = append(pids, process.PID())
		}
		note()
		keepsWhatWasCommitted(t, c, note)
		answersNothingWhilePaused(t, c)
		makesNoTopicByAccident(t, c)
		used, err := c.Usage(0)
		must(t, err)
		t.Logf("used %v of CPU, holds %d MiB", used.CPU, used.RSSBytes>>20)
	})
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is there (%v)", pid, err)
		}
	}
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is there (%v)", dir, err)
	}
	wantNobodyNaming(t, dir)
}

func keepsWhatWasCommitted(t *testing.T, c *Cluster, restarted func()) {
	createTopic(t, c, "facts")
	producer := connect(t, c, kgo.TransactionalID("producer"))
	transact(t, producer, "facts", kgo.TryCommit, "a", "b")
	transact(t, producer, "facts", kgo.TryAbort, "never")
	transact(t, producer, "facts", kgo.TryCommit, "c")
	wantOnce(t, readCommitted(t, c, "facts", 3), "a", "b", "c")

	before, err := c.Usage(0)
	must(t, err)
	began := time.Now()
	must(t, c.Kill(0))
	if err := c.Kill(0); !errors.Is(err, ErrDown) {
		t.Errorf("killing a dead broker: %v, want ErrDown", err)
	}
	if down, err := c.Usage(0); err != nil || down.CPU < before.CPU || down.RSSBytes != 0 {
		t.Errorf("a dead broker used %+v, %v; before %+v", down, err, before)
	}
	must(t, c.Restart(0))
	restarted()
	t.Logf("ready %v after SIGKILL", time.Since(began))
	if err := c.Restart(0); !errors.Is(err, ErrRunning) {
		t.Errorf("restarting a running broker: %v, want ErrRunning", err)
	}
	transact(t, producer, "facts", kgo.TryCommit, "d") // the client and its transactional id live on
	wantOnce(t, readCommitted(t, c, "facts", 4), "a", "b", "c", "d")

	began = time.Now()
	must(t, c.Stop(0))
	t.Logf("down %v after SIGTERM", time.Since(began))
	must(t, c.Restart(0))
	restarted()
	t.Logf("ready %v after SIGTERM", time.Since(began))
	wantOnce(t, readCommitted(t, c, "facts", 4), "a", "b", "c", "d")
}

func answersNothingWhilePaused(t *testing.T, c *Cluster) {
	// A paused broker's port still takes connections, and kgo gives the first exchange on a new connection
	// RequestTimeoutOverhead, 10 s by default, whatever the context says.
	client := connect(t, c, kgo.RequestTimeoutOverhead(200*time.Millisecond))
	must(t, c.Pause(0))
	if err := client.Ping(limited(t)); err == nil {
		t.Error("a paused broker answered")
	}
	must(t, c.Continue(0))
	must(t, connect(t, c).Ping(limited(t))) // one that has more patience: it has much to make up for
}

func makesNoTopicByAccident(t *testing.T, c *Cluster) {
	client := connect(t, c, kgo.UnknownTopicRetries(1))
	err := client.ProduceSync(limited(t), &kgo.Record{Topic: "mispelt", Value: []byte("a")}).FirstErr()
	if !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("producing to an unknown topic: %v", err)
	}
	other := connect(t, c) // the first one tells of the topic that it has looked for, too
	must(t, Create(limited(t), other, -1, "default"))
	topics, err := kadm.NewClient(other).ListTopics(limited(t))
	must(t, err)
	if names := topics.Names(); !slices.Equal(names, []string{"default", "facts"}) {
		t.Errorf("topics %q", names)
	}
	if n := len(topics["default"].Partitions); n != 7 {
		t.Errorf("%d partitions, want the 7 of Options.Properties", n)
	}
}

// wantNobodyNaming looks for processes that have the folder in their command line.
func wantNobodyNaming(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), dir) {
			t.Errorf("%s: %q", file, line)
		}
	}
}

// noProbesAnywhere looks at what each of the brokers tells of topics.
func noProbesAnywhere(t *testing.T, c *Cluster) {
	t.Helper()
	client := connect(t, c)
	brokers, err := kadm.NewClient(client).ListBrokers(limited(t))
	must(t, err)
	for _, id := range brokers.NodeIDs() {
		answer, err := kmsg.NewPtrMetadataRequest().RequestWith(limited(t), client.Broker(int(id)))
		must(t, err)
		for _, topic := range answer.Topics {
			if strings.HasPrefix(*topic.Topic, probeName) {
				t.Errorf("broker %d knows %s", id, *topic.Topic)
			}
		}
	}
}

func TestThreeBrokersOutliveOne(t *testing.T) {
	c := Start(t, Options{Brokers: 3, ShortLived: true})
	noProbesAnywhere(t, c)
	createTopic(t, c, "facts")
	topics, err := kadm.NewClient(connect(t, c)).ListTopicsWithInternal(limited(t))
	must(t, err)
	for _, topic := range topics {
		for _, p := range topic.Partitions {
			if len(p.Replicas) != 3 {
				t.Errorf("%s/%d has replicas %v, want 3", topic.Topic, p.Partition, p.Replicas)
			}
		}
	}
	producer := connect(t, c, kgo.TransactionalID("producer"))
	began := time.Now()
	must(t, c.Kill(1))
	transact(t, producer, "facts", kgo.TryCommit, "with two", "of three")
	t.Logf("committed %v after a broker was killed", time.Since(began))
	must(t, c.Restart(1))
	must(t, c.AwaitInSync(limited(t)))
	t.Logf("in sync again after %v", time.Since(began))

	for i := range 3 {
		must(t, c.Kill(i))
	}
	began = time.Now()
	must(t, c.Restart(0, 1, 2))
	t.Logf("all three ready %v after all were killed", time.Since(began))
	wantOnce(t, readCommitted(t, c, "facts", 2), "with two", "of three")
}

func TestStartFailsAtOnceAndShowsTheLog(t *testing.T) {
	cases := []struct {
		name, property, value string
		stage                 string
	}{
		{"before the format", "log.segment.bytes", "none", "formatting broker 1"},
		{"after the format", "authorizer.class.name", "no.such.Authorizer", "awaiting broker 1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			err := proctest.Run(&out, func(tb proctest.TB) {
				Start(tb, Options{ShortLived: true, Properties: map[string]string{c.property: c.value}})
			})
			if err == nil || !strings.Contains(err.Error(), c.stage) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want one of %s", err, c.stage)
			}
			if shown := fmt.Sprint(err, out.String()); !strings.Contains(shown, c.value) {
				t.Errorf("%q is not in what is shown:\n%s", c.value, shown)
			}
		})
	}
}
