package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/cockroachdb/apd/v3"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/money"
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

// wallet is what is told of an advertiser.
type wallet struct {
	AdvertiserID string    `json:"advertiser_id"`
	Wallets      []balance `json:"wallets"`
	// Releases are the newest of ReleasesTotal, Holds those of HoldsTotal that end first.
	Releases      []walletRelease `json:"releases"`
	ReleasesTotal int64           `json:"releases_total"`
	Holds         []hold          `json:"holds"`
	HoldsTotal    int64           `json:"holds_total"`
}

// balance is what there is in one currency. Held, Spent and Released are over all of the campaigns.
type balance struct {
	Balance   schemas.Money `json:"balance"`
	Campaigns int64         `json:"campaigns"`
	Held      schemas.Money `json:"held"`
	Spent     schemas.Money `json:"spent"`
	Released  schemas.Money `json:"released"`
}

type walletRelease struct {
	CampaignID string          `json:"campaign_id"`
	Budget     schemas.Money   `json:"budget"`
	Spent      schemas.Money   `json:"spent"`
	Released   schemas.Money   `json:"released"`
	LockedAt   schemas.Instant `json:"locked_at"`
	BookedAt   schemas.Instant `json:"booked_at"`
}

type hold struct {
	CampaignID string          `json:"campaign_id"`
	Name       string          `json:"name,omitempty"`
	Status     string          `json:"status"`
	Budget     schemas.Money   `json:"budget"`
	Held       schemas.Money   `json:"held"`
	EndsAt     schemas.Instant `json:"ends_at"`
	// ReleaseWaits says that the release was read, and is not booked.
	ReleaseWaits bool `json:"release_waits,omitempty"`
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
	found := &wallet{AdvertiserID: c.Advertiser}
	err = store.Snapshot(ctx, func(at *pgstore.Reader) error { return found.read(ctx, at, c.Limit) })
	if err == nil && len(found.Wallets) == 0 {
		err = errNoWallet
	}
	if err != nil {
		return fmt.Errorf("advertiser %q: %w", timeline.Printable(c.Advertiser), err)
	}
	if c.JSON {
		return printJSON(on.out, found)
	}
	return found.write(on.out, on.outIsTerminal)
}

func (w *wallet) read(ctx context.Context, at *pgstore.Reader, limit int) error {
	wallets, err := at.Wallet(ctx, w.AdvertiserID)
	if err != nil {
		return err
	}
	releases, count, err := at.WalletReleases(ctx, w.AdvertiserID, limit)
	if err != nil {
		return err
	}
	holds, waiting, err := at.WalletHolds(ctx, w.AdvertiserID, limit)
	if err != nil {
		return err
	}
	w.ReleasesTotal, w.HoldsTotal = count, waiting
	w.Wallets, w.Releases, w.Holds = []balance{}, []walletRelease{}, []hold{}
	for i := range wallets {
		b := &wallets[i]
		w.Wallets = append(w.Wallets, balance{
			Balance: sum(&b.Balance, b.Currency), Campaigns: b.Campaigns, Held: sum(&b.Held, b.Currency),
			Spent: sum(&b.Spent, b.Currency), Released: sum(&b.Released, b.Currency),
		})
	}
	for i := range releases {
		r := &releases[i]
		w.Releases = append(w.Releases, walletRelease{
			CampaignID: r.CampaignID, Budget: sum(&r.Budget, r.Currency), Spent: sum(&r.Spent, r.Currency),
			Released: sum(&r.Released, r.Currency),
			LockedAt: schemas.Instant(r.LockedAt), BookedAt: schemas.Instant(r.BookedAt),
		})
	}
	for i := range holds {
		h := &holds[i]
		w.Holds = append(w.Holds, hold{
			CampaignID: h.CampaignID, Name: h.Name, Status: h.Status, Budget: sum(&h.Budget, h.Currency), Held: sum(&h.Held, h.Currency),
			EndsAt: schemas.Instant(h.EndsAt), ReleaseWaits: h.Waiting,
		})
	}
	return nil
}

// sum writes a number of the database as money, with all decimals of its currency.
func sum(d *apd.Decimal, currency string) schemas.Money {
	text := d.Text('f')
	if amount, err := money.ParseAmount(text, currency); err == nil {
		text = amount.String()
	}
	return schemas.Money{Amount: text, Currency: currency}
}

// write prints the wallet for a person.
func (w *wallet) write(to io.Writer, colour bool) error {
	for i, rows := range [][][]string{w.balances(), w.releases(), w.holds()} {
		if len(rows) == 1 { // a heading without anything below
			continue
		}
		if i > 0 {
			if _, err := fmt.Fprintln(to); err != nil {
				return err
			}
		}
		var t timeline.Table
		for i, row := range rows {
			style := timeline.Plain
			if i == 0 || len(row) == 1 {
				style = timeline.Faint
			}
			cells := make([]timeline.Cell, len(row))
			for i, text := range row {
				cells[i] = timeline.Cell{Text: timeline.Printable(text), Style: style}
			}
			t.Row(cells...)
		}
		if err := t.Write(to, colour); err != nil {
			return err
		}
	}
	return nil
}

func (w *wallet) balances() [][]string {
	rows := [][]string{{"WALLET", "BALANCE", "HELD", "SPENT", "CAMPAIGNS"}}
	for _, b := range w.Wallets {
		rows = append(rows, []string{b.Balance.Currency, timeline.Sum(b.Balance), timeline.Sum(b.Held), timeline.Sum(b.Spent),
			strconv.FormatInt(b.Campaigns, 10)})
	}
	return rows
}

func (w *wallet) releases() [][]string {
	rows := [][]string{{"RELEASED BY", "RELEASED", "SPENT", "OF", "LOCKED (UTC)"}}
	for _, r := range w.Releases {
		rows = append(rows, []string{r.CampaignID, timeline.Sum(r.Released), timeline.Sum(r.Spent), timeline.Sum(r.Budget),
			r.LockedAt.String()})
	}
	if more := w.ReleasesTotal - int64(len(w.Releases)); more > 0 {
		rows = append(rows, []string{fmt.Sprintf("and %d before these", more)})
	}
	return rows
}

func (w *wallet) holds() [][]string {
	rows := [][]string{{"HELD FOR", "HELD", "STATUS", "ENDS (UTC)", "NAME"}}
	for _, h := range w.Holds {
		status := h.Status
		if h.ReleaseWaits {
			status += ", its release waits"
		}
		rows = append(rows, []string{h.CampaignID, timeline.Sum(h.Held), status, h.EndsAt.String(), h.Name})
	}
	if more := w.HoldsTotal - int64(len(w.Holds)); more > 0 {
		rows = append(rows, []string{fmt.Sprintf("and %d that end later", more)})
	}
	return rows
}
