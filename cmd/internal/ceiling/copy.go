package ceiling

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	transactionMaxRecords = 10_000
	transactionMax        = 30 * time.Second
	abortsMax             = 10 // in a row
	metadataMinAge        = 50 * time.Millisecond
)

// ErrAborted says that transaction after transaction was aborted.
var ErrAborted = errors.New("transactions are aborted again and again")

// Work says what to copy.
type Work struct {
	Brokers        []string
	Source, Target string // topics; both exist
	Records        int    // how many to copy; Source holds at least as many
	// TransactionMaxRecords is how many go into one transaction, 10,000 by default. A transaction takes what is there.
	TransactionMaxRecords int
	// Client are further options, for security or compression.
	Client []kgo.Opt
}

// Result is what a copy took, from the arrival of the first record to the last commit.
type Result struct {
	Records, Transactions int
	Elapsed               time.Duration
	CPU                   time.Duration // user and system, of this whole process
}

// PerSecond returns the records copied in a second.
func (r Result) PerSecond() float64 { return float64(r.Records) / r.Elapsed.Seconds() }

// Copy copies records from one topic to another, exactly once, in one transactional session that commits as fast as it
// can: the least that a consumer, a producer and a transaction around both can cost. Joining the group is not counted.
// Errors: those of the broker, ErrAborted, and the context's.
func Copy(ctx context.Context, w Work) (Result, error) {
	if w.TransactionMaxRecords == 0 {
		w.TransactionMaxRecords = transactionMaxRecords
	}
	name := "ceiling-" + rand.Text() // a group of its own, so that it starts at the beginning
	session, err := kgo.NewGroupTransactSession(append([]kgo.Opt{
		kgo.SeedBrokers(w.Brokers...), kgo.MetadataMinAge(metadataMinAge),
		kgo.TransactionalID(name), kgo.TransactionTimeout(transactionMax), kgo.ProducerLinger(0),
		kgo.MaxBufferedRecords(2 * w.TransactionMaxRecords),
		kgo.ConsumerGroup(name), kgo.ConsumeTopics(w.Source),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}, w.Client...)...)
	if err != nil {
		return Result{}, fmt.Errorf("copying %s: %w", w.Source, err)
	}
	defer session.Close()
	result, err := copyAll(ctx, session, w)
	if err != nil {
		return result, fmt.Errorf("copying %s, %d of %d records copied: %w", w.Source, result.Records, w.Records, err)
	}
	return result, nil
}

func copyAll(ctx context.Context, session *kgo.GroupTransactSession, w Work) (result Result, err error) {
	var began time.Time
	var cpuBefore time.Duration
	for aborts := 0; result.Records < w.Records; {
		fetches := session.PollRecords(ctx, min(w.TransactionMaxRecords, w.Records-result.Records))
		if err := fetches.Err(); err != nil {
			return result, err
		}
		if fetches.NumRecords() == 0 {
			continue
		}
		if began.IsZero() {
			began, cpuBefore = time.Now(), cpuTime()
		}
		committed, err := copyOne(ctx, session, fetches, w.Target)
		switch {
		case err != nil:
			return result, err
		case committed:
			result.Records += fetches.NumRecords()
			result.Transactions++
			aborts = 0
		default: // a rebalance; the session goes back to the committed offsets
			if aborts++; aborts > abortsMax {
				return result, ErrAborted
			}
		}
		result.Elapsed, result.CPU = time.Since(began), cpuTime()-cpuBefore
	}
	return result, nil
}

// copyOne makes one transaction of what was fetched.
func copyOne(ctx context.Context, session *kgo.GroupTransactSession, fetches kgo.Fetches, target string) (bool, error) {
	if err := session.Begin(); err != nil {
		return false, err
	}
	produced := kgo.AbortingFirstErrPromise(session.Client())
	fetches.EachRecord(func(r *kgo.Record) {
		session.Produce(ctx, &kgo.Record{Topic: target, Key: r.Key, Value: r.Value, Headers: r.Headers}, produced.Promise())
	})
	if err := errors.Join(session.Client().Flush(ctx), topics.Settle(ctx, session.Client())); err != nil {
		return false, err
	}
	commit := kgo.TransactionEndTry(produced.Err() == nil)
	committed, err := session.End(ctx, commit)
	return committed, errors.Join(produced.Err(), err)
}

// cpuTime returns what this process has used so far, 0 if the system does not say.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
