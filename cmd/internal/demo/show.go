package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Process is what the demonstration asks of the process.
type Process interface {
	// NotReady says what is waited for; empty when it is ready.
	NotReady() []string
	// Tables says why the tables in Postgres are not written, "" when they are.
	Tables() string
}

// Settings are what the demonstration is given.
type Settings struct {
	Connect []kgo.Opt
	Process Process
	// Folder is the data folder; the devices' disks are in it.
	Folder string
	// Keys returns the public keys by which devices verify commands, as a JWK set.
	Keys func() []byte
}

// Show publishes the demonstration when the process is ready, and tells on out what becomes of every campaign until ctx
// ends.
func Show(ctx context.Context, out io.Writer, s Settings) error {
	if !await(ctx, s.Process.NotReady) {
		return nil
	}
	client, err := kgo.NewClient(slices.Concat(s.Connect, []kgo.Opt{
		kgo.ConsumeTopics(string(topics.TransitionsApplied), string(topics.TransitionsRejected), string(topics.DeadLetters),
			string(topics.Plays), string(topics.CampaignReadiness), string(topics.CampaignStatements), string(topics.BudgetReleased)),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequiredAcks(kgo.AllISRAcks()),
	})...)
	if err != nil {
		return fmt.Errorf("making the demonstration's client: %w", err)
	}
	defer client.Close()
	listener, base, err := contents(ctx, s.Folder)
	if err != nil {
		return err
	}
	fmt.Fprint(out, heading)
	p := &play{client: client, base: base, teller: newTeller(out, s.Process.Tables)}
	return p.run(ctx, &s, listener)
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

// play is the demonstration while it runs.
type play struct {
	client *kgo.Client
	base   string // of contents
	teller *teller
}

// storesMax is how long the campaigns wait for the stores.
const storesMax = 10 * time.Second

// run tells what happens until ctx ends, or something cannot go on. The campaigns come when the stores are there.
func (p *play) run(ctx context.Context, s *Settings, listener net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	const parts = 3
	errs := make(chan error, parts)
	lines, records := make(chan journal.Line), make(chan []*kgo.Record)
	tell := func(l journal.Line) {
		select {
		case lines <- l:
		case <-ctx.Done():
		}
	}
	running.Go(func() { errs <- content.Serve(ctx, listener, content.Handler("", content.Faults{})) })
	running.Go(func() { errs <- simulate(ctx, s, tell) })
	running.Go(func() { p.read(ctx, records) })
	begin, tick := time.NewTimer(storesMax), time.NewTimer(0)
	defer begin.Stop()
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-errs:
			if err != nil && ctx.Err() == nil {
				return err
			}
		case l := <-lines:
			if p.teller.hear(&l) && begin.Stop() {
				begin.Reset(0)
			}
		case some := <-records:
			p.teller.tellAll(some, time.Now())
		case <-begin.C:
			steps, err := script(time.Now(), p.base)
			if err != nil {
				return err
			}
			slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.after, b.after) })
			p.teller.expect(steps)
			running.Go(func() { errs <- publish(ctx, p.client, steps) })
		case <-tick.C:
		}
		tick.Reset(p.teller.due(time.Now()))
	}
}

// read reads what becomes of campaigns until ctx ends.
func (p *play) read(ctx context.Context, into chan<- []*kgo.Record) {
	for {
		fetches := p.client.PollFetches(ctx)
		select {
		case into <- fetches.Records():
		case <-ctx.Done():
			return
		}
	}
}

// record is what is published.
func (s *step) record() (*kgo.Record, error) {
	value, err := json.Marshal(s.event)
	if err != nil {
		return nil, fmt.Errorf("publishing the demonstration: %w", err)
	}
	return &kgo.Record{Topic: string(topics.CampaignEvents), Key: []byte(s.event.Subject), Value: value}, nil
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
		if err := client.ProduceSync(ctx, record).FirstErr(); err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("publishing the demonstration: %w", err)
		}
	}
	return nil
}
