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

// line is an entry in its place.
type line struct {
	set  *entrySet
	line int32
	*entry
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
	slices.SortFunc(sets, func(a, b entrySet) int { return strings.Compare(a.key, b.key) })
	var lines []line
	for i := range sets {
		for j := range sets[i].entries {
			lines = append(lines, line{&sets[i], int32(j) + 1, &sets[i].entries[j]})
		}
	}
	opened := accountsOf(sets)
	if _, err := tx.Exec(ctx, openAccounts, accountColumns(opened)...); err != nil {
		return err
	}
	if err := copyInto(ctx, tx, setTarget(), sets); err != nil {
		return err
	}
	return copyInto(ctx, tx, entryTarget(), lines)
}

func setTarget() target[entrySet] {
	return target[entrySet]{"entry_sets", "set_key, campaign_id, kind, sequence, lines", func(w *rowWriter, s *entrySet) {
		w.text(s.key)
		w.text(s.campaignID)
		w.text(s.kind)
		w.nullBigint(s.sequence)
		w.integer(int32(len(s.entries)))
	}}
}

// entryTarget: all entries of a batch are one statement, so that the trigger that checks and books them runs once.
func entryTarget() target[line] {
	return target[line]{"entries", "set_key, line, account, currency, amount", func(w *rowWriter, l *line) {
		w.text(l.set.key)
		w.integer(l.line)
		w.text(l.account.name())
		w.text(l.account.currency)
		w.numeric(&l.amount)
	}}
}

func accountColumns(rows []account) []any {
	return []any{
		column(rows, func(a *account) string { return a.name() }),
		column(rows, func(a *account) string { return a.kind }),
		column(rows, func(a *account) string { return a.owner }),
		column(rows, func(a *account) string { return a.currency }),
	}
}

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

const openAccounts = `INSERT INTO campaign_engine.accounts (account, kind, owner, currency)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING`
