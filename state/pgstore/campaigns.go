package pgstore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// projected is a campaign as a batch leaves it.
type projected struct {
	before, after standing
	newest        *Transition // nil: what is stored stays the newest
}

// followTransitions moves the campaigns on by new transitions (sorted), and returns how each of them stands then.
func followTransitions(ctx context.Context, tx pgx.Tx, added []Transition, stood map[string]standing, result *Result,
) ([]entrySet, error) {
	histories := historiesOf(added)
	if err := addWaiting(ctx, tx, histories, stood); err != nil {
		return nil, err
	}
	var sets []entrySet
	var changed []projected
	for first := 0; first < len(added); {
		last := first
		for last+1 < len(added) && added[last+1].CampaignID == added[first].CampaignID {
			last++
		}
		p, booked, conflicts, err := project(stood[added[first].CampaignID], added[first:last+1], histories[added[first].CampaignID])
		if err != nil {
			return nil, err
		}
		sets, changed, result.Conflicts = append(sets, booked...), append(changed, p), append(result.Conflicts, conflicts...)
		stood[p.after.campaignID] = p.after
		first = last + 1
	}
	return sets, putCampaigns(ctx, tx, changed)
}

// project moves one campaign on: its new transitions, sorted, and the steps that are not booked yet.
func project(before standing, added []Transition, history []step) (projected, []entrySet, []Conflict, error) {
	newest := &added[len(added)-1]
	after := before
	if before.sequence == 0 {
		after.campaignID = newest.CampaignID
		after.advertiserID, after.currency = added[0].Campaign.AdvertiserID, added[0].Campaign.Currency
	}
	p := projected{before: before}
	if newest.Sequence > before.sequence {
		p.newest, after.sequence = newest, newest.Sequence
	}
	after, sets, conflicts, err := after.follow(history)
	p.after = after
	return p, sets, conflicts, err
}

func historiesOf(added []Transition) map[string][]step {
	histories := make(map[string][]step)
	for i := range added {
		histories[added[i].CampaignID] = append(histories[added[i].CampaignID], added[i].step())
	}
	return histories
}

// addWaiting completes the histories of campaigns that have a gap with what waits behind it.
func addWaiting(ctx context.Context, tx pgx.Tx, histories map[string][]step, stood map[string]standing) error {
	var gapped []string
	for id := range histories {
		if s := stood[id]; s.booked < s.sequence {
			gapped = append(gapped, id)
		}
	}
	if len(gapped) == 0 {
		return nil
	}
	type waiting struct {
		campaignID string
		step
	}
	all, err := collect(ctx, tx, func(row pgx.CollectableRow) (w waiting, err error) {
		return w, row.Scan(&w.campaignID, &w.sequence, &w.transition, &w.currency, decimalInto{&w.budget})
	}, selectWaiting, gapped)
	if err != nil {
		return err
	}
	whole := make(map[string][]step, len(gapped))
	for i := range all {
		whole[all[i].campaignID] = append(whole[all[i].campaignID], all[i].step)
	}
	maps.Copy(histories, whole)
	return nil
}

// standings reads how campaigns stand; one that is not there is left out.
func standings(ctx context.Context, tx pgx.Tx, ids []string) (map[string]standing, error) {
	stood := make(map[string]standing, len(ids))
	if len(ids) == 0 {
		return stood, nil
	}
	all, err := collect(ctx, tx, func(row pgx.CollectableRow) (s standing, err error) {
		return s, row.Scan(&s.campaignID, &s.advertiserID, &s.currency, &s.sequence, &s.booked, decimalInto{&s.held}, &s.settled)
	}, selectStandings, ids)
	for _, s := range all {
		stood[s.campaignID] = s
	}
	return stood, err
}

// putCampaigns writes the newest states.
func putCampaigns(ctx context.Context, tx pgx.Tx, changed []projected) error {
	var fresh, moved, filled []projected
	for _, p := range changed {
		switch {
		case p.before.sequence == 0:
			fresh = append(fresh, p)
		case p.newest != nil:
			moved = append(moved, p)
		case p.after != p.before:
			filled = append(filled, p)
		}
	}
	if err := copyInto(ctx, tx, campaignTarget(), fresh); err != nil {
		return err
	}
	var work pgx.Batch
	if len(moved) > 0 {
		work.Queue(updateCampaigns, campaignColumns(moved)...)
	}
	if len(filled) > 0 {
		work.Queue(fillCampaigns, standingColumns(filled)...)
	}
	return tx.SendBatch(ctx, &work).Close()
}

