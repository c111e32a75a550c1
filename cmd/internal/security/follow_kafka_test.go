//go:build kafka

package security

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// client returns a client of a user, at the listener for logins; an empty name is one that may do everything.
func (c *cluster) client(t *testing.T, user string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	brokers := c.Brokers()
	if user != "" {
		brokers = []string{c.Listening(0, login)}
		options = append(options, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()))
	}
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	must(t, err)
	t.Cleanup(client.Close)
	return client
}

func publish(t *testing.T, client *kgo.Client, records ...*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	must(t, client.ProduceSync(ctx, records...).FirstErr())
}

// outputs is what has been committed to the outputs so far, by transition and by refused key.
type outputs struct {
	mu   sync.Mutex
	seen map[string]int
	all  strings.Builder // all values, to look for what must not be there
}

// follow reads the outputs until the test ends.
func (c *cluster) follow(t *testing.T) *outputs {
	t.Helper()
	o := &outputs{seen: map[string]int{}}
	reader := c.client(t, "", kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumeTopics(string(topics.TransitionsApplied), string(topics.TransitionsRejected), string(topics.DeadLetters),
			string(topics.BudgetReleased), string(topics.CampaignStatements)))
	go func() {
		for {
			fetches := reader.PollFetches(context.Background())
			if fetches.IsClientClosed() {
				return
			}
			fetches.EachRecord(o.take)
		}
	}()
	return o
}

// take notes a record as "topic key", and an applied transition also as its id.
func (o *outputs) take(r *kgo.Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen[r.Topic+" "+string(r.Key)]++
	o.all.Write(r.Value)
	if applied, refusal := topics.DecodeApplied(r.Value); refusal == nil && r.Topic == string(topics.TransitionsApplied) {
		o.seen[applied.Data.TransitionID]++
	}
}

// await waits until each of the things has been seen, and fails when one is there more than once.
func (o *outputs) await(t *testing.T, things ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	must(t, proctest.Await(ctx, func(context.Context) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, thing := range things {
			switch o.seen[thing] {
			case 0:
				return missingError(thing)
			case 1:
			default:
				t.Fatalf("%s came %d times", thing, o.seen[thing])
			}
		}
		return nil
	}))
}

type missingError string

func (e missingError) Error() string { return "there is no " + string(e) }
