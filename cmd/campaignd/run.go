package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/demo"
	"github.com/rmn-arms/campaign-engine/cmd/internal/drive"
	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
	"github.com/rmn-arms/campaign-engine/cmd/internal/httpd"
	"github.com/rmn-arms/campaign-engine/cmd/internal/logging"
	"github.com/rmn-arms/campaign-engine/cmd/internal/run"
	"github.com/rmn-arms/campaign-engine/cmd/internal/tracing"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

type runCommand struct {
	config.Engine    `embed:""`
	logging.Switches `embed:""`
	Demo             bool `name:"demo" help:"Publish a few campaigns of the next seconds through campaign-events, simulate two stores that show them, and tell what becomes of them; only with the embedded broker."`
}

// stopTimeout is how long the process may take to end after SIGTERM.
const stopTimeout = 9 * time.Second

// Run implements the command: everything that runs is started here, and the first to fail ends the others.
func (c *runCommand) Run(ctx context.Context) (err error) {
	if err := c.check(); err != nil {
		return wrongSwitches(err)
	}
	log := logging.New(os.Stderr, c.Switches)
	listener, err := httpd.Listen(ctx, c.HTTPListen)
	if err != nil {
		return err
	}
	defer listener.Close()
	closeBroker, driven, err := c.openBroker(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeBroker()) }()
	defer func() {
		if driven != nil && !errors.Is(err, errLeftBehind) { // what is left behind may look at the clock still
			err = errors.Join(err, driven.Close())
		}
	}()
	connect, err := c.Kafka.Connect("campaignd-" + c.InstanceID)
	if err != nil {
		return wrongSwitches(err)
	}
	if risk := c.Risk(); risk != "" {
		log.Warn().Msg(risk)
	}
	connect = append(connect, kgo.WithLogger(logging.ForKafka(log)))
	err = c.serve(ctx, log, listener, connect, driven)
	if err == nil {
		log.Info().Msg("stopped; what it holds is kept, in the topics")
	}
	return err
}

func (c *runCommand) check() error {
	if err := c.Engine.Check(); err != nil {
		return err
	}
	if c.Demo && len(c.Brokers) > 0 {
		return fmt.Errorf("--demo: it publishes campaigns of its own, which stay for ever, so only to the embedded broker; "+
			"the brokers come from %s", c.BrokersFrom())
	}
	if c.Demo && c.ClockOrder().Rate != 0 {
		return errors.New("--demo: its campaigns are of the next seconds by the time of day; leave --clock-start and --clock-rate out")
	}
	if err := c.CheckKeys(); err != nil {
		return err
	}
	if c.Demo {
		return c.checkShown()
	}
	return nil
}

// checkShown refuses a demonstration of which a part would never come.
func (c *runCommand) checkShown() error {
	groups, err := c.Groups()
	if err != nil {
		return err
	}
	for _, needed := range topics.Transacted() {
		if !slices.ContainsFunc(groups, func(g topics.Group) bool { return g.Short == needed.Short }) {
			return fmt.Errorf("--demo: it shows what %s does, too, which --processors leaves out", needed.Short)
		}
	}
	return nil
}

// openBroker starts the embedded broker unless others are given, and before it the clock if one is ordered: a folder in which a
// broker was is one of the time of day where no clock is noted.
func (c *runCommand) openBroker(log zerolog.Logger) (closeBroker func() error, driven *drive.Drive, err error) {
	if len(c.Brokers) > 0 {
		return func() error { return nil }, nil, nil
	}
	broker, err := embed.Open(embed.Settings{
		DataDir: c.DataDir, Listen: c.EmbeddedListen, Logger: logging.ForBroker(log),
		Prepare: func() error {
			driven, err = drive.Open(c.DataDir, c.ClockOrder())
			return err
		},
	})
	if err != nil {
		return nil, nil, err
	}
	if driven != nil {
		broker.TellClock(driven.Clock().Now)
	}
	c.Brokers = []string{broker.Address()}
	log.Info().Str("address", broker.Address()).Str("kept_in", broker.Folder()).
		Msg("embedded broker is up: for a laptop and for tests, not for production")
	return broker.Close, driven, nil
}

