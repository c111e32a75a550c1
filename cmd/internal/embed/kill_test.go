package embed_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	victimEnv = "EMBED_VICTIM" // the data folder of a process that is to be killed

	kills          = 3
	inputsPerKill  = 300   // at least
	inputsPerLife  = 2_000 // at most: who is to kill may come late, and some are left for behind the last kill
	inputsInTotal  = 8_000
	inputsPerBatch = 5
)

// TestMain runs the tests, or, when a test started this binary for that, is the program that gets killed.
func TestMain(m *testing.M) {
	folder := os.Getenv(victimEnv)
	if folder == "" {
		os.Exit(m.Run())
	}
	if err := victim(context.Background(), folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestKilledBrokerKeepsTransactionsWhole kills a process that runs a broker and copies a topic through it in
// transactions, as the engine does, again and again: in the end every input is in every partition once, in order.
func TestKilledBrokerKeepsTransactionsWhole(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := proctest.Folder(t, "kill")
	last := 0
	for range kills {
		p := proctest.Start(t, proctest.Command{Path: self, Env: []string{victimEnv + "=" + folder}, Name: "victim"})
		last = awaitCopied(t, p, last+inputsPerKill)
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	b, _ := open(t, folder)
	if err := copyInputs(within(t), b, inputsInTotal, func(int64) {}); err != nil {
		t.Fatal(err)
	}
	var numbers []int64
	for number := range int64(inputsInTotal) {
		numbers = append(numbers, number)
	}
	got, _ := read(t, b)
	for p := range partitions {
		if fmt.Sprint(got[p]) != fmt.Sprint(numbers) {
			t.Errorf("partition %d holds %d numbers, %v ..., want 0 to %d once each in order",
				p, len(got[p]), got[p][:min(20, len(got[p]))], inputsInTotal-1)
		}
	}
}

// awaitCopied waits until the process has said that it committed at least so many inputs, and returns how many it did.
func awaitCopied(t *testing.T, p *proctest.Process, inputs int) (copied int) {
	t.Helper()
	ctx, stop := p.Context(within(t))
	defer stop()
	err := proctest.Await(ctx, func(context.Context) error {
		lines := strings.Fields(p.Stdout())
		if len(lines) > 1 { // the last may be cut off
			if _, err := fmt.Sscan(lines[len(lines)-2], &copied); err != nil {
				return err
			}
		}
		if copied < inputs {
			return fmt.Errorf("copied %d of %d", copied, inputs)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

func victim(ctx context.Context, folder string) error {
	b, err := embed.Open(embed.Settings{DataDir: folder, Listen: "127.0.0.1:0", Logger: silent{}})
	if err != nil {
		return err
	}
	if err := fill(ctx, b); err != nil {
		return err
	}
	if err := copyInputs(ctx, b, inputsPerLife, func(copied int64) { fmt.Println(copied) }); err != nil {
		return err
	}
	select {}
}

// fill creates the topics and writes the inputs, unless an earlier process did.
func fill(ctx context.Context, b *embed.Broker) error {
	c, err := kgo.NewClient(kgo.SeedBrokers(b.Address()))
	if err != nil {
		return err
	}
	defer c.Close()
	admin := kadm.NewClient(c)
	topics, err := admin.ListTopics(ctx)
	if err != nil || topics.Has(topic) {
		return err
	}
	if _, err := admin.CreateTopic(ctx, 1, -1, nil, source); err != nil {
		return err
	}
	var records []*kgo.Record
	for number := range inputsInTotal {
		records = append(records, &kgo.Record{Topic: source, Value: fmt.Append(nil, number)})
	}
	if err := c.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return err
	}
	_, err = admin.CreateTopic(ctx, partitions, -1, nil, topic)
	return err
}

// copyInputs writes every input to every partition, a few inputs per transaction, until all are committed, or as many as are wanted.
func copyInputs(ctx context.Context, b *embed.Broker, wanted int, committed func(copied int64)) error {
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(b.Address()), kgo.TransactionalID("engine-a"), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ConsumerGroup(group), kgo.InstanceID("a"), kgo.ConsumeTopics(source),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	)
	if err != nil {
		return err
	}
	defer session.Close()
	for copied := int64(0); copied < inputsInTotal && wanted > 0; {
		fetches := session.PollRecords(ctx, inputsPerBatch)
		if err := fetches.Err(); err != nil {
			return err
		}
		wanted -= fetches.NumRecords()
		if err := session.Begin(); err != nil {
			return err
		}
		var records []*kgo.Record
		fetches.EachRecord(func(r *kgo.Record) {
			for p := range int32(partitions) {
				records = append(records, &kgo.Record{Topic: topic, Partition: p, Value: r.Value})
			}
			copied = r.Offset + 1
		})
		if err := session.ProduceSync(ctx, records...).FirstErr(); err != nil {
			return err
		}
		if err := topics.Settle(ctx, session.Client()); err != nil {
			return err
		}
		switch ok, err := session.End(ctx, kgo.TryCommit); {
		case err != nil:
			return err
		case !ok:
			return errors.New("the transaction was aborted")
		}
		committed(copied)
	}
	return nil
}
