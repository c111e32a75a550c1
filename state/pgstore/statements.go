package pgstore

import (
	"bytes"
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

func orderStatements(a, b *Statement) int {
	return cmp.Or(strings.Compare(a.CampaignID, b.CampaignID), cmp.Compare(a.Version, b.Version))
}

func sameStatement(a, b *Statement) bool {
	return a.StatementID == b.StatementID && bytes.Equal(a.Body, b.Body)
}

// addStatements puts down the statements that were not there before.
func addStatements(ctx context.Context, tx pgx.Tx, rows []Statement, result *Result) error {
	if len(rows) == 0 {
		return nil
	}
	present, err := collect(ctx, tx, pgx.RowTo[bool], selectWhetherStatements, statementColumns(rows)[:2]...)
	if err != nil {
		return err
	}
	if !present[0] {
		all, err := copyNew(ctx, tx, statementTarget(), rows)
		if err != nil || all {
			result.New += len(rows)
			return err
		}
	}
	return addNewStatements(ctx, tx, rows, result)
}

// addNewStatements adds those that are new, and compares the others.
func addNewStatements(ctx context.Context, tx pgx.Tx, rows []Statement, result *Result) error {
	type key struct {
		campaignID string
		version    int64
	}
	added, err := collect(ctx, tx, func(row pgx.CollectableRow) (k key, err error) {
		return k, row.Scan(&k.campaignID, &k.version)
	}, insertStatements, statementColumns(rows)...)
	if err != nil {
		return err
	}
	result.New += len(added)
	fresh := make(map[key]bool, len(added))
	for _, k := range added {
		fresh[k] = true
	}
	isFresh := func(s *Statement) bool { return fresh[key{s.CampaignID, s.Version}] }
	_, err = isolate(ctx, tx, KindStatement, rows, isFresh, compareStatements, statementColumns, (*Statement).key, result)
	return err
}

func statementTarget() target[Statement] {
	return target[Statement]{"statements", statementNames, func(w *rowWriter, s *Statement) {
		w.text(s.CampaignID)
		w.bigint(s.Version)
		w.text(s.StatementID)
		w.text(s.AdvertiserID)
		w.text(s.Status)
		w.bigint(s.Revision)
		w.instant(s.LockedAt)
		w.nullInstant(s.AdjustedAt)
		w.bigint(s.Plays)
		w.numeric(&s.Impressions)
		w.bigint(s.LatePlays)
		w.bigint(s.NotCounted)
		w.text(s.Currency)
		w.numeric(&s.Budget)
		w.numeric(&s.Cost)
		w.numeric(&s.Spent)
		w.numeric(&s.Released)
		w.json(s.Body)
	}}
}

func statementColumns(rows []Statement) []any {
	return []any{
		column(rows, func(s *Statement) string { return s.CampaignID }),
		column(rows, func(s *Statement) int64 { return s.Version }),
		column(rows, func(s *Statement) string { return s.StatementID }),
		column(rows, func(s *Statement) string { return s.AdvertiserID }),
		column(rows, func(s *Statement) string { return s.Status }),
		column(rows, func(s *Statement) int64 { return s.Revision }),
		times(rows, func(s *Statement) instant.Instant { return s.LockedAt }),
		column(rows, func(s *Statement) *time.Time { return nullTime(s.AdjustedAt) }),
		column(rows, func(s *Statement) int64 { return s.Plays }),
		column(rows, func(s *Statement) string { return text(&s.Impressions) }),
		column(rows, func(s *Statement) int64 { return s.LatePlays }),
		column(rows, func(s *Statement) int64 { return s.NotCounted }),
		column(rows, func(s *Statement) string { return s.Currency }),
		column(rows, func(s *Statement) string { return text(&s.Budget) }),
		column(rows, func(s *Statement) string { return text(&s.Cost) }),
		column(rows, func(s *Statement) string { return text(&s.Spent) }),
		column(rows, func(s *Statement) string { return text(&s.Released) }),
		column(rows, func(s *Statement) string { return string(s.Body) }),
	}
}

const (
	statementNames = `campaign_id, version, statement_id, advertiser_id, status, revision, locked_at, adjusted_at, plays,
  impressions, late_plays, not_counted, currency, budget, cost, spent, released, body`

	statementArrays = `unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[],
  $8::timestamptz[], $9::bigint[], $10::text[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::text[],
  $16::text[], $17::text[], $18::text[])`

	selectWhetherStatements = `SELECT EXISTS (SELECT FROM unnest($1::text[], $2::bigint[]) AS n (campaign_id, version)
JOIN campaign_engine.statements t ON t.campaign_id = n.campaign_id AND t.version = n.version)`

	insertStatements = `INSERT INTO campaign_engine.statements (` + statementNames + `)
SELECT campaign_id, version, statement_id, advertiser_id, status, revision, locked_at, adjusted_at, plays, impressions::numeric,
  late_plays, not_counted, currency, budget::numeric, cost::numeric, spent::numeric, released::numeric, body::jsonb
FROM ` + statementArrays + ` AS n (` + statementNames + `)
ON CONFLICT DO NOTHING RETURNING campaign_id, version`

	compareStatements = `SELECT n.place, to_jsonb(t)::text
FROM ` + statementArrays + ` WITH ORDINALITY AS n (` + statementNames + `, place)
LEFT JOIN campaign_engine.statements t ON t.campaign_id = n.campaign_id AND t.version = n.version
WHERE t.campaign_id IS NULL OR (t.statement_id, t.advertiser_id, t.status, t.revision, t.locked_at, t.adjusted_at, t.plays,
  t.impressions,
  t.late_plays, t.not_counted, t.currency, t.budget, t.cost, t.spent, t.released, t.body)
  IS DISTINCT FROM (n.statement_id, n.advertiser_id,
  n.status, n.revision, n.locked_at, n.adjusted_at, n.plays, n.impressions::numeric, n.late_plays, n.not_counted, n.currency,
  n.budget::numeric, n.cost::numeric, n.spent::numeric, n.released::numeric, n.body::jsonb)
ORDER BY n.place`
)
