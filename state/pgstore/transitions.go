package pgstore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

func orderTransitions(a, b *Transition) int {
	return cmp.Or(strings.Compare(a.CampaignID, b.CampaignID), cmp.Compare(a.Sequence, b.Sequence))
}

func sameTransition(a, b *Transition) bool {
	x, y := *a, *b
	x.Campaign.Budget, y.Campaign.Budget = zero, zero
	x.Campaign.CPM, y.Campaign.CPM = noDecimal, noDecimal
	return x == y && a.Campaign.Budget.Cmp(&b.Campaign.Budget) == 0 && sameNull(&a.Campaign.CPM, &b.Campaign.CPM)
}

// addTransitions puts down the history and returns what was not there before, sorted.
func addTransitions(ctx context.Context, tx pgx.Tx, rows []Transition, stood map[string]standing, result *Result,
) ([]Transition, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	repeats := func(t Transition) bool { return t.Sequence <= stood[t.CampaignID].sequence } // or fills a gap
	if slices.ContainsFunc(rows, repeats) {
		return addNewTransitions(ctx, tx, rows, result)
	}
	all, err := copyNew(ctx, tx, transitionTarget(), rows)
	if err != nil || all {
		result.New += len(rows)
		return rows, err
	}
	return addNewTransitions(ctx, tx, rows, result)
}

// addNewTransitions adds those that are new, and compares the others.
func addNewTransitions(ctx context.Context, tx pgx.Tx, rows []Transition, result *Result) ([]Transition, error) {
	type key struct {
		campaignID string
		sequence   int64
	}
	added, err := collect(ctx, tx, func(row pgx.CollectableRow) (k key, err error) {
		return k, row.Scan(&k.campaignID, &k.sequence)
	}, insertTransitions, transitionColumns(rows)...)
	if err != nil {
		return nil, err
	}
	result.New += len(added)
	fresh := make(map[key]bool, len(added))
	for _, k := range added {
		fresh[k] = true
	}
	isFresh := func(t *Transition) bool { return fresh[key{t.CampaignID, t.Sequence}] }
	return isolate(ctx, tx, KindTransition, rows, isFresh, compareTransitions, transitionColumns, (*Transition).key, result)
}

// isolate returns the fresh ones of the rows; the others are compared with what stands there.
func isolate[T any](ctx context.Context, tx pgx.Tx, kind string, rows []T, isFresh func(*T) bool, comparison string,
	columns func([]T) []any, key func(*T) string, result *Result,
) (fresh []T, err error) {
	var known []T
	for i := range rows {
		if isFresh(&rows[i]) {
			fresh = append(fresh, rows[i])
		} else {
			known = append(known, rows[i])
		}
	}
	type differing struct {
		place  int64
		stored *string
	}
	others, err := collect(ctx, tx, func(row pgx.CollectableRow) (d differing, err error) {
		return d, row.Scan(&d.place, &d.stored)
	}, comparison, columns(known)...)
	if err != nil {
		return nil, err
	}
	for _, other := range others {
		row := &known[other.place-1]
		c := Conflict{Kind: kind, Key: key(row), Reason: "other content stands under this key", Given: shown(row)}
		if other.stored != nil {
			c.Stored = *other.stored
		} else {
			c.Reason = "its id stands under another key"
		}
		result.Conflicts = append(result.Conflicts, c)
	}
	result.Repeated += len(known) - len(others)
	return fresh, nil
}

func transitionTarget() target[Transition] {
	return target[Transition]{"campaign_transitions", transitionNames, func(w *rowWriter, t *Transition) {
		w.text(t.CampaignID)
		w.bigint(t.Sequence)
		w.text(t.TransitionID)
		w.bigint(t.Revision)
		w.text(t.Transition)
		w.text(t.From)
		w.text(t.To)
		w.instant(t.ScheduledFor)
		w.instant(t.DecidedAt)
		w.bigint(t.LatenessMs)
		w.boolean(t.FirstActive)
		w.text(printable(t.ChangeReason))
		w.text(t.Campaign.AdvertiserID)
		w.text(printable(t.Campaign.Name))
		w.instant(t.Campaign.StartsAt)
		w.instant(t.Campaign.EndsAt)
		w.text(t.Campaign.TimeZone)
		w.text(t.Campaign.Currency)
		w.numeric(&t.Campaign.Budget)
		w.nullNumeric(&t.Campaign.CPM)
		w.integer(t.Campaign.Stores)
		w.integer(t.Campaign.Creatives)
	}}
}

