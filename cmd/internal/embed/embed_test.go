package embed_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	// patience bounds waits that end by themselves when all is well.
	patience = 2 * time.Minute

	topic      = "facts"
	partitions = 2
	group      = "readers"
	source     = "source" // whose offsets the transactions commit
)

type silent struct{}

func (silent) Logf(kfake.LogLevel, string, ...any) {}

// open starts a broker and closes it at the end of the test, or before by the function returned.
func open(t *testing.T, folder string) (b *embed.Broker, closed func()) {
	t.Helper()
	b, err := embed.Open(embed.Settings{DataDir: folder, Listen: "127.0.0.1:0", Logger: silent{}})
	if err != nil {
		t.Fatal(err)
	}
	done := false
	closed = func() {
		if !done {
			done = true
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(closed)
	return b, closed
}

// killed returns a copy of the folder as a kill at this moment would leave it.
func killed(t *testing.T, folder string) string {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	return copied
}

func client(t *testing.T, b *embed.Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(b.Address()), kgo.MetadataMinAge(50*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// producer returns a transactional client, after creating the topics.
func producer(t *testing.T, b *embed.Broker) *kgo.Client {
	t.Helper()
	c := client(t, b, kgo.TransactionalID("engine-a"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for _, name := range []string{topic, source} {
		_, err := kadm.NewClient(c).CreateTopic(within(t), partitions, -1, nil, name)
		if err != nil && !strings.Contains(err.Error(), "TOPIC_ALREADY_EXISTS") {
			t.Fatal(err)
		}
	}
	return c
}

// begin opens a transaction that writes its number to every partition and commits it as the group's offset there.
func begin(t *testing.T, c *kgo.Client, number int64) {
	t.Helper()
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	var records []*kgo.Record
	offsets := make(map[string]map[int32]kgo.EpochOffset)
	offsets[source] = make(map[int32]kgo.EpochOffset)
	for p := range int32(partitions) {
		records = append(records, &kgo.Record{Topic: topic, Partition: p, Value: fmt.Append(nil, number)})
		offsets[source][p] = kgo.EpochOffset{Epoch: -1, Offset: number}
	}
	if err := c.ProduceSync(within(t), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := topics.Settle(within(t), c); err != nil {
		t.Fatal(err)
	}
	if err := commitOffsets(within(t), c, offsets[source]); err != nil {
		t.Fatal(err)
	}
}

func commit(t *testing.T, c *kgo.Client, number int64) {
	t.Helper()
	begin(t, c, number)
	if err := c.EndTransaction(within(t), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
}

// want checks what a read_committed reader sees: in every partition these numbers in this order, up to the log's end,
// and the last of them as the group's offset.
func want(t *testing.T, b *embed.Broker, numbers ...int64) {
	t.Helper()
	got, offsets := read(t, b)
	for p := range int32(partitions) {
		if fmt.Sprint(got[p]) != fmt.Sprint(numbers) {
			t.Errorf("partition %d holds %v, want %v", p, got[p], numbers)
		}
		if last := numbers[len(numbers)-1]; offsets[p] != last {
			t.Errorf("partition %d: the group's offset is %d, want %d", p, offsets[p], last)
		}
	}
}

func read(t *testing.T, b *embed.Broker) (got [partitions][]int64, offsets [partitions]int64) {
	t.Helper()
	ctx := within(t)
	c := client(t, b, kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	ends, err := kadm.NewClient(c).ListCommittedOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	left := partitions
	for left > 0 {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("with %d partitions left: %v", left, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				var number int64
				if _, err := fmt.Sscan(string(r.Value), &number); err != nil {
					t.Error(err)
				}
				got[r.Partition] = append(got[r.Partition], number)
			}
			if end, _ := ends.Lookup(topic, r.Partition); r.Offset == end.Offset-1 {
				left--
			}
		})
	}
	committed, err := kadm.NewClient(c).FetchOffsets(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	for p := range int32(partitions) {
		offset, _ := committed.Lookup(source, p)
		offsets[p] = offset.At
	}
	return got, offsets
}

func TestReopensWhatWasClosed(t *testing.T) {
	folder := t.TempDir()
	b, closed := open(t, folder)
	p := producer(t, b)
	commit(t, p, 1)
	begin(t, p, 2)
	if err := p.EndTransaction(within(t), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	commit(t, p, 3)
	p.Close()
	closed()
	again, closed := open(t, folder)
	want(t, again, 1, 3)
	commit(t, producer(t, again), 4)
	closed()
	b, _ = open(t, folder)
	want(t, b, 1, 3, 4)
}

func TestAnOpenTransactionOutlivesAKillAsAborted(t *testing.T) {
	b, _ := open(t, t.TempDir())
	folder := filepath.Dir(b.Folder())
	p := producer(t, b)
	commit(t, p, 1)
	begin(t, p, 2)
	for kill := range int64(3) {
		folder = killed(t, folder)
		b, _ = open(t, folder)
		p = producer(t, b)
		commit(t, p, 10+kill)
		begin(t, p, 20+kill)
	}
	want(t, b, 1, 10, 11, 12)
}

func TestAKillFencesWhoWasInATransaction(t *testing.T) {
	folder := t.TempDir()
	b, closed := open(t, folder)
	p := producer(t, b)
	commit(t, p, 1)
	id, epoch, err := p.ProducerID(within(t))
	if err != nil {
		t.Fatal(err)
	}
	copied := killed(t, folder)
	closed()
	after, _ := open(t, copied)
	c := client(t, after)
	err = endTransaction(within(t), c, "engine-a", id, epoch)
	if err == nil || !strings.Contains(err.Error(), "PRODUCER_FENCED") {
		t.Errorf("an old producer's end of a transaction: %v, want it fenced", err)
	}
}

func TestRefuses(t *testing.T) {
	folder := t.TempDir()
	b, _ := open(t, folder)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	cases := []struct {
		name, folder, listen string
		want                 error
		says                 string
	}{
		{"a folder in use", folder, "127.0.0.1:0", embed.ErrFolderInUse, fmt.Sprintf("process %d", os.Getpid())},
		{"a port in use", t.TempDir(), taken.Addr().String(), embed.ErrPort, "--embedded-listen"},
		{"another broker's port", t.TempDir(), b.Address(), embed.ErrPort, b.Address()},
		{"no port", t.TempDir(), "127.0.0.1", embed.ErrAddress, "HOST:PORT"},
		{"every address", t.TempDir(), ":19092", embed.ErrAddress, "dial"},
		{"every IPv4 address", t.TempDir(), "0.0.0.0:19092", embed.ErrAddress, "dial"},
		{"every IPv6 address", t.TempDir(), "[::]:19092", embed.ErrAddress, "dial"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := embed.Open(embed.Settings{DataDir: c.folder, Listen: c.listen, Logger: silent{}})
			if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("got %v, want %v saying %q", err, c.want, c.says)
			}
		})
	}
}

func TestAFolderIsFreeAfterARefusal(t *testing.T) {
	folder := t.TempDir()
	if _, err := embed.Open(embed.Settings{DataDir: folder, Listen: "nowhere", Logger: silent{}}); err == nil {
		t.Fatal("opened at an address without a port")
	}
	open(t, folder)
}

// TestTheFolderIsPreparedBeforeTheBrokerIsThere: by who has it, and the address, alone; what is refused then leaves no broker.
func TestTheFolderIsPreparedBeforeTheBrokerIsThere(t *testing.T) {
	folder := t.TempDir()
	refused := errors.New("not here")
	settings := embed.Settings{DataDir: folder, Listen: "127.0.0.1:0", Logger: silent{}}
	settings.Prepare = func() error {
		if _, err := os.Stat(filepath.Join(folder, "broker")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the broker has been here: %v", err)
		}
		if _, err := embed.Open(embed.Settings{DataDir: folder, Listen: settings.Listen, Logger: silent{}}); !errors.Is(err, embed.ErrFolderInUse) {
			t.Errorf("another one may have the folder: %v", err)
		}
		return refused
	}
	if _, err := embed.Open(settings); !errors.Is(err, refused) {
		t.Errorf("it is opened: %v", err)
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	settings.Listen = busy.Addr().String()
	if _, err := embed.Open(settings); errors.Is(err, refused) || err == nil {
		t.Errorf("it is prepared without an address: %v", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "broker")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a broker is left: %v", err)
	}
}
