package pgstore

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

func orderReleases(a, b *Release) int { return strings.Compare(a.CampaignID, b.CampaignID) }

func sameRelease(a, b *Release) bool {
	return a.CampaignID == b.CampaignID && a.AdvertiserID == b.AdvertiserID && a.Currency == b.Currency &&
		a.Budget.Cmp(&b.Budget) == 0 && a.Spent.Cmp(&b.Spent) == 0 && a.Released.Cmp(&b.Released) == 0
}

// newReleases leaves out what is booked or parked already, by its key.
func newReleases(ctx context.Context, tx pgx.Tx, rows []Release, result *Result) ([]Release, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	stored, err := collect(ctx, tx, scanRelease, selectReleases, column(rows, (*Release).key))
	if err != nil {
		return nil, err
	}
	there := make(map[string]*Release, len(stored))
	for i := range stored {
		there[stored[i].CampaignID] = &stored[i]
	}
	fresh := make([]Release, 0, len(rows)-len(stored))
	for i := range rows {
		row := &rows[i]
		switch other := there[row.CampaignID]; {
		case other == nil:
			fresh = append(fresh, *row)
		case sameRelease(row, other):
			result.Repeated++
		default:
			result.Conflicts = append(result.Conflicts, Conflict{
				Kind: KindRelease, Key: row.ID(), Reason: "other content stands under this key", Stored: shown(other), Given: shown(row),
			})
		}
	}
	result.New += len(fresh)
	return fresh, nil
}

// parked returns the releases that wait for the settle of one of these campaigns.
func parked(ctx context.Context, tx pgx.Tx, campaigns []string) ([]Release, error) {
	if len(campaigns) == 0 {
		return nil, nil
	}
	keys := column(campaigns, func(id *string) string { return Release{CampaignID: *id}.ID() })
	return collect(ctx, tx, scanRelease, selectParked, keys)
}

// settledNow returns the campaigns that a batch has settled.
func settledNow(before, after map[string]standing) (settled []string) {
	for id := range after {
		if after[id].settled && !before[id].settled {
			settled = append(settled, id)
		}
	}
	return settled
}

// judge says which of the releases can be booked, and which wait. One that does not fit its settled campaign is a
// conflict, and waits for a person.
func judge(releases []Release, stood map[string]standing, result *Result) (booked, waiting []Release) {
	for i := range releases {
		r := &releases[i]
		s := stood[r.CampaignID]
		if !s.settled {
			waiting = append(waiting, *r)
			continue
		}
		if reason := s.fits(r); reason != "" {
			result.Conflicts = append(result.Conflicts, Conflict{Kind: KindRelease, Key: r.ID(), Reason: reason, Given: shown(r)})
			waiting = append(waiting, *r)
			continue
		}
		booked = append(booked, *r)
	}
	return booked, waiting
}

// putReleases writes down what is booked and what waits; awaited ones that are booked wait no more.
func putReleases(ctx context.Context, tx pgx.Tx, booked, waiting []Release, unparked []string) error {
	if err := copyInto(ctx, tx, releaseTarget("releases"), booked); err != nil {
		return err
	}
	if len(unparked) > 0 {
		if _, err := tx.Exec(ctx, deleteParked, unparked); err != nil {
			return err
		}
	}
	return copyInto(ctx, tx, releaseTarget("pending_releases"), waiting)
}

func releaseTarget(table string) target[Release] {
	return target[Release]{table, releaseNames, func(w *rowWriter, r *Release) {
		w.text(r.ID())
		w.text(r.CampaignID)
		w.text(r.AdvertiserID)
		w.text(r.Currency)
		w.numeric(&r.Budget)
		w.numeric(&r.Spent)
		w.numeric(&r.Released)
	}}
}

func scanRelease(row pgx.CollectableRow) (r Release, err error) {
	return r, row.Scan(&r.CampaignID, &r.AdvertiserID, &r.Currency, decimalInto{&r.Budget}, decimalInto{&r.Spent},
		decimalInto{&r.Released})
}

const (
	releaseNames = `release_id, campaign_id, advertiser_id, currency, budget, spent, released`
	deleteParked = `DELETE FROM campaign_engine.pending_releases WHERE release_id = ANY ($1::text[])`

	selectFields = `SELECT campaign_id, advertiser_id, currency, budget::text, spent::text, released::text FROM campaign_engine.`
	selectParked = selectFields + `pending_releases WHERE release_id = ANY ($1::text[]) ORDER BY release_id`

	selectReleases = selectFields + `releases WHERE release_id = ANY ($1::text[])
UNION ALL ` + selectFields + `pending_releases WHERE release_id = ANY ($1::text[])`
)
