package pgstore

import (
	"fmt"

	"github.com/cockroachdb/apd/v3"
)

// standing is what the ledger knows of a campaign. The zero standing is a campaign that was never seen.
type standing struct {
	campaignID   string
	advertiserID string
	currency     string
	sequence     int64 // of the newest transition, 0: none
	booked       int64 // up to here the history has no gap, and its holds are booked
	held         apd.Decimal
	settled      bool // a settle stands at or before booked
}

// step is what a transition means for the ledger.
type step struct {
	sequence   int64
	transition string
	currency   string
	budget     apd.Decimal
}

func (t *Transition) step() step {
	return step{sequence: t.Sequence, transition: t.Transition, currency: t.Campaign.Currency, budget: t.Campaign.Budget}
}

// follow goes on from the standing along the history: steps in the order of their sequence, without doubles. It stops
// before a gap, and the rest is booked when the gap is filled; so what is booked does not depend on the order of reading.
func (s standing) follow(history []step) (standing, []entrySet, []Conflict, error) {
	var sets []entrySet
	var conflicts []Conflict
	for _, next := range history {
		if next.sequence != s.booked+1 {
			if next.sequence <= s.booked {
				continue
			}
			break
		}
		s.booked = next.sequence
		switch {
		case next.transition == "settle":
			s.settled = true
		case !setsBudget(next.transition) || s.settled:
		case next.currency != s.currency:
			conflicts = append(conflicts, Conflict{
				Kind: KindTransition, Key: fmt.Sprintf("%s/%d", s.campaignID, next.sequence),
				Reason: fmt.Sprintf("its budget is in %s, the campaign's in %s: the hold was not moved", next.currency, s.currency),
			})
		default:
			more, err := difference(&next.budget, &s.held)
			if err != nil {
				return s, nil, nil, fmt.Errorf("holding the budget of %s: %w", s.campaignID, err)
			}
			if s.held = next.budget; !more.IsZero() {
				sets = append(sets, holdSet(s.campaignID, next.sequence, s.currency, &more))
			}
		}
	}
	return s, sets, conflicts, nil
}

func setsBudget(transition string) bool {
	return transition == "schedule" || transition == "reschedule" || transition == "rezone"
}

// fits says why a release cannot be booked, or "": it gives back what is held, no more and no less, to whom it was held
// for.
func (s standing) fits(r *Release) string {
	total, err := sum(&r.Spent, &r.Released)
	switch {
	case err != nil || total.Cmp(&r.Budget) != 0:
		return "its budget is not the sum of spent and released"
	case r.Currency != s.currency:
		return fmt.Sprintf("it is in %s, the campaign's budget in %s", r.Currency, s.currency)
	case r.AdvertiserID != s.advertiserID:
		return "it goes to another advertiser than the campaign's"
	case r.Budget.Cmp(&s.held) != 0:
		return fmt.Sprintf("its budget is not the %s that is held", text(&s.held))
	}
	return ""
}
