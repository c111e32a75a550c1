package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
	"github.com/rmn-arms/campaign-engine/cmd/internal/httpd"
	"github.com/rmn-arms/campaign-engine/cmd/internal/lockfile"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/keys"
)

type runCommand struct {
	config.Kafka `embed:""`

	Stores   string        `name:"stores" required:"" placeholder:"FILE|ID,..." help:"The stores: their ids, or a file with a line per store: its id and, perhaps, those of its devices."`
	Devices  int           `name:"devices" default:"2" placeholder:"N" help:"How many devices a store has whose devices are not named: <store>-d1, ... (default ${default})."`
	StateDir string        `name:"state-dir" default:"./data/storesim" type:"path" placeholder:"FOLDER" help:"Where devices have their disks (default ./data/storesim)."`
	JWKS     string        `name:"jwks" default:"http://127.0.0.1:8080/.well-known/jwks.json" placeholder:"URL|FILE" help:"The engine's public keys (default ${default})."`
	Every    time.Duration `name:"jwks-every" default:"5s" placeholder:"DURATION" help:"How often they are fetched at most, when a command is signed with an unknown one (default ${default})."`
	Register bool          `name:"register" help:"Tell device-events of devices that are set up, as a registry would. Wiped ones are told in any case."`
	Margin   time.Duration `name:"clock-margin" placeholder:"DURATION" help:"How far the engine's clock may be behind: a device that is registered here takes no command from longer before it was set up."`
	Clock    string        `name:"clock" placeholder:"URL" help:"Go by the clock of an engine on this machine that was started with --clock-start or --clock-rate: http://HOST:PORT/clock of its --http-listen (default: the machine's). Fetches that go wrong are told twice a minute then."`
	TimeZone string        `name:"time-zone" placeholder:"ZONE" help:"What devices are registered with."`
	MIME     []string      `name:"mime" sep:"," placeholder:"TYPE" help:"What devices say that they can play (default: nothing is said)."`

	CacheBytes int64         `name:"cache-bytes" default:"1073741824" placeholder:"N" help:"Size of each device's cache (default ${default})."`
	Downloads  int           `name:"downloads" default:"64" placeholder:"N" help:"How many downloads run at once (default ${default})."`
	For        time.Duration `name:"for" placeholder:"DURATION" help:"End after that time (default: when interrupted)."`
	JSON       bool          `name:"json" help:"Print the journal, a JSON line for each thing that happens, instead of text."`
	Journal    string        `name:"journal" type:"path" placeholder:"FILE" help:"Add the journal to a file, too."`

	faults `embed:""`
}

// Help implements kong.HelpProvider.
func (runCommand) Help() string {
	return `Each device reads its store's topic, obeys commands that are signed by the engine, meant for it and newer than what it
has, fetches contents, and says how far it is. It shows what is in its playlist within its windows, by its own clock, and
reports plays when it can. What it knows stands in --state-dir: a device whose folder is kept goes on where it was.

    storesim run --stores s-1,s-2 --devices 2 --register
    storesim run --stores stores.txt --journal run.jsonl --seed 7 --offline 0.1 --wiped 0.01 --replay 0.1 --forge 0.1`
}

// lockName is the file in --state-dir by which one run has it to itself. No device has such an id.
const lockName = ".lock"

// faultEvery is how often, by true time, a device tells that fetches go wrong where its clock is driven.
const faultEvery = 30 * time.Second

// Run implements the command.
func (c *runCommand) Run(ctx context.Context, on console) error {
	settings, err := c.settings()
	if err != nil {
		return wrongSwitches(err)
	}
	if err := os.MkdirAll(c.StateDir, 0o755); err != nil {
		return fmt.Errorf("making --state-dir: %w", err)
	}
	release, err := lockfile.Take(filepath.Join(c.StateDir, lockName))
	switch {
	case errors.Is(err, lockfile.ErrTaken):
		return fmt.Errorf("taking --state-dir: another storesim runs in %s", c.StateDir)
	case err != nil:
		return fmt.Errorf("taking --state-dir: %w", err)
	}
	defer release() //nolint:errcheck // the process's end gives it back
	writers, close, err := c.writers(on.out)
	if err != nil {
		return err
	}
	settings.Sink = writers.note
	if c.Clock != "" {
		settings.Sink = journal.Seldom(settings.Sink, faultEvery, time.Now)
	}
	if settings.Clock, err = c.clock(ctx); err != nil {
		return errors.Join(err, close())
	}
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	if err := c.reach(ctx, settings.Connect); err != nil {
		return errors.Join(err, close())
	}
	err = c.alongside(ctx, settings.Clock, func(ctx context.Context) error { return storesim.Run(ctx, settings) })
	return errors.Join(err, writers.err(), close())
}

