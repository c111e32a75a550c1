package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

type publishCommand struct {
	connection `embed:""`
	File       string `arg:"" help:"File of JSON lines or of one JSON array, or - for standard input."`
	Topic      string `name:"topic" default:"${events}" placeholder:"TOPIC" help:"Topic to publish to (default ${default})."`
	Force      bool   `name:"force" help:"Publish to a topic that only the engine writes, or that the event is not for, too."`
	SkipBad    bool   `name:"skip-bad" help:"Leave out lines that cannot be published, instead of refusing them all."`
	JSON       bool   `name:"json" help:"Print the counts as JSON."`
}

// Help implements kong.HelpProvider.
func (publishCommand) Help() string {
	return `Each line, or each element of an array, is a CloudEvent in JSON; its subject, else the campaign_id of its data,
becomes the record's key. A file is read through before anything is published: if an event is not JSON, has neither, is too
long or is for another topic (plays go to --topic plays), nothing is. Standard input is published as it comes, up to the
first such event. Events that the engine will not take are published and turn up in dead-letters.

    campaignctl publish campaigns.jsonl
    campaignctl generate --campaigns 100 | campaignctl publish -`
}

const (
	badLinesShownMax = 10
	// flushMax is how long records on their way may take when the publishing has been interrupted.
	flushMax           = 5 * time.Second
	deliveryMax        = 30 * time.Second
	bufferedMaxRecords = 10_000
	bufferedMaxBytes   = 64 << 20
)

var (
	errBadLines    = errors.New("that cannot be published (--skip-bad leaves such out)")
	errInterrupted = errors.New("interrupted")
)

// Run implements the command.
func (c *publishCommand) Run(ctx context.Context, on console) error {
	if err := c.checkTopic(); err != nil {
		return err
	}
	input, size, again, err := c.open(on.in)
	if err != nil {
		return err
	}
	defer input.Close()
	if again != nil && !c.SkipBad {
		if err := c.check(ctx, on, input, size); err != nil {
			return err
		}
		if err := again(); err != nil {
			return fmt.Errorf("reading %s again: %w", c.File, err)
		}
	}
	client, err := c.reach(ctx,
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerBatchMaxBytes(topics.InputMaxBytes/4), kgo.UnknownTopicRetries(3),
		kgo.MaxBufferedRecords(bufferedMaxRecords), kgo.MaxBufferedBytes(bufferedMaxBytes),
		// What comes after a record that was lost must not overtake it.
		kgo.StopProducerOnDataLossDetected(), kgo.RecordDeliveryTimeout(deliveryMax),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := partitionsOf(ctx, client, topics.Write, topics.Name(c.Topic)); err != nil {
		return c.sign(err)
	}
	return c.sign(c.publish(ctx, on, client, input, size))
}

// checkTopic refuses the topics that only the engine writes: what others put there is taken for its own. Error: errSwitches.
func (c *publishCommand) checkTopic() error {
	stream, known := topics.StreamNamed(topics.Name(c.Topic))
	if !known || stream.Source != "" || c.Force {
		return nil
	}
	return wrongSwitches(fmt.Errorf("--topic: only the engine writes %s, and takes what is there for its own; "+
		"events go to %s (--force publishes all the same)", c.Topic, topics.CampaignEvents))
}

// open returns the input, its size if that is known, and, for a file that can be read twice, how to go back to its
// beginning.
func (c *publishCommand) open(stdin io.Reader) (input io.ReadCloser, size int64, again func() error, err error) {
	if c.File == "-" {
		return io.NopCloser(stdin), 0, nil, nil
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("opening the events: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, nil, errors.Join(fmt.Errorf("opening the events: %w", err), file.Close())
	}
	if !info.Mode().IsRegular() {
		return file, 0, nil, nil
	}
	return file, info.Size(), func() error {
		_, err := file.Seek(0, io.SeekStart)
		return err
	}, nil
}

// check reads the file through and tells its bad lines.
func (c *publishCommand) check(ctx context.Context, on console, input io.Reader, size int64) error {
	shown := showProgress(on.errs, "checking", size, on.errsIsTerminal)
	bad := badLines{}
	err := c.eachEvent(ctx, input, shown, func(place, string, []byte) error { return nil }, bad.add)
	shown.end()
	if err != nil {
		return err
	}
	if bad.count > 0 {
		bad.tell(on.errs)
		return fmt.Errorf("publishing %s: nothing was published: %s %w", c.File, bad.counted(), errBadLines)
	}
	return nil
}

// eachEvent calls take for each event and its key, or bad for one that cannot be published; an error of either ends the
// reading.
func (c *publishCommand) eachEvent(
	ctx context.Context, input io.Reader, shown progress, take func(at place, key string, event []byte) error,
	bad func(at place, why error) error,
) error {
	from := sourceOf(input)
	for ctx.Err() == nil {
		event, err := from.next()
		at, bytes := from.at()
		key := ""
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, errLineLong):
			return fmt.Errorf("reading %s: %w", at, err)
		case err == nil:
			var kind schemas.Type
			if key, kind, err = keyOf(event); err == nil && !c.Force {
				err = fits(kind, topics.Name(c.Topic))
			}
		}
		if err != nil {
			err = bad(at, err)
		} else {
			err = take(at, key, event)
		}
		if err != nil {
			return err
		}
		shown.at(bytes)
	}
	return errInterrupted
}

