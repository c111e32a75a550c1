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

// Statement says what the campaign has come to. It costs a look at each play that is kept. Its error says that a bucket
// cannot be read.
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
	stores, creatives := map[string]*Tally{}, map[string]*Tally{}
	for kept, err := range a.plays(parts).All() {
		if err != nil {
			return nil, err
		}
		e, err := readEntry(kept)
		if err != nil {
			return nil, err
		}
		if e.verdict == Valid || e.verdict == AfterLock {
			addTo(stores, e.play.StoreID, e.play.Impressions)
			addTo(creatives, e.play.CreativeID, e.play.Impressions)
		}
	}
	s.ByStore, s.ByCreative = lines(stores), lines(creatives)
	return s, nil
}

func addTo(tallies map[string]*Tally, id string, impressions money.Exact) {
	tally, is := tallies[id]
	if !is {
		tally = &Tally{}
		tallies[id] = tally
	}
	tally.add(impressions)
}

func lines(tallies map[string]*Tally) []Line {
	all := make([]Line, 0, len(tallies))
	for _, id := range slices.SortedFunc(maps.Keys(tallies), cmp.Compare[string]) {
		all = append(all, Line{id, *tallies[id]})
	}
	return all
}