// clockEvery is how often the engine is asked whether its clock has begun anew.
const clockEvery = time.Second

// alongside runs the simulation until ctx ends, or the clock that it goes by is the engine's no more.
func (c *runCommand) alongside(ctx context.Context, by clock.Clock, run func(context.Context) error) error {
	if c.Clock == "" {
		return run(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	anew := make(chan error, 1)
	go func() {
		anew <- clock.Watch(ctx, c.Clock, by, clockEvery)
		cancel()
	}()
	err := run(ctx)
	cancel()
	if watched := <-anew; errors.Is(watched, clock.ErrBegunAnew) {
		err = errors.Join(err, fmt.Errorf("--clock: %w", watched))
	}
	return err
}

func (c *runCommand) settings() (s storesim.Settings, err error) {
	if err := c.Kafka.Check(); err != nil {
		return s, err
	}
	if len(c.Brokers) == 0 {
		if err := c.CheckPlain(); err != nil {
			return s, err
		}
		c.Brokers = []string{embed.DefaultAddress}
	}
	if s.Connect, err = c.Connect("storesim"); err != nil {
		return s, err
	}
	if s.Stores, err = storesOf(c.Stores, c.Devices); err != nil {
		return s, err
	}
	if s.Faults, err = c.plan(); err != nil {
		return s, err
	}
	if c.Clock != "" && !isClock(c.Clock) {
		return s, fmt.Errorf("--clock: %q is not where an engine tells its clock, which is http://HOST:PORT%s of its --http-listen",
			c.Clock, httpd.ClockPath)
	}
	if c.Downloads < 1 || c.CacheBytes < 0 || c.Margin < 0 || c.Every < time.Millisecond {
		return s, errors.New("--downloads must be at least 1, --jwks-every 1ms, --cache-bytes and --clock-margin must not be negative")
	}
	s.Folder, s.Keys, s.KeysEvery, s.Register = c.StateDir, keys.At(c.JWKS), c.Every, c.Register
	s.TimeZone, s.MIME, s.CacheBytes, s.SlowBytesPerSecond, s.Parallel = c.TimeZone, c.MIME, c.CacheBytes, c.SlowRate, c.Downloads
	s.ClockMargin = c.Margin
	return s, nil
}

// isClock says whether an engine may tell its clock at a URL.
func isClock(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && strings.HasSuffix(u.Path, httpd.ClockPath)
}

// clock returns what the simulation goes by.
func (c *runCommand) clock(ctx context.Context) (clock.Clock, error) {
	if c.Clock == "" {
		return clock.System(), nil
	}
	return clock.Of(ctx, c.Clock)
}

// reachMax is how long the brokers may take to answer for the first time.
const reachMax = 10 * time.Second

// reach says at once when there is nobody.
func (c *runCommand) reach(ctx context.Context, connect []kgo.Opt) error {
	client, err := kgo.NewClient(connect...)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	defer client.Close()
	asked, cancel := context.WithTimeout(ctx, reachMax)
	defer cancel()
	if err := client.Ping(asked); err != nil && ctx.Err() == nil {
		return fmt.Errorf("reaching brokers at %s (--brokers names others): %w", strings.Join(c.Brokers, ", "), c.Explain(err))
	}
	return nil
}

// writers are where the journal goes.
type writers []*journal.Writer

func (w writers) note(l journal.Line) {
	for _, each := range w {
		each.Note(l)
	}
}

func (w writers) err() error {
	for _, each := range w {
		if err := each.Err(); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
	}
	return nil
}

func (c *runCommand) writers(out io.Writer) (w writers, close func() error, err error) {
	if c.JSON {
		w = writers{journal.JSON(out)}
	} else {
		w = writers{journal.Text(out)}
	}
	if c.Journal == "" {
		return w, func() error { return nil }, nil
	}
	file, err := os.OpenFile(c.Journal, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the journal: %w", err)
	}
	return append(w, journal.JSON(file)), file.Close, nil
}
