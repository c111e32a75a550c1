package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

type listCommand struct {
	connection `embed:""`
	Status     []string `name:"status" placeholder:"STATUS,…" help:"Only those of a status: scheduled, active, paused, completed, cancelled, or all (default: those that are not over)."`
	Limit      int      `name:"limit" default:"100" placeholder:"COUNT" help:"At most so many, 0 for all (default ${default})."`
	JSON       bool     `name:"json" help:"Print a JSON line per campaign."`
}

// Help implements kong.HelpProvider.
func (listCommand) Help() string {
	return `A line per campaign: its status, and the timer that fires next, in UTC and in the campaign's time zone. What comes next
stands first. It reads the engine's own tables as they are when it starts, and ends.

    campaignctl list
    campaignctl list --status active,paused --limit 0 --json | jq -r .campaign_id`
}

// Run implements the command.
func (c *listCommand) Run(ctx context.Context, on console) error {
	wanted, err := c.wanted()
	if err != nil {
		return wrongSwitches(err)
	}
	list, now, err := c.read(ctx, on)
	if err != nil {
		return c.sign(err)
	}
	campaigns, count := list.Campaigns(wanted, c.Limit)
	out := bufio.NewWriter(on.out)
	if c.JSON {
		err = printLines(out, campaigns)
	} else {
		err = timeline.WriteList(out, campaigns, now, on.outIsTerminal)
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	// Behind the list, where it is still on the screen, and beside the output, which may be a program's input.
	switch shown := len(campaigns); {
	case shown < count:
		fmt.Fprintf(on.errs, "these are %d of %d campaigns, those whose next transition comes first; --limit 0 shows all, "+
			"--status chooses among them\n", shown, count)
	case count == 0:
		fmt.Fprintln(on.errs, "no such campaigns; --status all shows those that are over, too")
	}
	return nil
}

// wanted returns which statuses are to be listed. A campaign of which nothing has been decided yet has none; it is not over.
func (c *listCommand) wanted() (func(schemas.Status) bool, error) {
	if c.Limit < 0 {
		return nil, errors.New("--limit: must not be negative")
	}
	if len(c.Status) == 0 {
		return func(s schemas.Status) bool { return s != schemas.Completed && s != schemas.Cancelled }, nil
	}
	var chosen []schemas.Status
	for _, word := range c.Status {
		if strings.EqualFold(word, "all") {
			return func(schemas.Status) bool { return true }, nil
		}
		status := schemas.Status(strings.ToUpper(word))
		if !slices.Contains(timeline.Statuses(), status) {
			return nil, fmt.Errorf("--status: %q must be scheduled, active, paused, completed, cancelled or all", word)
		}
		chosen = append(chosen, status)
	}
	return func(s schemas.Status) bool { return slices.Contains(chosen, s) }, nil
}

// read reads the engine's tables, and says when that was.
func (c *listCommand) read(ctx context.Context, on console) (list *timeline.List, now timeline.Moment, err error) {
	client, err := c.reach(ctx, readerOptions()...)
	if err != nil {
		return nil, now, err
	}
	defer client.Close()
	if _, err := partitionsOf(ctx, client, topics.Read, timeline.ListTopics()...); err != nil {
		return nil, now, err
	}
	var wanted []stretch
	for _, topic := range timeline.ListTopics() {
		found, err := stretches(ctx, client, topic, func(int32) bool { return true })
		if err != nil {
			return nil, now, err
		}
		wanted = append(wanted, found...)
	}
	list = timeline.NewList()
	if err := read(ctx, client, wanted, func(r *kgo.Record) { list.Add(recordOf(r)) }); err != nil {
		return nil, now, err
	}
	return list, c.moment(ctx, client, on), nil
}

// printLines prints a JSON line each.
func printLines[T any](to io.Writer, values []T) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	for i := range values {
		if err := encoder.Encode(&values[i]); err != nil {
			return err
		}
	}
	return nil
}