func (c *runCommand) serve(
	ctx context.Context, log zerolog.Logger, listener net.Listener, connect []kgo.Opt, driven *drive.Drive,
) error {
	layout := c.Deploy.Options(c.connection())
	layout.Run = c.runSwitches()
	groups, err := c.Groups()
	if err != nil {
		return wrongSwitches(err)
	}
	keys, made, err := openKeys(&c.Engine)
	if err != nil {
		return err
	}
	if made {
		log.Info().Str("key", keys.Keys().IDs()[0]).Msg("made a key that commands to devices are signed with; it is in the data folder")
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	mails, err := c.mails()
	if err != nil {
		return wrongSwitches(err)
	}
	registry := newRegistry()
	tables := newDatabase(c.DatabaseURL.Reveal(), c.DataDir, log)
	traces := tracing.Open(ctx, tracing.Settings{
		Instance: c.InstanceID, Version: version(), Log: log, Registry: registry,
	})
	process, err := run.New(run.Settings{
		Connect: connect, Kafka: c.Kafka, Instance: c.InstanceID, CommitInterval: c.CommitInterval, Standby: c.Standby, Groups: groups,
		Topics: layout, Database: tables.url, Mails: mails, Keys: keys, Reload: reload,
		Campaigns: processors.Settings{
			DistributionLead: instant.Millis(c.DistributionLead.Milliseconds()),
			SettlementGrace:  instant.Millis(c.SettlementGrace.Milliseconds()),
		},
		Clock: clockOf(driven), Log: log, Registry: registry, Tracer: traces.Tracer(),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts := []func(context.Context) error{
		func(ctx context.Context) error {
			defer traces.Close(tracing.CloseMax) // what was committed at the end is sent, too
			return errors.Join(process.Run(ctx), tables.end())
		},
		tables.keep,
		func(ctx context.Context) error {
			return httpd.Serve(ctx, listener, pagesOf(registry, process, keys, driven))
		},
		func(ctx context.Context) error { return c.greet(ctx, log, process) },
	}
	if driven != nil {
		parts = append(parts, driven.Keep)
	}
	if c.Demo {
		parts = append(parts, func(ctx context.Context) error {
			return demo.Show(ctx, os.Stdout, demo.Settings{
				Connect: connect, Process: process, Folder: c.DataDir, Keys: keys.Public,
			})
		})
	}
	return together(ctx, cancel, parts)
}

// connection returns the switches that reach the same brokers, for commands in hints.
func (c *runCommand) connection() string {
	if len(c.Brokers) == 0 {
		return ""
	}
	return c.Kafka.Switches()
}

// runSwitches returns the switches that start this process again as it was meant, all but --partitions, for commands in
// hints.
func (c *runCommand) runSwitches() string {
	var switches []string
	if c.How("brokers") != "" {
		switches = append(switches, c.Kafka.Switches())
	}
	for _, s := range []struct{ name, value string }{
		{"data-dir", c.DataDir}, {"embedded-listen", c.EmbeddedListen}, {"http-listen", c.HTTPListen}, {"instance-id", c.InstanceID},
		{"processors", strings.Join(c.Processors, ",")}, {"signing-keys", c.SigningKeys},
		{"replication-factor", strconv.Itoa(int(c.ReplicationFactor))},
		{"commit-interval", c.CommitInterval.String()}, {"distribution-lead", c.DistributionLead.String()},
		{"settlement-grace", c.SettlementGrace.String()}, {"clock-rate", strconv.FormatInt(c.Clock.Rate, 10)},
		{"mail-from", shellWord(c.MailFrom)},
		{"mail-rate", strconv.FormatFloat(c.MailRate, 'g', -1, 64)}, {"mail-max-age", c.MailMaxAge.String()},
		{"mail-unsubscribe-url", shellWord(c.MailUnsubscribeURL)},
	} {
		if c.How(s.name) != "" {
			switches = append(switches, "--"+s.name+" "+s.value)
		}
	}
	if !c.Standby {
		switches = append(switches, "--no-standby")
	}
	return strings.Join(switches, " ")
}

// greet says once when the process is ready.
func (c *runCommand) greet(ctx context.Context, log zerolog.Logger, process *run.Process) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for len(process.NotReady()) > 0 {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
	ready := log.Info().Strs("brokers", c.Brokers).Str("instance", c.InstanceID).Str("http", "http://"+c.HTTPListen)
	if order := c.ClockOrder(); order.Rate != 0 {
		ready = ready.Int64("clock_rate", order.Rate)
	}
	ready.Msg("ready")
	<-ctx.Done()
	return nil
}

// errLeftBehind says that parts of the process have not ended, and run on until it does.
var errLeftBehind = fmt.Errorf(
	"ending: not done after %s; what was not committed will be done again by the next owner", stopTimeout)

// together runs all parts; the first that ends makes the others end. What has not ended in time is left behind.
func together(ctx context.Context, cancel context.CancelFunc, parts []func(context.Context) error) error {
	var running sync.WaitGroup
	errs := make(chan error, len(parts))
	for _, part := range parts {
		running.Go(func() {
			defer cancel()
			errs <- part(ctx)
		})
	}
	<-ctx.Done()
	ended := make(chan struct{})
	go func() {
		running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(stopTimeout):
		return errLeftBehind
	}
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}
