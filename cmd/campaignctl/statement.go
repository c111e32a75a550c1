package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/statement"
	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/topics"
)

type statementCommand struct {
	about   `embed:""`
	Version int64 `name:"version" placeholder:"NUMBER" help:"That version: 1 is the final one, 2 and more are adjusted (default: the newest)."`
}

// Help implements kong.HelpProvider.
func (statementCommand) Help() string {
	return `What a campaign has come to: its plays by store and creative, what does not count and why, what was spent and
released. Before the lock it is PROVISIONAL: counted anew from transitions-applied and plays, as far as they go now; all of
plays is read for that, since a producer may put a campaign's plays into any partition. It needs no Postgres.

    campaignctl statement spring-sale-1
    campaignctl statement spring-sale-1 --version 1 --json | jq .spent.amount`
}

// Run implements the command.
func (c *statementCommand) Run(ctx context.Context, on console) error {
	if c.Version < 0 {
		return wrongSwitches(errors.New("--version: must be 1 or more"))
	}
	shown, err := c.read(ctx, on)
	if err != nil {
		return c.sign(err)
	}
	if c.JSON {
		return printJSON(on.out, shown)
	}
	return shown.Write(on.out, on.outIsTerminal)
}

// read reads the statements, and what a provisional one is counted from when there is none.
func (c *statementCommand) read(ctx context.Context, on console) (*statement.Shown, error) {
	client, err := c.reach(ctx, readerOptions()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	fold := statement.For(c.Campaign)
	add := func(r topics.Record) error {
		fold.Add(r)
		return nil
	}
	if err := c.each(ctx, client, on, add, topics.CampaignStatements, topics.TransitionsApplied); err != nil {
		return nil, err
	}
	if !fold.Locked() {
		if err := c.each(ctx, client, on, fold.Play, topics.Plays); err != nil {
			return nil, err
		}
	}
	shown, err := fold.Statement(c.Version)
	if err != nil {
		return nil, fmt.Errorf("campaign %q: %w", timeline.Printable(c.Campaign), err)
	}
	return shown, nil
}

// shownEvery is how many records are read between two looks at how far it is: a look costs more than a record.
const shownEvery = 4096

// each calls take for each record of the campaign in topics, those of one partition in order, and shows on a terminal how far
// it is.
func (c *about) each(
	ctx context.Context, client *kgo.Client, on console, take func(topics.Record) error, names ...topics.Name,
) error {
	var wanted []stretch
	for _, name := range names {
		found, err := c.where(ctx, client, name)
		if err != nil {
			return err
		}
		wanted = append(wanted, found...)
	}
	total, seen := int64(0), int64(0)
	for _, s := range wanted {
		total += s.end - s.start
	}
	shown := showRecords(on.errs, "reading", total, on.errsIsTerminal)
	defer shown.end()
	var failed error
	key := []byte(c.Campaign)
	err := read(ctx, client, wanted, func(r *kgo.Record) {
		if seen++; seen%shownEvery == 0 {
			shown.at(seen)
		}
		if failed == nil && bytes.Equal(r.Key, key) { // before anything is made of it: most are others'
			failed = take(recordOf(r))
		}
	})
	return errors.Join(err, failed)
}
