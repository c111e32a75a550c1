//go:build kafka

package moneysuite

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/moneysuite/oracle"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/topics"
)

// patience bounds the whole test; reaching it is a failure.
const patience = 12 * time.Minute

// fleet is a broker, and the processes that run on it.
type fleet struct {
	t       *testing.T
	ctx     context.Context
	cluster *kafkatest.Cluster
	client  *kgo.Client
	binary  string
	url     string // of the database, as the processes reach it
	members []*member
}

// member is a process, or the place of one.
type member struct {
	process *proctest.Process
	http    string
	args    []string
}

func startFleet(t *testing.T, url string, size int) *fleet {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	f := &fleet{t: t, ctx: ctx, url: url, binary: proctest.Build(t, "github.com/rmn-arms/campaign-engine/cmd/campaignd")}
	f.cluster = kafkatest.Start(t, kafkatest.Options{})
	f.client = f.connect()
	_, err := topics.NewAdmin(f.client).Apply(ctx, topics.Streams(), topics.Options{Partitions: partitions})
	f.must(err)
	keys := filepath.Join(t.TempDir(), "keys.json")
	_, err = signing.Add(keys)
	f.must(err)
	for i := range size {
		http := net.JoinHostPort("127.0.0.1", strconv.Itoa(proctest.Port(t)))
		m := &member{http: http, args: []string{
			"run", "--brokers", f.cluster.Brokers()[0], "--instance-id", fmt.Sprintf("engine-%d", i), "--http-listen", http,
			"--database-url", url, "--signing-keys", keys,
		}}
		f.members = append(f.members, m)
		f.start(m)
	}
	f.ready()
	return f
}

// partitions of each topic.
const partitions = 8

func (f *fleet) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) connect(opts ...kgo.Opt) *kgo.Client {
	f.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(f.cluster.Brokers()...), kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.ProducerLinger(5 * time.Millisecond), kgo.MaxBufferedRecords(20_000),
	}, opts...)...)
	f.must(err)
	f.t.Cleanup(client.Close)
	return client
}

func (f *fleet) start(m *member, more ...string) {
	f.t.Helper()
	m.process = proctest.Start(f.t, proctest.Command{Path: f.binary, Args: append(m.args, more...)})
}

func (f *fleet) ready() {
	f.t.Helper()
	for _, m := range f.members {
		if err := m.process.AwaitHTTP("http://"+m.http+"/readyz", patience); err != nil {
			f.t.Fatalf("waiting for an engine: %v", err)
		}
	}
}

// stop ends all processes by SIGTERM.
func (f *fleet) stop(members ...*member) {
	f.t.Helper()
	for _, m := range members {
		f.must(m.process.Terminate())
	}
	for _, m := range members {
		if code, err := m.process.Wait(patience); err != nil || code != 0 {
			f.t.Errorf("an engine ended with %d, %v\n%s", code, err, m.process.Report())
		}
	}
}

// follow reads a topic from its start, read_committed, and hands each record to see until see says that it is enough.
func (f *fleet) follow(name topics.Name, see func(*kgo.Record) (enough bool)) error {
	reader, err := kgo.NewClient(kgo.SeedBrokers(f.cluster.Brokers()...), kgo.ConsumeTopics(string(name)),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		fetches := reader.PollFetches(f.ctx)
		if f.ctx.Err() != nil {
			return fmt.Errorf("following %s: %w", name, context.Cause(f.ctx))
		}
		for iterator := fetches.RecordIter(); !iterator.Done(); {
			if see(iterator.Next()) {
				return nil
			}
		}
	}
}

// ends returns where the partitions of a topic end for a read_committed reader.
func (f *fleet) ends(ctx context.Context, name topics.Name) (map[int32]int64, error) {
	listed, err := kadm.NewClient(f.client).ListCommittedOffsets(ctx, string(name))
	if err != nil {
		return nil, err
	}
	ends := make(map[int32]int64)
	listed.Each(func(end kadm.ListedOffset) { ends[end.Partition] = end.Offset })
	return ends, listed.Error()
}

// each hands every committed record that a topic holds now to take.
func (f *fleet) each(name topics.Name, take func(oracle.Record) error) {
	f.t.Helper()
	f.must(kafkatest.Read(f.ctx, f.cluster.Brokers(), func(r *kgo.Record) error {
		return take(oracle.Record{Partition: r.Partition, Offset: r.Offset, Key: string(r.Key), Value: r.Value})
	}, string(name)))
}
