package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/unfold"
	"github.com/rmn-arms/campaign-engine/topics"
)

type tailCommand struct {
	connection    `embed:""`
	Topics        []string `arg:"" name:"topic" help:"Topics to show."`
	FromBeginning bool     `name:"from-beginning" help:"Begin with what is there, not with what comes."`
	UntilEnd      bool     `name:"until-end" help:"End at what is there now; implies --from-beginning."`
	JSON          bool     `name:"json" help:"Print a JSON line per record: where it stands, its headers, and the event."`
}

// Help implements kong.HelpProvider.
func (tailCommand) Help() string {
	return `A line per record, of committed transactions only; it ends with Ctrl-C, or with --until-end when all is shown that was
there at the beginning. Records of different partitions come as they are read.

    campaignctl tail transitions-applied transitions-rejected dead-letters
    campaignctl tail device-commands device-acks device-events    # device-commands.STORE: one store's own topic, signed
    campaignctl tail transitions-due --until-end --json | jq .event.data.lateness_ms`
}

// Run implements the command.
func (c *tailCommand) Run(ctx context.Context, on console) error { return c.sign(c.show(ctx, on)) }

func (c *tailCommand) show(ctx context.Context, on console) error {
	names := make([]topics.Name, len(c.Topics))
	for i, name := range c.Topics {
		names[i] = topics.Name(name)
	}
	options := readerOptions()
	if !c.UntilEnd {
		from := kgo.NewOffset().AtEnd()
		if c.FromBeginning {
			from = kgo.NewOffset().AtStart()
		}
		options = append(options, kgo.ConsumeTopics(c.Topics...), kgo.ConsumeResetOffset(from))
	}
	client, err := c.reach(ctx, options...)
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := partitionsOf(ctx, client, topics.Read, names...); err != nil {
		return err
	}
	out := bufio.NewWriter(on.out)
	show := func(r *kgo.Record) {
		line := describe(recordOf(r), on.outIsTerminal)
		if c.JSON {
			line = unfold.Line(recordOf(r))
		}
		_, _ = out.WriteString(line + "\n") // the writer keeps its error for Flush
	}
	if c.UntilEnd {
		err = c.untilEnd(ctx, client, names, show)
	} else {
		err = c.follow(ctx, client, out, show)
	}
	if ctx.Err() != nil { // Ctrl-C is how one leaves
		err = nil
	}
	return errors.Join(err, out.Flush())
}

func (c *tailCommand) untilEnd(ctx context.Context, client *kgo.Client, names []topics.Name, show func(*kgo.Record)) error {
	var wanted []stretch
	for _, name := range names {
		found, err := stretches(ctx, client, name, func(int32) bool { return true })
		if err != nil {
			return err
		}
		wanted = append(wanted, found...)
	}
	return read(ctx, client, wanted, show)
}

// follow shows records as they come, until the context ends.
func (c *tailCommand) follow(ctx context.Context, client *kgo.Client, out *bufio.Writer, show func(*kgo.Record)) error {
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		if err := fetchError(fetches); err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				show(r)
			}
		})
		if err := out.Flush(); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}
