package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Process is what the demonstration asks of the process.
type Process interface {
	// NotReady says what is waited for; empty when it is ready.
	NotReady() []string
	// Tables says why the tables in Postgres are not written, "" when they are.
	Tables() string
}

// Show publishes the demonstration when the process is ready, and tells on out what becomes of every campaign until ctx
// ends.
func Show(ctx context.Context, out io.Writer, connect []kgo.Opt, process Process) error {
	if !await(ctx, process.NotReady) {
		return nil
	}
	client, err := kgo.NewClient(slices.Concat(connect, []kgo.Opt{
		kgo.ConsumeTopics(string(topics.TransitionsApplied), string(topics.TransitionsRejected), string(topics.DeadLetters),
			string(topics.Plays), string(topics.CampaignStatements), string(topics.BudgetReleased)),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequiredAcks(kgo.AllISRAcks()),
	})...)
	if err != nil {
		return fmt.Errorf("making the demonstration's client: %w", err)
	}
	defer client.Close()
	steps, err := script(time.Now())
	if err != nil {
		return err
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.after, b.after) })
	fmt.Fprint(out, heading)
	published := make(chan error, 1)
	go func() { published <- publish(ctx, client, steps) }()
	newTeller(out, steps, process.Tables).run(ctx, client)
	return <-published
}

// await waits until the process is ready; false when ctx ended.
func await(ctx context.Context, notReady func() []string) bool {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for len(notReady()) > 0 {
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
	return true
}

// record is what is published.
func (s *step) record() (*kgo.Record, error) {
	value, err := json.Marshal(s.event)
	if err != nil {
		return nil, fmt.Errorf("publishing the demonstration: %w", err)
	}
	return &kgo.Record{Topic: string(s.topic), Key: []byte(s.event.Subject), Value: value}, nil
}

// publish sends each event when its time has come.
func publish(ctx context.Context, client *kgo.Client, steps []step) error {
	began := time.Now()
	for _, s := range steps {
		timer := time.NewTimer(time.Until(began.Add(s.after)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		record, err := s.record()
		if err != nil {
			return err
		}
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil && ctx.Err() == nil {
			return fmt.Errorf("publishing the demonstration: %w", err)
		}
	}
	return nil
}

// teller writes the running account.
type teller struct {
	out      io.Writer
	tables   func() string
	first    string          // the campaign that the demonstration begins with
	waiting  map[string]bool // its campaigns that have released nothing yet
	reported reports
}

func newTeller(out io.Writer, steps []step, tables func() string) *teller {
	t := &teller{out: out, tables: tables, first: steps[0].event.Subject, waiting: map[string]bool{}, reported: reports{}}
	for _, s := range steps {
		t.waiting[s.event.Subject] = true
	}
	return t
}

// run tells of each record that comes, until ctx ends.
func (t *teller) run(ctx context.Context, client *kgo.Client) {
	for ctx.Err() == nil {
		within, cancel := context.WithTimeout(ctx, t.reported.wait(time.Now()))
		fetches := client.PollFetches(within)
		cancel()
		now := time.Now()
		for _, r := range inOrder(fetches.Records()) {
			t.tell(r, now)
		}
		for _, line := range t.reported.due(now) {
			t.line(line)
		}
	}
}

// inOrder puts releases behind all else: that of a lock behind its statement, which is in another topic.
func inOrder(records []*kgo.Record) []*kgo.Record {
	isRelease := func(r *kgo.Record) int {
		if r.Topic == string(topics.BudgetReleased) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(records, func(a, b *kgo.Record) int { return isRelease(a) - isRelease(b) })
	return records
}

// tell writes a line for a record, and how to go on when the demonstration's campaigns have released what they did not spend.
func (t *teller) tell(r *kgo.Record, now time.Time) {
	campaign := string(r.Key)
	if r.Topic == string(topics.Plays) {
		t.reported.add(campaign, now)
		return
	}
	line, released := describe(r)
	if line == "" {
		return
	}
	if r.Topic == string(topics.CampaignStatements) {
		t.line(t.reported.tell(campaign, now))
	}
	t.line(line)
	if released && t.waiting[campaign] {
		if delete(t.waiting, campaign); len(t.waiting) == 0 {
			fmt.Fprint(t.out, howToGoOn(t.first, t.tables()))
		}
	}
}

// line writes a line; "" writes none.
func (t *teller) line(text string) {
	if text != "" {
		fmt.Fprintln(t.out, timeline.Printable(text))
	}
}
