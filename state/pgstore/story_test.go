package pgstore_test

import (
	"encoding/json"
	"fmt"

	"github.com/cockroachdb/apd/v3"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

func amount(text string) apd.Decimal {
	d, _, err := apd.NewFromString(text)
	if err != nil {
		panic(err)
	}
	return *d
}

// story is all that becomes of one campaign: its budgets in turn, and what is spent of the last.
type story struct {
	id, advertiser, currency string
	budgets                  []string // of schedule, then each reschedule
	spent, released          string
	adjusted                 int // statements after the final one
}

func (s story) campaign(revision int) pgstore.Campaign {
	return pgstore.Campaign{
		AdvertiserID: s.advertiser, Name: "Sale of " + s.id, StartsAt: 1000, EndsAt: 2000, TimeZone: "Europe/Berlin",
		Currency: s.currency, Budget: amount(s.budgets[revision-1]), CPM: apd.NullDecimal{Decimal: amount("2.50"), Valid: true}, Stores: 3, Creatives: 1,
	}
}

// transitions are the whole history: schedule, reschedules, distribute, start, end, settle.
func (s story) transitions() (all []pgstore.Transition) {
	add := func(revision int, name, from, to string) {
		all = append(all, pgstore.Transition{
			CampaignID: s.id, Sequence: int64(len(all) + 1), TransitionID: fmt.Sprintf("%s/%d/%s", s.id, revision, name),
			Revision: int64(revision), Transition: name, From: from, To: to, ScheduledFor: instant.Instant(len(all) * 1000),
			DecidedAt: instant.Instant(len(all)*1000 + 5), LatenessMs: 5, FirstActive: name == "start", Campaign: s.campaign(revision),
		})
	}
	add(1, "schedule", "", "SCHEDULED")
	for i := range s.budgets[1:] {
		add(i+2, "reschedule", "SCHEDULED", "SCHEDULED")
	}
	last := len(s.budgets)
	add(last, "distribute", "SCHEDULED", "SCHEDULED")
	add(last, "start", "SCHEDULED", "ACTIVE")
	add(last, "end", "ACTIVE", "COMPLETED")
	add(last, "settle", "COMPLETED", "COMPLETED")
	return all
}

func (s story) budget() string { return s.budgets[len(s.budgets)-1] }

func (s story) release() pgstore.Release {
	return pgstore.Release{
		CampaignID: s.id, AdvertiserID: s.advertiser, Currency: s.currency,
		Budget: amount(s.budget()), Spent: amount(s.spent), Released: amount(s.released),
	}
}

func (s story) statements() (all []pgstore.Statement) {
	for version := range s.adjusted + 1 {
		statement := pgstore.Statement{
			CampaignID: s.id, Version: int64(version + 1), StatementID: fmt.Sprintf("%s/%d", s.id, version+1), AdvertiserID: s.advertiser,
			Status: "COMPLETED", Revision: int64(len(s.budgets)), LockedAt: 2000, Plays: int64(10 + version), Impressions: amount("12.50"),
			LatePlays: int64(version), NotCounted: int64(version), Currency: s.currency, Budget: amount(s.budget()), Cost: amount(s.spent),
			Spent: amount(s.spent), Released: amount(s.released),
		}
		if version > 0 {
			at := instant.Instant(2000 + version)
			statement.AdjustedAt = &at
		}
		statement.Body, _ = json.Marshal(map[string]any{"statement_id": statement.StatementID, "plays": statement.Plays, "by_store": []string{}})
		all = append(all, statement)
	}
	return all
}

func (s story) batch() pgstore.Batch {
	return pgstore.Batch{Transitions: s.transitions(), Releases: []pgstore.Release{s.release()}, Statements: s.statements()}
}

// spring is a campaign whose budget was raised once.
func spring() story {
	return story{id: "c-1", advertiser: "a-1", currency: "USD", budgets: []string{"400.00", "500.00"}, spent: "123.45", released: "376.55"}
}

func amountText(i int) string { return fmt.Sprintf("%06d", i) }
