package budget

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
	"github.com/rmn-arms/campaign-engine/state/money"
)

// Statement is what a campaign has come to.
type Statement struct {
	// Version is 1 for the final one, more for adjusted ones, 0 for a provisional one: nothing is locked yet.
	Version    int64
	AdjustedAt instant.Instant // of an adjusted one
	// Account is the account that it is of, as it was then.
	Account Account
	// Counted has the valid plays, and in an adjusted statement those that came after the lock as well.
	Counted Tally
	// Spent is the cost, rounded; Released is what is left of the budget.
	Spent, Released money.Amount
	// ByStore and ByCreative are in the order of their ids.
	ByStore, ByCreative []Line
}

// Line is what was counted for one store, or one creative.
type Line struct {
	ID string
	Tally
}

// Statement says what the campaign has come to. It costs a look at each play that is kept, or at each line where those are. Its
// error says that a bucket cannot be read.
func (a *Account) Statement(parts linearhash.Buckets) (*Statement, error) {
	s := &Statement{
		Version: a.Lock.Version, Account: *a, Spent: a.Lock.Spent,
		Counted: Tally{
			Plays:       a.Counted.Plays + a.Lock.Late.Plays,
			Impressions: a.Counted.Impressions.Plus(a.Lock.Late.Impressions),
		},
	}
	if a.Lock.Version == 0 {
		s.Spent = a.Cost.Round(a.Budget)
	}
	s.Released = a.Budget.Minus(s.Spent)
	all, err := a.lines(parts)
	if err != nil {
		return nil, err
	}
	s.ByStore, s.ByCreative = sorted(all[ofStore]), sorted(all[ofCreative])
	return s, nil
}

func sorted(tallies map[string]*Tally) []Line {
	all := make([]Line, 0, len(tallies))
	for _, id := range slices.SortedFunc(maps.Keys(tallies), cmp.Compare[string]) {
		all = append(all, Line{id, *tallies[id]})
	}
	return all
}
