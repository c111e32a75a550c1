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

	"github.com/rmn-arms/campaign-engine/topics"
)

// Show publishes the demonstration when the process is ready, and tells on out what becomes of every campaign until ctx
// ends.
func Show(ctx context.Context, out io.Writer, connect []kgo.Opt, notReady func() []string) error {
	if !await(ctx, notReady) {
		return nil
	}
	client, err := kgo.NewClient(slices.Concat(connect, []kgo.Opt{
		kgo.ConsumeTopics(string(topics.TransitionsApplied), string(topics.TransitionsRejected), string(topics.DeadLetters)),
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
	tell(ctx, out, client, steps)
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
		value, err := json.Marshal(s.event)
		if err != nil {
			return fmt.Errorf("publishing the demonstration: %w", err)
		}
		record := &kgo.Record{Topic: string(topics.CampaignEvents), Key: []byte(s.event.Subject), Value: value}
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil && ctx.Err() == nil {
			return fmt.Errorf("publishing the demonstration: %w", err)
		}
	}
	return nil
}

// tell writes a line for each record that comes, and how to go on when the demonstration's campaigns are settled.
func tell(ctx context.Context, out io.Writer, client *kgo.Client, steps []step) {
	unsettled := map[string]bool{}
	for _, s := range steps {
		unsettled[s.event.Subject] = true
	}
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		fetches.EachRecord(func(r *kgo.Record) {
			line, settled := describe(r)
			if line == "" {
				return
			}
			fmt.Fprintln(out, line)
			if settled && unsettled[string(r.Key)] {
				if delete(unsettled, string(r.Key)); len(unsettled) == 0 {
					fmt.Fprint(out, howToGoOn(string(r.Key)))
				}
			}
		})
	}
}