func transitionColumns(rows []Transition) []any {
	return []any{
		column(rows, func(t *Transition) string { return t.CampaignID }),
		column(rows, func(t *Transition) int64 { return t.Sequence }),
		column(rows, func(t *Transition) string { return t.TransitionID }),
		column(rows, func(t *Transition) int64 { return t.Revision }),
		column(rows, func(t *Transition) string { return t.Transition }),
		column(rows, func(t *Transition) string { return t.From }),
		column(rows, func(t *Transition) string { return t.To }),
		times(rows, func(t *Transition) instant.Instant { return t.ScheduledFor }),
		times(rows, func(t *Transition) instant.Instant { return t.DecidedAt }),
		column(rows, func(t *Transition) int64 { return t.LatenessMs }),
		column(rows, func(t *Transition) bool { return t.FirstActive }),
		column(rows, func(t *Transition) string { return printable(t.ChangeReason) }),
		column(rows, func(t *Transition) string { return t.Campaign.AdvertiserID }),
		column(rows, func(t *Transition) string { return printable(t.Campaign.Name) }),
		times(rows, func(t *Transition) instant.Instant { return t.Campaign.StartsAt }),
		times(rows, func(t *Transition) instant.Instant { return t.Campaign.EndsAt }),
		column(rows, func(t *Transition) string { return t.Campaign.TimeZone }),
		column(rows, func(t *Transition) string { return t.Campaign.Currency }),
		column(rows, func(t *Transition) string { return text(&t.Campaign.Budget) }),
		column(rows, func(t *Transition) *string { return nullText(&t.Campaign.CPM) }),
		column(rows, func(t *Transition) int32 { return t.Campaign.Stores }),
		column(rows, func(t *Transition) int32 { return t.Campaign.Creatives }),
	}
}

const (
	transitionNames = `campaign_id, sequence, transition_id, revision, transition, from_status, to_status, scheduled_for, decided_at,
  lateness_ms, first_active, change_reason, advertiser_id, name, starts_at, ends_at, time_zone, currency, budget, cpm,
  stores, creatives`

	transitionArrays = `unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
  $8::timestamptz[], $9::timestamptz[], $10::bigint[], $11::boolean[], $12::text[], $13::text[], $14::text[], $15::timestamptz[],
  $16::timestamptz[], $17::text[], $18::text[], $19::text[], $20::text[], $21::integer[], $22::integer[])`

	insertTransitions = `INSERT INTO campaign_engine.campaign_transitions (` + transitionNames + `)
SELECT campaign_id, sequence, transition_id, revision, transition, from_status, to_status, scheduled_for, decided_at, lateness_ms,
  first_active, change_reason, advertiser_id, name, starts_at, ends_at, time_zone, currency, budget::numeric, cpm::numeric,
  stores, creatives
FROM ` + transitionArrays + ` AS n (` + transitionNames + `)
ON CONFLICT DO NOTHING RETURNING campaign_id, sequence`

	compareTransitions = `SELECT n.place, to_jsonb(t)::text
FROM ` + transitionArrays + ` WITH ORDINALITY AS n (` + transitionNames + `, place)
LEFT JOIN campaign_engine.campaign_transitions t ON t.campaign_id = n.campaign_id AND t.sequence = n.sequence
WHERE t.campaign_id IS NULL OR (t.transition_id, t.revision, t.transition, t.from_status, t.to_status, t.scheduled_for,
  t.decided_at, t.lateness_ms, t.first_active, t.change_reason, t.advertiser_id, t.name, t.starts_at, t.ends_at,
  t.time_zone, t.currency,
  t.budget, t.cpm, t.stores, t.creatives) 
  IS DISTINCT FROM (n.transition_id, n.revision, n.transition, n.from_status, n.to_status, n.scheduled_for,
  n.decided_at,
  n.lateness_ms, n.first_active, n.change_reason, n.advertiser_id, n.name, n.starts_at, n.ends_at, n.time_zone,
  n.currency, n.budget::numeric,
  n.cpm::numeric, n.stores, n.creatives)
ORDER BY n.place`
)