// badLines keeps the first of the events that cannot be published, and counts all.
type badLines struct {
	count int
	unit  string
	shown []string
}

func (b *badLines) add(at place, why error) error {
	b.unit = at.unit
	if b.count++; len(b.shown) < badLinesShownMax {
		b.shown = append(b.shown, fmt.Sprintf("%s: %v", at, why))
	}
	return nil
}

func (b *badLines) counted() string { return counted(b.count, b.unit) }

// counted writes a number of things.
func counted(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", count, noun)
}

func (b *badLines) tell(to io.Writer) {
	for _, line := range b.shown {
		fmt.Fprintln(to, line)
	}
	if more := b.count - len(b.shown); more > 0 {
		fmt.Fprintf(to, "and %d more\n", more)
	}
}

// published is what became of a publishing.
type published struct {
	Published int     `json:"published"`
	Skipped   int     `json:"skipped"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
}

func (c *publishCommand) publish(ctx context.Context, on console, client *kgo.Client, input io.Reader, size int64) error {
	began := on.now()
	shown := showProgress(on.errs, "publishing", size, on.errsIsTerminal)
	bad := badLines{}
	refuse := bad.add
	if !c.SkipBad {
		refuse = func(at place, why error) error { return fmt.Errorf("%s: %w", at, why) }
	}
	sent := newSending(ctx, client, topics.Name(c.Topic))
	err := c.eachEvent(sent.ctx, input, shown, sent.send, refuse)
	shown.end()
	count, sendErr := sent.end()
	switch {
	case sendErr != nil:
		err = sendErr
	case ctx.Err() != nil:
		err = errInterrupted
	}
	bad.tell(on.errs)
	result := published{Published: count, Skipped: bad.count, Seconds: on.now().Sub(began).Seconds()}
	if result.Seconds > 0 {
		result.PerSecond = float64(count) / result.Seconds
	}
	if c.JSON {
		err = errors.Join(err, printJSON(on.out, result))
	} else {
		fmt.Fprintf(on.errs, "published %s in %.1f s (%.0f/s)", counted(count, "event"), result.Seconds, result.PerSecond)
		if bad.count > 0 {
			fmt.Fprintf(on.errs, ", left %s out", bad.counted())
		}
		fmt.Fprintln(on.errs)
	}
	if err != nil {
		return fmt.Errorf("publishing %s: after %s: %w", c.File, counted(count, "event"), err)
	}
	return nil
}

// sending is records on their way to one topic.
type sending struct {
	// ctx ends with the caller's, and with the first record that fails.
	ctx    context.Context
	cancel context.CancelFunc
	client *kgo.Client
	topic  topics.Name

	mu        sync.Mutex
	published int
	failed    error
}

func newSending(ctx context.Context, client *kgo.Client, topic topics.Name) *sending {
	s := &sending{client: client, topic: topic}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// send hands a record over; it waits while too many are on their way.
func (s *sending) send(at place, key string, event []byte) error {
	record := &kgo.Record{Topic: string(s.topic), Key: []byte(key), Value: append([]byte(nil), event...)}
	s.client.Produce(s.ctx, record, func(_ *kgo.Record, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if err == nil {
			s.published++
			return
		}
		if s.failed == nil && s.ctx.Err() == nil {
			s.failed = fmt.Errorf("%s: %w", at, topics.Needing(err, topics.Write, s.topic))
		}
		s.cancel()
	})
	return nil
}

// end waits until every record has arrived or failed, and returns how many arrived and the first failure.
func (s *sending) end() (published int, failed error) {
	defer s.cancel()
	limit := deliveryMax + flushMax
	if s.ctx.Err() != nil {
		limit = flushMax
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), limit)
	defer cancel()
	err := s.client.Flush(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil && err != nil {
		s.failed = fmt.Errorf("waiting for the brokers: %w", err)
	}
	return s.published, s.failed
}
