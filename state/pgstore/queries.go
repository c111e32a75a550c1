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
func (r *Reader) Wallet(ctx context.Context, advertiserID string) ([]Wallet, error) {
	return selected(ctx, r, "reading a wallet", func(row pgx.CollectableRow) (w Wallet, err error) {
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
func (r *Reader) CampaignMoney(ctx context.Context, campaignID string) (CampaignMoney, bool, error) {
	all, err := selected(ctx, r, "reading a campaign's money", func(row pgx.CollectableRow) (m CampaignMoney, err error) {
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
func (r *Reader) Statement(ctx context.Context, campaignID string, version int64) (Statement, bool, error) {
	all, err := selected(ctx, r, "reading a statement", scanStatement, selectStatement, campaignID, version)
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
func (r *Reader) LedgerOf(ctx context.Context, campaignID string) ([]Entry, error) {
	return selected(ctx, r, "reading a campaign's ledger", func(row pgx.CollectableRow) (e Entry, err error) {
		return e, row.Scan(&e.Set, &e.Line, &e.Account, &e.Currency, decimalInto{&e.Amount})
	}, selectLedger, campaignID)
}

// BookedRelease is a release as it was read, beside what the ledger says of it.
type BookedRelease struct {
	Release
	Waiting bool // it is not booked, and Ledger is all zero
	Ledger  struct{ Budget, Spent, Released apd.Decimal }
}

// pageRows is how many rows a cursor reads at a time, statementRows of statements, which may be large.
const (
	pageRows      = 1000
	statementRows = 200
)

// Releases walks over all releases in the order of their ids, those that wait included. It reads in pages: outside of a
// Snapshot, what is written meanwhile may be seen or not. It ends at the first error.
func (r *Reader) Releases(ctx context.Context) iter.Seq2[BookedRelease, error] {
	return pages(pageRows, func(after BookedRelease, first bool) ([]BookedRelease, error) {
		from := ""
		if !first {
			from = after.ID()
		}
		return selected(ctx, r, "reading releases", func(row pgx.CollectableRow) (r BookedRelease, err error) {
			return r, row.Scan(&r.CampaignID, &r.AdvertiserID, &r.Currency, decimalInto{&r.Budget}, decimalInto{&r.Spent},
				decimalInto{&r.Release.Released}, &r.Waiting, decimalInto{&r.Ledger.Budget}, decimalInto{&r.Ledger.Spent},
				decimalInto{&r.Ledger.Released})
		}, selectReleasePage, from, pageRows)
	})
}

// Statements walks over all statements in the order of campaign and version, as Releases does.
func (r *Reader) Statements(ctx context.Context) iter.Seq2[Statement, error] {
	return pages(statementRows, func(after Statement, _ bool) ([]Statement, error) {
		return selected(ctx, r, "reading statements", scanStatement, selectStatementPage,
			after.CampaignID, after.Version, statementRows)
	})
}

func pages[T any](size int, page func(after T, first bool) ([]T, error)) iter.Seq2[T, error] {
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
			if len(rows) < size {
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
func (r *Reader) Audit(ctx context.Context) ([]Break, error) {
	return selected(ctx, r, "auditing the ledger", pgx.RowToStructByPos[Break], audit)
}

func selected[T any](ctx context.Context, r *Reader, doing string, scan pgx.RowToFunc[T], query string, arguments ...any,
) (all []T, err error) {
	err = r.bounded(ctx, doing, func(ctx context.Context) error {
		rows, err := r.rows.Query(ctx, query, arguments...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, scan)
		return err
	})
	return all, err
}
