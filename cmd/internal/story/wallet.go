package story

import (
	"context"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/wallet"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

const (
	walletTitle = "wallet of "
	walletRows  = 20
	answerMax   = 10 * time.Second
)

// findTables waits for the tables, or for why there are none.
func (t *stage) findTables(ctx context.Context) error {
	url, err := t.Database(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		t.without = strings.Join(strings.Fields(err.Error()), " ")
		return nil
	}
	t.url = url
	return t.await(ctx, "the tables are written", func() bool { return t.Process.Tables() == "" })
}

// wallets reads what the tables say of the advertiser once they have all releases.
func (t *stage) wallets(ctx context.Context) ([]section, error) {
	if t.without != "" {
		return nil, nil
	}
	read, err := t.readWallet(ctx)
	if err != nil {
		return nil, err
	}
	t.wallet = read
	return walletFacts(read), nil
}

func (t *stage) readWallet(ctx context.Context) (*wallet.Wallet, error) {
	tables, err := pgstore.OpenForReading(ctx, pgstore.Options{URL: t.url, Timeout: answerMax, Connections: 1})
	if err != nil {
		return nil, err
	}
	defer tables.Close()
	released := int64(0)
	for _, c := range t.seen.campaigns {
		released += int64(min(len(c.releases), 1)) // a second one would not be booked
	}
	read := new(wallet.Wallet)
	var failed error
	err = t.await(ctx, "the tables have all releases", func() bool {
		read = &wallet.Wallet{AdvertiserID: advertiser}
		failed = tables.Snapshot(ctx, func(at *pgstore.Reader) error { return read.Read(ctx, at, walletRows) })
		return failed != nil || read.ReleasesTotal >= released
	})
	if failed != nil {
		err = failed
	}
	return read, err
}

func walletFacts(w *wallet.Wallet) []section {
	one := section{title: walletTitle + w.AdvertiserID}
	for i := range w.Wallets {
		b := &w.Wallets[i]
		one.add("%s: %s of %d campaigns; %s held, %s spent, %s released", b.Balance.Currency, b.Balance.Amount, b.Campaigns,
			b.Held.Amount, b.Spent.Amount, b.Released.Amount)
	}
	one.add("%d releases, %d holds", w.ReleasesTotal, w.HoldsTotal)
	return []section{one}
}
