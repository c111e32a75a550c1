package main

import (
	"context"
	"fmt"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/topics"
)

type readinessCommand struct {
	about `embed:""`
}

// Help implements kong.HelpProvider.
func (readinessCommand) Help() string {
	return `On how many of the devices in its stores a campaign's content is now, on how many it was when the campaign became
active, and which devices are not ready, and why: pending (it has not said that it is), failed and the device's own word,
unplayable (it can play none of the creatives), full (its playlist has no room), unreachable (silent for too long). At most 100
are named. It reads the newest event of campaign-readiness; --json prints that event's data.

    campaignctl readiness spring-sale-1
    campaignctl readiness spring-sale-1 --json | jq -r '.unready[] | select(.reason != "pending") | .device_id'`
}

// Run implements the command.
func (c *readinessCommand) Run(ctx context.Context, on console) error {
	told, now, err := c.read(ctx, on)
	if err != nil {
		return c.sign(err)
	}
	if c.JSON {
		return printJSON(on.out, told.Readiness)
	}
	return told.Write(on.out, now.At, on.outIsTerminal)
}

// read reads the newest event, and says when that was.
func (c *readinessCommand) read(ctx context.Context, on console) (told *timeline.Readiness, now timeline.Moment, err error) {
	client, err := c.reach(ctx, readerOptions()...)
	if err != nil {
		return nil, now, err
	}
	defer client.Close()
	var newest topics.Record
	take := func(r topics.Record) error {
		newest = r
		return nil
	}
	if err := c.each(ctx, client, on, take, topics.CampaignReadiness); err != nil {
		return nil, now, err
	}
	if told, err = timeline.ReadinessOf(newest); err != nil {
		return nil, now, fmt.Errorf("campaign %q: %w", timeline.Printable(c.Campaign), err)
	}
	return told, c.moment(ctx, client, on), nil
}
