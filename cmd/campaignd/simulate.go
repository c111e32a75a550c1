package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/cmd/internal/simulate"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

type simulateCommand struct {
	File             string        `arg:"" help:"File of JSON lines, each a CloudEvent, or - for standard input."`
	Until            moment        `name:"until" required:"" placeholder:"INSTANT" help:"Last instant that is simulated, for example 2026-12-31T00:00:00Z; what is due at it happens."`
	From             *moment       `name:"from" placeholder:"INSTANT" help:"When lines arrive that come before the first one with a time (default: with that one)."`
	Out              string        `name:"out" type:"path" placeholder:"FOLDER" help:"Gets a file for each topic, TOPIC.jsonl; those of an earlier simulation are replaced when this one has ended well (default: all lines go to standard output)."`
	Internal         bool          `name:"internal" help:"Write the engine's internal topics, too: tables, loops, and what its processors tell each other."`
	Devices          string        `name:"devices" enum:"none,answer" default:"none" placeholder:"none|answer" help:"answer: each device says at once, of each command, that it has all that is in it (default none: only the file's acks are there)."`
	SigningKeys      string        `name:"signing-keys" type:"path" placeholder:"FILE" help:"Private keys that commands to devices are signed with, as campaignd keys makes them (default: they are not signed)."`
	DistributionLead time.Duration `name:"distribution-lead" env:"CAMPAIGN_DISTRIBUTION_LEAD" default:"24h" placeholder:"DURATION" help:"As of campaignd run (default ${default})."`
	SettlementGrace  time.Duration `name:"settlement-grace" env:"CAMPAIGN_SETTLEMENT_GRACE" default:"0s" placeholder:"DURATION" help:"As of campaignd run (default ${default})."`
}

// moment is an instant on the command line.
type moment struct{ time.Time }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *moment) UnmarshalText(text []byte) (err error) {
	if m.Time, err = time.Parse(time.RFC3339, string(text)); err != nil {
		return fmt.Errorf("%q is no instant of RFC 3339, for example 2026-12-31T00:00:00Z", text)
	}
	return nil
}

// Help implements kong.HelpProvider.
func (simulateCommand) Help() string {
	return `Reads events of campaigns, plays, events of devices and acks, in one file, in the order in which they arrive: each at its
CloudEvents time, one without, or with an earlier one than the line before, with the line before. All that the engine makes of
them, up to --until, is written as campaignctl tail --json shows it, as fast as the machine can; the same input gives the same
bytes. A summary goes to standard error. What cannot be taken is in dead-letters.

    campaignctl generate --campaigns 100 --from 2026-12-01 | campaignd simulate - --until 2027-06-01T00:00:00Z --out simulated`
}

// Run implements the command.
func (c *simulateCommand) Run(ctx context.Context) error {
	settings, err := c.settings()
	if err != nil {
		return wrongSwitches(err)
	}
	if c.SigningKeys != "" {
		keys, err := signing.ReadFile(c.SigningKeys)
		if err != nil {
			return fmt.Errorf("reading the keys: %w", err)
		}
		settings.Sign = keys.Sign
	}
	input := io.ReadCloser(os.Stdin)
	if c.File != "-" {
		if input, err = os.Open(c.File); err != nil {
			return fmt.Errorf("opening the events: %w", err)
		}
		settings.InputFile = c.File
	}
	defer input.Close()
	settings.Input = until(ctx, input)
	summary, err := simulate.Run(ctx, settings)
	if err != nil {
		return fmt.Errorf("simulating %s: %w", c.File, err)
	}
	summary.Tell(os.Stderr)
	return nil
}

// until returns an input that ends with ctx: who interrupts does not wait for the next line.
func until(ctx context.Context, input io.Reader) io.Reader {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, input)
		in.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	return out
}

// settings reads the switches.
func (c *simulateCommand) settings() (simulate.Settings, error) {
	s := simulate.Settings{
		Campaigns: processors.Settings{
			DistributionLead: instant.Millis(c.DistributionLead.Milliseconds()),
			SettlementGrace:  instant.Millis(c.SettlementGrace.Milliseconds()),
		},
		Until: instant.Of(c.Until.Time), Folder: c.Out, Out: os.Stdout, Internal: c.Internal, Answer: c.Devices == "answer",
	}
	if err := config.CheckCampaigns(c.DistributionLead, c.SettlementGrace); err != nil {
		return s, err
	}
	if c.From != nil {
		from := instant.Of(c.From.Time)
		s.From = &from
		if from > s.Until {
			return s, errors.New("--from: must not be later than --until")
		}
	}
	return s, nil
}
