package pgstore

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/cockroachdb/apd/v3"
	"github.com/jackc/pgx/v5"
)

// Wallet is what an advertiser has in one currency.
type Wallet struct {
	Currency string
	Balance  apd.Decimal // what was given back
	// Over all of the advertiser's campaigns:
	Campaigns int64
	Held      apd.Decimal // set aside for campaigns that are not settled
	Spent     apd.Decimal
	Released  apd.Decimal
}

// Wallet returns an advertiser's money, a row per currency, in their order; none for an advertiser without campaigns.
func (s *Store) Wallet(ctx context.Context, advertiserID string) ([]Wallet, error) {
	return selected(ctx, s, "reading a wallet", func(row pgx.CollectableRow) (w Wallet, err error) {
		return w, row.Scan(&w.Currency, decimalInto{&w.Balance}, &w.Campaigns, decimalInto{&w.Held}, decimalInto{&w.Spent},
			decimalInto{&w.Released})
	}, selectWallet, advertiserID)
}

// CampaignMoney is where a campaign's budget is.
type CampaignMoney struct {
	CampaignID   string
	AdvertiserID string
	Status       string
	Currency     string
	Budget       apd.Decimal
	Held         apd.Decimal // zero once it was released
	// Released says that the release is booked; SpentAmount and ReleasedAmount are zero before.
	Released                    bool
	SpentAmount, ReleasedAmount apd.Decimal
	// Waiting says that a release was read and is not booked: its settle was not read yet, or it does not fit.
	Waiting bool
	Settled bool
}

// CampaignMoney returns a campaign's money; false for one that is not there.
func (s *Store) CampaignMoney(ctx context.Context, campaignID string) (CampaignMoney, bool, error) {
	all, err := selected(ctx, s, "reading a campaign's money", func(row pgx.CollectableRow) (m CampaignMoney, err error) {
		return m, row.Scan(&m.CampaignID, &m.AdvertiserID, &m.Status, &m.Currency, decimalInto{&m.Budget}, decimalInto{&m.Held},
			&m.Released, decimalInto{&m.SpentAmount}, decimalInto{&m.ReleasedAmount}, &m.Waiting, &m.Settled)
	}, selectCampaignMoney, campaignID)
	if err != nil || len(all) == 0 {
		return CampaignMoney{}, false, err
	}
	return all[0], true, nil
}

// Newest asks Statement for the newest version.
const Newest int64 = 0

// Statement returns a version of a campaign's statement; false where there is none.
func (s *Store) Statement(ctx context.Context, campaignID string, version int64) (Statement, bool, error) {
	all, err := selected(ctx, s, "reading a statement", scanStatement, selectStatement, campaignID, version)
	if err != nil || len(all) == 0 {
		return Statement{}, false, err
	}
	return all[0], true, nil
}

func scanStatement(row pgx.CollectableRow) (t Statement, err error) {
	var body string
	err = row.Scan(&t.CampaignID, &t.Version, &t.StatementID, &t.AdvertiserID, &t.Status, &t.Revision, instantInto{&t.LockedAt},
		nullInstantInto{&t.AdjustedAt}, &t.Plays, decimalInto{&t.Impressions}, &t.LatePlays, &t.NotCounted, &t.Currency,
		decimalInto{&t.Budget}, decimalInto{&t.Cost}, decimalInto{&t.Spent}, decimalInto{&t.Released}, &body)
	t.Body = json.RawMessage(body)
	return t, err
}

// Entry is a line of the ledger.
type Entry struct {
	Set      string // <campaign_id>/hold/<sequence> or <campaign_id>/release
	Line     int32
	Account  string // funding/<currency>, hold/<campaign_id>, revenue/<currency>, wallet/<advertiser_id>/<currency>
	Currency string
	Amount   apd.Decimal // what the account gains; below zero: loses
}

// LedgerOf returns what was booked for a campaign: the holds in the order of their sequence, then the release.
func (s *Store) LedgerOf(ctx context.Context, campaignID string) ([]Entry, error) {
	return selected(ctx, s, "reading a campaign's ledger", func(row pgx.CollectableRow) (e Entry, err error) {
		return e, row.Scan(&e.Set, &e.Line, &e.Account, &e.Currency, decimalInto{&e.Amount})
	}, selectLedger, campaignID)
}

// BookedRelease is a release as it was read, beside what the ledger says of it.
type BookedRelease struct {
	Release
	Waiting bool // it is not booked, and Ledger is all zero
	Ledger  struct{ Budget, Spent, Released apd.Decimal }
}

// pageRows is how many rows a cursor reads at a time.
const pageRows = 1000

// Releases walks over all releases in the order of their ids, those that wait included. It reads in pages, and holds no
// transaction open: what is written meanwhile may be seen or not. It ends at the first error.
func (s *Store) Releases(ctx context.Context) iter.Seq2[BookedRelease, error] {
	return pages(func(after BookedRelease, first bool) ([]BookedRelease, error) {
		from := ""
		if !first {
			from = after.ID()
		}
		return selected(ctx, s, "reading releases", func(row pgx.CollectableRow) (r BookedRelease, err error) {
			return r, row.Scan(&r.CampaignID, &r.AdvertiserID, &r.Currency, decimalInto{&r.Budget}, decimalInto{&r.Spent},
				decimalInto{&r.Release.Released}, &r.Waiting, decimalInto{&r.Ledger.Budget}, decimalInto{&r.Ledger.Spent},
				decimalInto{&r.Ledger.Released})
		}, selectReleasePage, from, pageRows)
	})
}

// Statements walks over all statements in the order of campaign and version, as Releases does.
func (s *Store) Statements(ctx context.Context) iter.Seq2[Statement, error] {
	return pages(func(after Statement, _ bool) ([]Statement, error) {
		return selected(ctx, s, "reading statements", scanStatement, selectStatementPage, after.CampaignID, after.Version, pageRows)
	})
}

func pages[T any](page func(after T, first bool) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last T
		for first := true; ; first = false {
			rows, err := page(last, first)
			if err != nil {
				yield(last, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
				last = row
			}
			if len(rows) < pageRows {
				return
			}
		}
	}
}

// Break is a place where the ledger contradicts itself. There is none unless somebody took its guards away.
type Break struct {
	Place string // an account, a set, a currency
	What  string
}

// Audit adds the whole ledger up again. It reads all entries.
func (s *Store) Audit(ctx context.Context) ([]Break, error) {
	return selected(ctx, s, "auditing the ledger", pgx.RowToStructByPos[Break], audit)
}

func selected[T any](ctx context.Context, s *Store, doing string, scan pgx.RowToFunc[T], query string, arguments ...any,
) (all []T, err error) {
	err = s.bounded(ctx, doing, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, query, arguments...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, scan)
		return err
	})
	return all, err
}
