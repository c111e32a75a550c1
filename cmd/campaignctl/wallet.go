package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/cmd/internal/wallet"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

type walletCommand struct {
	tables     `embed:""`
	Advertiser string `arg:"" help:"The advertiser's id."`
	Limit      int    `name:"limit" default:"20" placeholder:"COUNT" help:"At most so many releases, and so many holds (default ${default})."`
	JSON       bool   `name:"json" help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (walletCommand) Help() string {
	return `What came back to an advertiser, by currency: the balance, the releases that made it (the newest first), and what is
still held for campaigns that run or wait. It reads the tables, which follow the topics; campaignctl reconcile shows how
closely.

    campaignctl wallet a-1
    campaignctl wallet a-1 --json | jq -r '.wallets[] | .balance.amount + " " + .balance.currency'`
}

var errNoWallet = errors.New("the tables know no campaign of that advertiser")

// Run implements the command.
func (c *walletCommand) Run(ctx context.Context, on console) error {
	if c.Limit < 1 {
		return wrongSwitches(errors.New("--limit: must be 1 or more"))
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	found := &wallet.Wallet{AdvertiserID: c.Advertiser}
	err = store.Snapshot(ctx, func(at *pgstore.Reader) error { return found.Read(ctx, at, c.Limit) })
	if err == nil && len(found.Wallets) == 0 {
		err = errNoWallet
	}
	if err != nil {
		return fmt.Errorf("advertiser %q: %w", timeline.Printable(c.Advertiser), err)
	}
	if c.JSON {
		return printJSON(on.out, found)
	}
	return found.Write(on.out, on.outIsTerminal)
}
