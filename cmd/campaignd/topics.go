package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/topics"
)

type topicsCommand struct {
	Plan  planCommand  `cmd:"" help:"Say in what the topics of the cluster differ from what the engine needs."`
	Apply applyCommand `cmd:"" help:"Create the topics that are missing and set those that differ right."`
	Draw  drawCommand  `cmd:"" help:"Draw the topics and who writes and reads them, as Mermaid or Markdown."`
	ACLs  aclsCommand  `cmd:"" name:"acls" help:"Print the least rights of each role, as a script of kafka-acls.sh."`
}

type cluster struct {
	config.Kafka  `embed:""`
	config.Deploy `embed:""`
}

// with runs do on an admin of the cluster.
func (c *cluster) with(do func(*topics.Admin, topics.Options) error) error {
	if err := c.Kafka.Check(); err != nil {
		return wrongSwitches(err)
	}
	if err := c.Deploy.Check(); err != nil {
		return wrongSwitches(err)
	}
	if len(c.Brokers) == 0 {
		return wrongSwitches(fmt.Errorf("--brokers: say which cluster (the embedded broker's topics are made by campaignd run)"))
	}
	connect, err := c.Kafka.Connect("campaignd-topics")
	if err != nil {
		return wrongSwitches(err)
	}
	client, err := kgo.NewClient(connect...)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	defer client.Close()
	err = do(topics.NewAdmin(client), c.Deploy.Options(c.Kafka.Switches()))
	return c.Explain(topics.LackedBy(c.Principal(), err))
}

// A plan with differences ends with one of these, so that a script can ask before it deploys.
var (
	errWouldNotStart = errors.New("the engine would not start with these topics")
	errDiffers       = errors.New("the engine would start with these topics (campaignd run creates those that are missing)")
)

type planCommand struct {
	cluster `embed:""`
}

// Run implements the command.
func (c *planCommand) Run(ctx context.Context) error {
	return c.with(func(admin *topics.Admin, options topics.Options) error {
		plan, err := admin.Plan(ctx, topics.Streams(), options)
		if err != nil {
			return err
		}
		fmt.Print(plan.String())
		switch {
		case len(plan.Differences) == 0:
			return nil
		case plan.Startable():
			return errDiffers
		}
		return errWouldNotStart
	})
}

type applyCommand struct {
	cluster `embed:""`
}

// Run implements the command.
func (c *applyCommand) Run(ctx context.Context) error {
	return c.with(func(admin *topics.Admin, options topics.Options) error {
		plan, err := admin.Apply(ctx, topics.Streams(), options)
		if err != nil {
			return err
		}
		fmt.Print(applied(plan))
		return nil
	})
}

// applied tells what was done about a plan, and what cannot be done here.
func applied(plan topics.Plan) string {
	if len(plan.Differences) == 0 {
		return "nothing to do: the topics are as the engine needs them\n"
	}
	var text strings.Builder
	list := func(heading string, differences []topics.Difference, line func(topics.Difference) string) {
		if len(differences) > 0 {
			fmt.Fprintln(&text, heading)
		}
		for _, difference := range differences {
			fmt.Fprintln(&text, "  "+line(difference))
		}
	}
	list("done:", plan.Pending(), topics.Difference.String)
	list("left as it is, for it cannot be done here:", plan.Left(), func(d topics.Difference) string {
		return d.String() + " (" + plan.MendOf(d) + ")"
	})
	return text.String()
}

type drawCommand struct {
	Table bool `name:"table" help:"A Markdown table of the topics instead of the Mermaid drawing."`
}

// Run implements the command.
func (c *drawCommand) Run() error {
	text := topics.Draw()
	if c.Table {
		text = topics.DrawTopics()
	}
	_, err := fmt.Fprint(os.Stdout, text)
	return err
}

type aclsCommand struct {
	Principal string `name:"principal" default:"User:ROLE" placeholder:"PATTERN" help:"What the principals are called, with ROLE for the role's name: 'User:CN=ROLE,O=Example' (default ${default})."`
}

// Run implements the command.
func (c *aclsCommand) Run() error {
	if !strings.Contains(c.Principal, topics.PrincipalRole) {
		return wrongSwitches(fmt.Errorf("--principal: %q must hold %s, which stands for the role's name",
			c.Principal, topics.PrincipalRole))
	}
	_, err := fmt.Fprint(os.Stdout, topics.DrawRights(c.Principal))
	return err
}