func campaignTarget() target[projected] {
	return target[projected]{"campaigns", campaignNames, func(w *rowWriter, p *projected) {
		w.text(p.after.campaignID)
		w.bigint(p.after.booked)
		w.numeric(&p.after.held)
		w.boolean(p.after.settled)
		w.text(p.after.advertiserID)
		w.text(printable(p.newest.Campaign.Name))
		w.text(p.newest.To)
		w.bigint(p.newest.Revision)
		w.bigint(p.newest.Sequence)
		w.instant(p.newest.Campaign.StartsAt)
		w.instant(p.newest.Campaign.EndsAt)
		w.text(p.newest.Campaign.TimeZone)
		w.text(p.after.currency)
		w.numeric(&p.newest.Campaign.Budget)
		w.nullNumeric(&p.newest.Campaign.CPM)
		w.integer(p.newest.Campaign.Stores)
		w.integer(p.newest.Campaign.Creatives)
		w.instant(p.newest.DecidedAt)
	}}
}

func standingColumns(rows []projected) []any {
	return []any{
		column(rows, func(p *projected) string { return p.after.campaignID }),
		column(rows, func(p *projected) int64 { return p.after.booked }),
		column(rows, func(p *projected) string { return text(&p.after.held) }),
		column(rows, func(p *projected) bool { return p.after.settled }),
	}
}

func campaignColumns(rows []projected) []any {
	return append(standingColumns(rows),
		column(rows, func(p *projected) string { return p.after.advertiserID }),
		column(rows, func(p *projected) string { return printable(p.newest.Campaign.Name) }),
		column(rows, func(p *projected) string { return p.newest.To }),
		column(rows, func(p *projected) int64 { return p.newest.Revision }),
		column(rows, func(p *projected) int64 { return p.newest.Sequence }),
		times(rows, func(p *projected) instant.Instant { return p.newest.Campaign.StartsAt }),
		times(rows, func(p *projected) instant.Instant { return p.newest.Campaign.EndsAt }),
		column(rows, func(p *projected) string { return p.newest.Campaign.TimeZone }),
		column(rows, func(p *projected) string { return p.after.currency }),
		column(rows, func(p *projected) string { return text(&p.newest.Campaign.Budget) }),
		column(rows, func(p *projected) *string { return nullText(&p.newest.Campaign.CPM) }),
		column(rows, func(p *projected) int32 { return p.newest.Campaign.Stores }),
		column(rows, func(p *projected) int32 { return p.newest.Campaign.Creatives }),
		times(rows, func(p *projected) instant.Instant { return p.newest.DecidedAt }),
	)
}

// campaignIDs returns whose standing a batch needs, each once, sorted.
func campaignIDs(added []Transition, releases []Release) []string {
	ids := slices.Concat(column(added, func(t *Transition) string { return t.CampaignID }),
		column(releases, func(r *Release) string { return r.CampaignID }))
	slices.SortFunc(ids, strings.Compare)
	return slices.Compact(ids)
}

const (
	selectStandings = `SELECT campaign_id, advertiser_id, currency, sequence, ledger_sequence, held::text, settled
FROM campaign_engine.campaigns WHERE campaign_id = ANY ($1::text[])`

	selectWaiting = `SELECT t.campaign_id, t.sequence, t.transition, t.currency, t.budget::text
FROM campaign_engine.campaigns c
JOIN campaign_engine.campaign_transitions t ON t.campaign_id = c.campaign_id AND t.sequence > c.ledger_sequence
WHERE c.campaign_id = ANY ($1::text[]) ORDER BY t.campaign_id, t.sequence`

	campaignNames = `campaign_id, ledger_sequence, held, settled, advertiser_id, name, status, revision, sequence, starts_at,
  ends_at, time_zone, currency, budget, cpm, stores, creatives, decided_at`

	campaignArrays = `unnest($1::text[], $2::bigint[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[], $8::bigint[],
  $9::bigint[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::text[], $16::integer[],
  $17::integer[], $18::timestamptz[]) AS n (` + campaignNames + `)`

	updateCampaigns = `UPDATE campaign_engine.campaigns c SET ledger_sequence = n.ledger_sequence, held = n.held::numeric,
  settled = n.settled, advertiser_id = n.advertiser_id, name = n.name, status = n.status, revision = n.revision,
  sequence = n.sequence,
  starts_at = n.starts_at, ends_at = n.ends_at, time_zone = n.time_zone, currency = n.currency, budget = n.budget::numeric,
  cpm = n.cpm::numeric, stores = n.stores, creatives = n.creatives, decided_at = n.decided_at, updated_at = now()
FROM ` + campaignArrays + ` WHERE c.campaign_id = n.campaign_id`

	fillCampaigns = `UPDATE campaign_engine.campaigns c SET ledger_sequence = n.ledger_sequence, held = n.held::numeric,
  settled = n.settled, updated_at = now()
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::boolean[]) AS n (campaign_id, ledger_sequence, held, settled)
WHERE c.campaign_id = n.campaign_id`
)
