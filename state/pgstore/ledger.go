package pgstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
	"github.com/jackc/pgx/v5"
)

// entrySet is one booking. Invariant: the amounts sum to zero.
type entrySet struct {
	key        string
	campaignID string
	kind       string // hold or release
	sequence   *int64 // of the transition that moved the hold
	entries    []entry
}

type entry struct {
	account account
	amount  apd.Decimal // never zero
}

type account struct{ kind, owner, currency string }

func (a account) name() string {
	switch a.kind {
	case "hold":
		return "hold/" + a.owner
	case "wallet":
		return "wallet/" + a.owner + "/" + a.currency
	}
	return a.kind + "/" + a.currency
}

// holdSet moves more from funding to the campaign's hold, or back when it is below zero.
func holdSet(campaignID string, sequence int64, currency string, more *apd.Decimal) entrySet {
	return entrySet{
		key: campaignID + "/hold/" + strconv.FormatInt(sequence, 10), campaignID: campaignID, kind: "hold", sequence: &sequence,
		entries: []entry{
			{account{"hold", campaignID, currency}, *more},
			{account{"funding", "", currency}, negated(more)},
		},
	}
}

// releaseSet empties the hold. A part that is zero has no entry.
func releaseSet(r *Release) entrySet {
	set := entrySet{key: r.ID(), campaignID: r.CampaignID, kind: "release"}
	for _, e := range []entry{
		{account{"hold", r.CampaignID, r.Currency}, negated(&r.Budget)},
		{account{"revenue", "", r.Currency}, r.Spent},
		{account{"wallet", r.AdvertiserID, r.Currency}, r.Released},
	} {
		if !e.amount.IsZero() {
			set.entries = append(set.entries, e)
		}
	}
	return set
}

// book puts sets into the ledger, whole or not at all. A key that is there already is an error: who calls has looked.
func book(ctx context.Context, tx pgx.Tx, sets []entrySet) error {
	if len(sets) == 0 {
		return nil
	}
	type line struct {
		set  *entrySet
		line int32
		*entry
	}
	slices.SortFunc(sets, func(a, b entrySet) int { return strings.Compare(a.key, b.key) })
	var lines []line
	for i := range sets {
		for j := range sets[i].entries {
			lines = append(lines, line{&sets[i], int32(j) + 1, &sets[i].entries[j]})
		}
	}
	var work pgx.Batch
	opened := accountsOf(sets)
	work.Queue(openAccounts, column(opened, (*account).named), column(opened, func(a *account) string { return a.kind }),
		column(opened, func(a *account) string { return a.owner }), column(opened, func(a *account) string { return a.currency }))
	work.Queue(addSets, column(sets, func(s *entrySet) string { return s.key }),
		column(sets, func(s *entrySet) string { return s.campaignID }),
		column(sets, func(s *entrySet) string { return s.kind }), column(sets, func(s *entrySet) *int64 { return s.sequence }),
		column(sets, func(s *entrySet) int32 { return int32(len(s.entries)) }))
	if len(lines) > 0 {
		work.Queue(addEntries, column(lines, func(l *line) string { return l.set.key }),
			column(lines, func(l *line) int32 { return l.line }),
			column(lines, func(l *line) string { return l.account.name() }),
			column(lines, func(l *line) string { return l.account.currency }),
			column(lines, func(l *line) string { return text(&l.amount) }))
	}
	return tx.SendBatch(ctx, &work).Close()
}

func (a *account) named() string { return a.name() }

// accountsOf returns the accounts that the sets may be the first to touch. A hold that is released was opened before.
func accountsOf(sets []entrySet) []account {
	var all []account
	seen := make(map[account]bool)
	for i := range sets {
		for j := range sets[i].entries {
			a := sets[i].entries[j].account
			if a.kind == "hold" && sets[i].kind == "release" || seen[a] {
				continue
			}
			seen[a] = true
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b account) int { return strings.Compare(a.name(), b.name()) })
	return all
}

const (
	openAccounts = `INSERT INTO campaign_engine.accounts (account, kind, owner, currency)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING`

	addSets = `INSERT INTO campaign_engine.entry_sets (set_key, campaign_id, kind, sequence, lines)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::integer[])`

	// All entries of a batch are one statement: the trigger that checks and books them runs once.
	addEntries = `INSERT INTO campaign_engine.entries (set_key, line, account, currency, amount)
SELECT set_key, line, account, currency, amount::numeric
FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[]) AS e (set_key, line, account, currency, amount)`
)
