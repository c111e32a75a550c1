package ceiling

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	patience   = 2 * time.Minute
	valueBytes = 600
)

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func connect(t *testing.T, brokers []string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(brokers...), kgo.MetadataMinAge(metadataMinAge))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// fill produces count records with the keys 0, 1, 2, ...
func fill(t *testing.T, brokers []string, topic string, count int) {
	t.Helper()
	client := connect(t, brokers)
	ctx := limited(t)
	produced := kgo.AbortingFirstErrPromise(client)
	value := make([]byte, valueBytes)
	for i := range count {
		client.Produce(ctx, &kgo.Record{Topic: topic, Key: fmt.Append(nil, i), Value: value}, produced.Promise())
	}
	if err := produced.Err(); err != nil {
		t.Fatal(err)
	}
}

// copiesOnce checks that Copy copies the first records of a source that has more, each once.
func copiesOnce(t *testing.T, brokers []string, count int) Result {
	t.Helper()
	fill(t, brokers, "source", count+100)
	result, err := Copy(limited(t), Work{Brokers: brokers, Source: "source", Target: "target", Records: count})
	if err != nil {
		t.Fatal(err)
	}
	if result.Records != count || result.Transactions < count/transactionMaxRecords || result.Elapsed <= 0 {
		t.Errorf("result %+v", result)
	}
	times := map[string]int{}
	read := 0
	var last time.Time
	err = Watch(limited(t), brokers, []string{"target"}, func(visibleAt time.Time, records []*kgo.Record) bool {
		if visibleAt.Before(last) {
			t.Errorf("visible at %v, after records visible at %v", visibleAt, last)
		}
		last = visibleAt
		for _, r := range records {
			times[string(r.Key)]++
		}
		read += len(records)
		return read < count
	})
	if err != nil || read != count || len(times) != count {
		t.Errorf("read %d records with %d keys, %v; want %d", read, len(times), err, count)
	}
	return result
}

// seesOnlyCommitted checks that Watch shows a record of a transaction after its commit and not before.
func seesOnlyCommitted(t *testing.T, brokers []string) {
	t.Helper()
	ctx := limited(t)
	producer := connect(t, brokers, kgo.TransactionalID("watched"), kgo.DefaultProduceTopic("watched"))
	produce := func(text string) {
		if err := producer.ProduceSync(ctx, kgo.StringRecord(text)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	type sight struct {
		at   time.Time
		text string
	}
	sights := make(chan sight, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- Watch(ctx, brokers, []string{"watched"}, func(visibleAt time.Time, records []*kgo.Record) bool {
			for _, r := range records {
				sights <- sight{visibleAt, string(r.Value)}
			}
			return string(records[len(records)-1].Value) != "last"
		})
	}()
	for _, text := range []string{"first", "last"} { // the second commit is made while the reader waits for it
		if err := producer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		produce(text)
		if err := topics.Settle(ctx, producer); err != nil {
			t.Fatal(err)
		}
		committing := time.Now()
		if err := producer.EndTransaction(ctx, kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
		if got := <-sights; got.text != text || got.at.Before(committing) {
			t.Errorf("saw %q at %v, want %q after %v", got.text, got.at, text, committing)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func inProcess(t *testing.T) []string {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, "source", "target", "watched"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()
}

func TestOnTheInProcessBroker(t *testing.T) {
	brokers := inProcess(t)
	result := copiesOnce(t, brokers, 25_000)
	t.Logf("%.0f records/s, %+v", result.PerSecond(), result)
	seesOnlyCommitted(t, brokers)
}

func TestCopyEndsWithItsContext(t *testing.T) {
	brokers := inProcess(t)
	fill(t, brokers, "source", 10)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	result, err := Copy(ctx, Work{Brokers: brokers, Source: "source", Target: "target", Records: 11})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%+v, error %v, want the deadline", result, err)
	}
}
