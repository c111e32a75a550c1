package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/term"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
	"github.com/rmn-arms/campaign-engine/cmd/internal/logging"
	"github.com/rmn-arms/campaign-engine/cmd/internal/run"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/cmd/internal/story"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/mailer/letter"
	"github.com/rmn-arms/campaign-engine/processors/mailer/post"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

type demoCommand struct {
	Keep  bool   `name:"keep" help:"Keep the data folder, and say where it is."`
	Rate  int64  `name:"rate" default:"${story_rate}" placeholder:"N" help:"How many times as fast as time the clock goes where nothing happens (default ${default})."`
	Level string `name:"log-level" enum:"debug,info,warn,error" default:"error" help:"Least level that the engine logs: ${enum} (default ${default})."`

	// What usual fills in, and tests fill in otherwise.
	out      io.Writer
	expected string
	database func(folder string, log zerolog.Logger) *database
}

// usual fills in what is as it usually is.
func (c *demoCommand) usual() {
	if c.out == nil {
		c.out = os.Stdout
	}
	if c.expected == "" {
		c.expected = story.Expected()
	}
	if c.database == nil {
		c.database = func(folder string, log zerolog.Logger) *database { return newDatabase("", folder, log) }
	}
}

// Help implements kong.HelpProvider.
func (*demoCommand) Help() string {
	return `One night of three campaigns in two stores, in half a minute: the whole engine, on a broker and a Postgres of its own in
a folder that is gone afterwards, under a clock that flies. What has come of it is compared with what must: it ends with 0 when
everything is as it must be, else with 1 and what differs.`
}

// demoMax bounds the demonstration, a slow machine's too.
const demoMax = 58 * time.Second

var (
	errInterrupted = errors.New("interrupted: nothing was compared")
	errDemoUnread  = errors.New("nobody reads what it tells any more: it ended early, and nothing was compared")
	errDemoSlow    = fmt.Errorf("the demonstration is not over after %s, and nothing was compared", demoMax)
)

// Run implements the command.
func (c *demoCommand) Run(ctx context.Context) (err error) {
	if c.Rate < 1 || c.Rate > processors.DrivenRateMax {
		return wrongSwitches(fmt.Errorf("--rate: must lie between 1 and %d", processors.DrivenRateMax))
	}
	c.usual()
	folder, closeFolder, err := openDemoFolder(c.Keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeFolder()) }()
	told, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	defer onSignal(syscall.SIGPIPE, func() { cut(errDemoUnread) })()
	bounded, cancel := context.WithTimeoutCause(told, demoMax, errDemoSlow)
	defer cancel()
	err = c.play(bounded, folder, logging.New(os.Stderr, logging.Switches{Level: c.Level}))
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case errors.Is(context.Cause(told), errDemoUnread):
		return errDemoUnread
	case errors.Is(err, context.DeadlineExceeded):
		return context.Cause(bounded)
	}
	return err
}

// play runs the engine, and the story on it.
func (c *demoCommand) play(ctx context.Context, folder string, log zerolog.Logger) (err error) {
	broker, err := embed.Open(embed.Settings{DataDir: folder, Listen: "127.0.0.1:0", Logger: logging.ForBroker(log)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.Close()) }()
	kafka := config.Kafka{Brokers: []string{broker.Address()}}
	connect, err := kafka.Connect("campaignd-demo")
	if err != nil {
		return err
	}
	connect = append(connect, kgo.WithLogger(logging.ForKafka(log)))
	keys, _, err := signing.OpenRing(filepath.Join(folder, "signing-keys.json"), true)
	if err != nil {
		return err
	}
	tables := c.database(folder, log)
	sender, err := letter.NewSender(demoSender, "")
	if err != nil {
		return err
	}
	mails := filepath.Join(folder, mailFolder)
	clock := story.NewClock(story.Start(), c.Rate)
	process, err := run.New(run.Settings{
		Connect: connect, Kafka: kafka, Instance: "demo", CommitInterval: demoCommit, Groups: topics.Groups(),
		Topics: topics.Options{Partitions: demoPartitions}, Database: tables.url, Keys: keys,
		Mails: run.Mails{
			Sender: sender, Transport: post.NewFolder(mails), To: "the folder " + mails, Rate: demoMailRate, MaxAge: demoMailAge,
		},
		Campaigns: processors.Settings{DistributionLead: instant.Millis(story.Lead.Milliseconds())},
		Clock:     clock.Engine(), Log: log, Registry: newRegistry(),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return together(ctx, cancel, []func(context.Context) error{
		func(ctx context.Context) error { return errors.Join(process.Run(ctx), tables.end()) },
		tables.keep,
		func(ctx context.Context) error {
			return story.Tell(ctx, c.out, story.Settings{
				Connect: connect, Process: process, Clock: clock, Folder: folder, Mails: mails, Keys: keys.Public,
				Database: tables.url,
				Expected: c.expected, Colour: c.colour(),
			})
		},
	})
}

// colour says whether out shows colours.
func (c *demoCommand) colour() bool {
	file, is := c.out.(*os.File)
	return is && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == "" // https://no-color.org
}

const (
	demoPartitions = 4
	demoCommit     = 20 * time.Millisecond
	demoSender     = "Campaigns <campaigns@engine.example>"
	demoMailRate   = 20
	demoMailAge    = instant.Millis(24 * 60 * 60 * 1000)
)
