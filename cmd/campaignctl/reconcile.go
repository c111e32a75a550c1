package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/reconcile"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

type reconcileCommand struct {
	connection `embed:""`
	tables     `embed:""`
	Advertiser string `name:"advertiser" placeholder:"ID" help:"Only that advertiser's campaigns (default: all)."`
	Limit      int    `name:"limit" default:"1000" placeholder:"COUNT" help:"Print at most so many breaks, 0 for all; all are counted (default ${default})."`
	JSON       bool   `name:"json" help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (reconcileCommand) Help() string {
	return `Holds the ledger in Postgres against the topics that it is made from: each campaign's hold, release and statements, each
wallet's balance, and whether all entries sum to zero and all balances are the sums of their entries. The topics are read to
the end that they have at the beginning, the tables as they are at that instant. What is behind the positions that the tables
were written up to is "not yet", and no break.

The classes of breaks: missing (in the ledger, or the release and statement of a campaign that was settled more than 10
minutes ago, everywhere), extra (not in the topics), duplicate (twice in the topics), amount, currency,
content (other than amounts), unbalanced (the ledger contradicts itself). Exit code 0 without breaks, 1 with, and when the
comparison cannot be made. It keeps some 400 bytes per campaign in memory.

    campaignctl reconcile
    campaignctl reconcile --advertiser a-1 --json | jq '.breaks[] | select(.class == "amount")'`
}

// lockedMax is how long after its settlement a campaign has its release for certain, where budgets keeps up: the lock waits a
// minute for plays at most.
const lockedMax = 10 * time.Minute

// errBreaks says that the comparison was made, and that there are breaks.
var errBreaks = errors.New("the ledger differs from the topics")

// Run implements the command.
func (c *reconcileCommand) Run(ctx context.Context, on console) error {
	if c.Limit < 0 {
		return wrongSwitches(errors.New("--limit: must not be negative"))
	}
	result, err := c.compare(ctx)
	if err != nil {
		return c.sign(err)
	}
	if c.JSON {
		err = printJSON(on.out, result)
	} else {
		err = result.Write(on.out, on.outIsTerminal)
	}
	if err == nil && result.Count > 0 {
		err = fmt.Errorf("%w; breaks: %d", errBreaks, result.Count)
	}
	return err
}

func (c *reconcileCommand) compare(ctx context.Context) (*reconcile.Result, error) {
	client, err := c.reach(ctx, readerOptions()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if _, err := partitionsOf(ctx, client, topics.Read, reconcile.Topics()...); err != nil {
		return nil, err
	}
	store, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	var result *reconcile.Result
	err = store.Snapshot(ctx, func(ledger *pgstore.Reader) error {
		fold, err := c.fold(ctx, client, ledger)
		if err != nil {
			return err
		}
		result, err = fold.Compare(ctx, ledger)
		return err
	})
	return result, err
}

// fold reads the topics. Their ends are asked for after the positions, and so lie behind them: what is in the tables is read.
func (c *reconcileCommand) fold(ctx context.Context, client *kgo.Client, ledger *pgstore.Reader) (*reconcile.Fold, error) {
	var names []string
	for _, name := range reconcile.Topics() {
		names = append(names, string(name))
	}
	ids, err := topicIDs(ctx, client, names)
	if err != nil {
		return nil, err
	}
	if err := ledger.CheckTopics(ctx, ids); err != nil {
		return nil, err
	}
	positions, err := ledger.Positions(ctx, names...)
	if err != nil {
		return nil, err
	}
	projected := func(topic topics.Name, partition int32) int64 {
		return positions[pgstore.Partition{Topic: string(topic), Partition: partition}]
	}
	var wanted []stretch
	for _, name := range reconcile.Topics() {
		found, err := stretches(ctx, client, name, func(int32) bool { return true })
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, found...)
	}
	fold := reconcile.NewFold(projected, c.Advertiser, c.Limit, instant.Of(time.Now().Add(-lockedMax)))
	return fold, read(ctx, client, wanted, func(r *kgo.Record) { fold.Add(recordOf(r)) })
}

// topicIDs asks for the ids of topics. One that is not there has none.
func topicIDs(ctx context.Context, client *kgo.Client, names []string) (map[string]pgstore.TopicID, error) {
	ctx, cancel := context.WithTimeout(ctx, adminMax)
	defer cancel()
	found, err := kadm.NewClient(client).ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("asking for the topics: %w", err)
	}
	ids := make(map[string]pgstore.TopicID, len(found))
	for name, topic := range found {
		ids[name] = pgstore.TopicID(topic.ID)
	}
	return ids, nil
}
