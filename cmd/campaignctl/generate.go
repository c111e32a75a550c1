package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rmn-arms/campaign-engine/cmd/internal/generate"
)

type generateCommand struct {
	Campaigns  int            `name:"campaigns" default:"100" placeholder:"COUNT" help:"How many campaigns (default ${default})."`
	Seed       *uint64        `name:"seed" placeholder:"NUMBER" help:"The same seed and switches give the same events (default 1; with --starts-in another one each time)."`
	StartsIn   *time.Duration `name:"starts-in" placeholder:"DURATION" help:"The first campaigns start that far from now, for example 30s; windows are then instants."`
	From       string         `name:"from" placeholder:"YYYY-MM-DD" help:"First local day on which campaigns start (default: in 30 days)."`
	Days       int            `name:"days" default:"90" placeholder:"COUNT" help:"On how many days campaigns start (default ${default})."`
	Retailers  int            `name:"retailers" default:"12" placeholder:"COUNT" help:"How many retailers, over the world (default ${default})."`
	Changes    float64        `name:"changes" default:"0.3" placeholder:"SHARE" help:"Share of campaigns, 0 to 1, that are updated, paused, resumed or cancelled (default ${default})."`
	Stores     int            `name:"stores" placeholder:"COUNT" help:"How many stores, shared out among the retailers (default: 20 to 299 each)."`
	StoresEach int            `name:"stores-each" placeholder:"COUNT" help:"In how many stores each campaign runs (default: 3 to 14)."`
	Devices    int            `name:"devices" placeholder:"COUNT" help:"How many devices are registered in each store first: for campaignd simulate, since devices have a topic of their own (default 0)."`
}

// Help implements kong.HelpProvider.
func (generateCommand) Help() string {
	return `Retailers with weekly ads, weekend specials and seasonal sales, most of them from midnight in the shops' time zones;
created two days to three weeks before, some changed later. Events come in the order of their time.

    campaignctl generate --campaigns 1000 --seed 7 --from 2027-01-01 > campaigns.jsonl
    campaignctl generate --campaigns 100 --stores 50 --retailers 2 --devices 1 | campaignd simulate - --until 2027-06-01T00:00:00Z
    campaignctl generate --campaigns 20 --days 1 --starts-in 30s | campaignctl publish -`
}

// defaultLeadDays is how far ahead campaigns start without --from: everything about them has then still to come.
const defaultLeadDays = 30

const defaultSeed = 1

// Run implements the command.
func (c *generateCommand) Run(ctx context.Context, on console) error {
	settings, err := c.settings(on.now())
	if err != nil {
		return err
	}
	events, err := generate.Events(settings)
	if err != nil {
		return wrongSwitches(err)
	}
	out := bufio.NewWriterSize(on.out, 64<<10)
	for event := range events {
		line, err := json.Marshal(event)
		if err != nil {
			return fmt.Errorf("encoding an event: %w", err)
		}
		if ctx.Err() != nil {
			return errors.Join(errInterrupted, out.Flush())
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return out.Flush()
}

// settings turns the switches into those of the generator. Error: errSwitches.
func (c *generateCommand) settings(now time.Time) (generate.Settings, error) {
	s := generate.Settings{
		Campaigns: c.Campaigns, Seed: defaultSeed, From: now.AddDate(0, 0, defaultLeadDays), Days: c.Days, Retailers: c.Retailers,
		Changes: c.Changes, Stores: c.Stores, StoresEach: c.StoresEach, Devices: c.Devices,
	}
	switch {
	case c.StartsIn != nil && (*c.StartsIn < 0 || c.From != ""):
		return s, wrongSwitches(errors.New("--starts-in: must not be negative, and goes without --from"))
	case c.StartsIn != nil:
		s.First = now.Add(*c.StartsIn)
		// The seed is in the campaigns' ids: those of the last minute, with other windows, are not to be met again.
		s.Seed = uint64(now.UnixMilli())
	case c.From != "":
		from, err := time.Parse(time.DateOnly, c.From)
		if err != nil {
			return s, wrongSwitches(fmt.Errorf("--from: %q must be a day, for example 2026-12-01", c.From))
		}
		s.From = from
	}
	if c.Seed != nil {
		s.Seed = *c.Seed
	}
	return s, nil
}
