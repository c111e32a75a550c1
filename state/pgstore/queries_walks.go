package pgstore

import (
	"context"
	"iter"

	"github.com/cockroachdb/apd/v3"
	"github.com/jackc/pgx/v5"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// WalletRelease is a release that was booked to a wallet.
type WalletRelease struct {
	CampaignID              string
	Currency                string
	Budget, Spent, Released apd.Decimal
	LockedAt                instant.Instant // when its campaign was settled
	BookedAt                instant.Instant // when it came into this ledger, which may have been made anew since
}

// WalletReleases returns the releases to an advertiser's wallets, what was locked last standing first, at most limit of them,
// and how many there are.
func (r *Reader) WalletReleases(
	ctx context.Context, advertiserID string, limit int,
) (last []WalletRelease, count int64, err error) {
	last, err = selected(ctx, r, "reading a wallet's releases", func(row pgx.CollectableRow) (w WalletRelease, err error) {
		return w, row.Scan(&w.CampaignID, &w.Currency, decimalInto{&w.Budget}, decimalInto{&w.Spent}, decimalInto{&w.Released},
			instantInto{&w.LockedAt}, instantInto{&w.BookedAt}, &count)
	}, selectWalletReleases, advertiserID, limit)
	return last, count, err
}

// Hold is what is set aside for a campaign.
type Hold struct {
	CampaignID   string
	Name         string
	Status       string
	Currency     string
	Budget, Held apd.Decimal
	EndsAt       instant.Instant
	// Waiting says that a release was read and is not booked.
	Waiting bool
}

// WalletHolds returns what is set aside for an advertiser's campaigns, what ends first standing first, at most limit of
// them, and how many there are.
func (r *Reader) WalletHolds(ctx context.Context, advertiserID string, limit int) (first []Hold, count int64, err error) {
	first, err = selected(ctx, r, "reading an advertiser's holds", func(row pgx.CollectableRow) (h Hold, err error) {
		return h, row.Scan(&h.CampaignID, &h.Name, &h.Status, &h.Currency, decimalInto{&h.Budget}, decimalInto{&h.Held},
			instantInto{&h.EndsAt}, &h.Waiting, &count)
	}, selectWalletHolds, advertiserID, limit)
	return first, count, err
}

// CampaignHold is what the ledger holds for a campaign, whether or not it is settled.
type CampaignHold struct {
	CampaignID   string
	AdvertiserID string
	Currency     string
	Balance      apd.Decimal // of its account; zero without one
}

// Holds walks over all campaigns in the order of their ids, as Releases does.
func (r *Reader) Holds(ctx context.Context) iter.Seq2[CampaignHold, error] {
	return pages(pageRows, func(after CampaignHold, _ bool) ([]CampaignHold, error) {
		return selected(ctx, r, "reading holds", func(row pgx.CollectableRow) (h CampaignHold, err error) {
			return h, row.Scan(&h.CampaignID, &h.AdvertiserID, &h.Currency, decimalInto{&h.Balance})
		}, selectHoldPage, after.CampaignID, pageRows)
	})
}

// Balance is what lies in an advertiser's wallet of one currency.
type Balance struct {
	Account      string
	AdvertiserID string
	Currency     string
	Amount       apd.Decimal
}

// Wallets walks over all wallets in the order of their accounts, as Releases does.
func (r *Reader) Wallets(ctx context.Context) iter.Seq2[Balance, error] {
	return pages(pageRows, func(after Balance, _ bool) ([]Balance, error) {
		return selected(ctx, r, "reading wallets", func(row pgx.CollectableRow) (b Balance, err error) {
			return b, row.Scan(&b.Account, &b.AdvertiserID, &b.Currency, decimalInto{&b.Amount})
		}, selectWalletPage, after.Account, pageRows)
	})
}

const (
	selectWalletReleases = `SELECT r.campaign_id, r.currency, r.budget::text, r.spent::text, r.released::text,
  coalesce(t.locked_at, s.booked_at) AS locked_at, s.booked_at, count(*) OVER ()
FROM campaign_engine.campaigns c
JOIN campaign_engine.entry_sets s ON s.set_key = c.campaign_id || '/release'
JOIN campaign_engine.releases r ON r.release_id = s.set_key
CROSS JOIN LATERAL (SELECT min(decided_at) AS locked_at FROM campaign_engine.campaign_transitions
  WHERE campaign_id = c.campaign_id AND transition = 'settle') t
WHERE c.advertiser_id = $1 ORDER BY locked_at DESC, r.campaign_id LIMIT $2`

	selectWalletHolds = `SELECT c.campaign_id, c.name, c.status, c.currency, c.budget::text, h.balance::text, c.ends_at,
  p.release_id IS NOT NULL, count(*) OVER ()
FROM campaign_engine.campaigns c
JOIN campaign_engine.accounts h ON h.account = 'hold/' || c.campaign_id
LEFT JOIN campaign_engine.pending_releases p ON p.release_id = c.campaign_id || '/release'
WHERE c.advertiser_id = $1 AND h.balance > 0 ORDER BY c.ends_at, c.campaign_id LIMIT $2`

	selectHoldPage = `SELECT c.campaign_id, c.advertiser_id, c.currency, coalesce(h.balance, 0)::text
FROM (SELECT * FROM campaign_engine.campaigns WHERE campaign_id > $1 ORDER BY campaign_id LIMIT $2) c
LEFT JOIN campaign_engine.accounts h ON h.account = 'hold/' || c.campaign_id ORDER BY c.campaign_id`

	selectWalletPage = `SELECT account, owner, currency, balance::text FROM campaign_engine.accounts
WHERE account > $1 AND account >= 'wallet/' AND account < 'wallet0' ORDER BY account LIMIT $2`
)
