// Package story is make demo: one night of three campaigns in two stores, under a clock that is driven, told as it goes, and
// then compared with what must have come of it.
//
//	story.go     all of it together
//	night.go     what happens, and when: the script
//	event.go     the events that it publishes
//	clock.go     the clock: fast between the instants at which something happens, as fast as time at them
//	stage.go     how a step is made and waited for
//	seen.go      what was seen of the topics, and screens.go of the devices
//	stores.go    the simulated stores
//	facts.go     what was seen, as lines
//	laws.go      what must hold whatever the script
//	expected.txt what must have come of it, written by hand, and compare.go the comparison
//	letters.go   the mails, wallet.go the tables, and show.go what is shown at the end
package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/demo"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
)

// Rate is how many times as fast as time the clock goes where nothing happens: nine hours take a quarter of a minute. Most of the
// minute that the demonstration may last is left to what has to be done, on a busy machine.
const Rate = 2000

// Settings are what the story is given.
type Settings struct {
	Connect []kgo.Opt
	Process demo.Process
	// Clock is the one that the process goes by, too.
	Clock *Clock
	// Folder is the data folder; the devices' disks are in it. Mails is where the mails are kept.
	Folder, Mails string
	// Keys returns the public keys by which devices verify commands, as a JWK set.
	Keys func() []byte
	// Database returns the address of the tables, or why there are none for good, nor mails.
	Database func(ctx context.Context) (url string, err error)
	// Expected is what must come of it; Expected() unless a test has other plans.
	Expected string
	// Colour says that out is a terminal that shows colours.
	Colour bool
}

// ErrDiffers says that something is not as it must be; what, was told.
var ErrDiffers = errors.New("something is not as it must be, see above")

// Tell tells the story on out while it happens, and compares what has come of it. Errors: ErrDiffers; the context's, when it
// ended before the story; others say what could not be done.
func Tell(ctx context.Context, out io.Writer, s Settings) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening the server of contents: %w", err)
	}
	client, err := kgo.NewClient(slices.Concat(s.Connect, []kgo.Opt{
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(fetchMaxWait),
	})...)
	if err != nil {
		return errors.Join(fmt.Errorf("making the story's client: %w", err), listener.Close())
	}
	defer client.Close()
	t := newStage(out, s, client, "http://"+listener.Addr().String())
	return t.play(ctx, listener)
}

// fetchMaxWait is how long the broker may keep a fetch that finds nothing.
const fetchMaxWait = 500 * time.Millisecond

// play runs all parts, and the story among them; the end of the story ends the others.
func (t *stage) play(ctx context.Context, listener net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { t.part(ctx, content.Serve(ctx, listener, content.Handler("", content.Faults{}))) })
	if err := t.await(ctx, "the engine is ready", func() bool { return len(t.Process.NotReady()) == 0 }); err != nil {
		return err
	}
	if err := t.findTables(ctx); err != nil {
		return err
	}
	t.client.AddConsumeTopics(t.seen.topics()...)
	running.Go(func() { t.read(ctx) })
	running.Go(func() { t.part(ctx, t.stores(ctx)) })
	return t.tell(ctx)
}

// part hands on what a part has ended with, unless the end had come.
func (t *stage) part(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	select {
	case t.failed <- err:
	case <-ctx.Done():
	}
}

// read hands on what comes in the topics until ctx ends.
func (t *stage) read(ctx context.Context) {
	for {
		fetches := t.client.PollFetches(ctx)
		if ctx.Err() != nil {
			return
		}
		fetches.EachError(func(topic string, _ int32, err error) { t.part(ctx, fmt.Errorf("reading %s: %w", topic, err)) })
		select {
		case t.records <- fetches.Records():
		case <-ctx.Done():
			return
		}
	}
}

// hear hands on what a simulated device tells.
func (t *stage) hear(ctx context.Context) journal.Sink {
	return func(l journal.Line) {
		select {
		case t.lines <- l:
		case <-ctx.Done():
		}
	}
}
