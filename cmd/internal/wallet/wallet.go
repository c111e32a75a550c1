// Package wallet tells what came back to an advertiser, and what is held for campaigns that run or wait, from the tables.
package wallet

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/cockroachdb/apd/v3"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/money"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// Wallet is what is told of an advertiser.
type Wallet struct {
	AdvertiserID string    `json:"advertiser_id"`
	Wallets      []Balance `json:"wallets"`
	// Releases are the newest of ReleasesTotal, Holds those of HoldsTotal that end first.
	Releases      []Release `json:"releases"`
	ReleasesTotal int64     `json:"releases_total"`
	Holds         []Hold    `json:"holds"`
	HoldsTotal    int64     `json:"holds_total"`
}

// Balance is what there is in one currency. Held, Spent and Released are over all of the campaigns.
type Balance struct {
	Balance   schemas.Money `json:"balance"`
	Campaigns int64         `json:"campaigns"`
	Held      schemas.Money `json:"held"`
	Spent     schemas.Money `json:"spent"`
	Released  schemas.Money `json:"released"`
}

// Release is what came back from a campaign.
type Release struct {
	CampaignID string          `json:"campaign_id"`
	Budget     schemas.Money   `json:"budget"`
	Spent      schemas.Money   `json:"spent"`
	Released   schemas.Money   `json:"released"`
	LockedAt   schemas.Instant `json:"locked_at"`
	BookedAt   schemas.Instant `json:"booked_at"`
}

// Hold is what is set aside for a campaign.
type Hold struct {
	CampaignID string          `json:"campaign_id"`
	Name       string          `json:"name,omitempty"`
	Status     string          `json:"status"`
	Budget     schemas.Money   `json:"budget"`
	Held       schemas.Money   `json:"held"`
	EndsAt     schemas.Instant `json:"ends_at"`
	// ReleaseWaits says that the release was read, and is not booked.
	ReleaseWaits bool `json:"release_waits,omitempty"`
}

// Read reads it from the tables: at most limit releases, and as many holds.
func (w *Wallet) Read(ctx context.Context, at *pgstore.Reader, limit int) error {
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
	w.Wallets, w.Releases, w.Holds = []Balance{}, []Release{}, []Hold{}
	for i := range wallets {
		b := &wallets[i]
		w.Wallets = append(w.Wallets, Balance{
			Balance: sum(&b.Balance, b.Currency), Campaigns: b.Campaigns, Held: sum(&b.Held, b.Currency),
			Spent: sum(&b.Spent, b.Currency), Released: sum(&b.Released, b.Currency),
		})
	}
	for i := range releases {
		r := &releases[i]
		w.Releases = append(w.Releases, Release{
			CampaignID: r.CampaignID, Budget: sum(&r.Budget, r.Currency), Spent: sum(&r.Spent, r.Currency),
			Released: sum(&r.Released, r.Currency),
			LockedAt: schemas.Instant(r.LockedAt), BookedAt: schemas.Instant(r.BookedAt),
		})
	}
	for i := range holds {
		h := &holds[i]
		w.Holds = append(w.Holds, Hold{
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

// Write prints the wallet for a person.
func (w *Wallet) Write(to io.Writer, colour bool) error {
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

func (w *Wallet) balances() [][]string {
	rows := [][]string{{"WALLET", "BALANCE", "HELD", "SPENT", "CAMPAIGNS"}}
	for _, b := range w.Wallets {
		rows = append(rows, []string{b.Balance.Currency, timeline.Sum(b.Balance), timeline.Sum(b.Held), timeline.Sum(b.Spent),
			strconv.FormatInt(b.Campaigns, 10)})
	}
	return rows
}

func (w *Wallet) releases() [][]string {
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

func (w *Wallet) holds() [][]string {
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
