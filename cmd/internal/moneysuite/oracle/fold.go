package oracle

import "math/big"

// tally is a count of plays with the sum of their impressions.
type tally struct {
	plays       int64
	impressions *big.Int // of 10^-inputScale
}

func (t *tally) add(impressions *big.Int) {
	t.plays++
	if t.impressions == nil {
		t.impressions = new(big.Int)
	}
	t.impressions.Add(t.impressions, impressions)
}

func (t *tally) sum() *big.Int {
	if t.impressions == nil {
		return new(big.Int)
	}
	return t.impressions
}

// account is what a campaign came to.
type account struct {
	all, late           tally // all has those of late
	overran             int64
	cost                *big.Int // of 10^-scale
	spent, released     *big.Int
	notCounted          map[string]int64
	byStore, byCreative map[string]*tally
}

// fold counts the plays of the campaign before the offset until; those from lock on came after the lock.
func (c *campaign) fold(lock, until int64) *account {
	a := &account{
		cost: new(big.Int), notCounted: map[string]int64{}, byStore: map[string]*tally{}, byCreative: map[string]*tally{},
	}
	seen := make(map[string]bool, len(c.plays))
	for i := range c.plays {
		p := &c.plays[i]
		if p.offset >= until {
			break
		}
		verdict := c.verdict(a, p, seen[p.id], p.offset >= lock)
		seen[p.id] = true
		if verdict != "valid" {
			a.notCounted[verdict]++
		}
		if verdict == "valid" || verdict == "after-lock" {
			a.count(c, p, verdict == "after-lock")
		}
	}
	a.spent = rounded(a.cost, c.currency)
	if a.spent.Cmp(c.budget) > 0 {
		a.spent = c.budget
	}
	a.released = new(big.Int).Sub(c.budget, a.spent)
	return a
}

// verdict judges a play as the contract does; seen says that its id was there before.
func (c *campaign) verdict(a *account, p *play, seen, late bool) string {
	terms := c.at(p.startedAt)
	switch {
	case seen:
		return "duplicate"
	case p.impressions.Sign() < 0 || p.endedAt < p.startedAt:
		return "invalid"
	case p.startedAt < terms.startsAt || p.startedAt >= terms.endsAt:
		return "out-of-window"
	case !c.activeAt(p.startedAt):
		return "not-active"
	case late:
		return "after-lock"
	}
	if cost := costOf(p, terms); cost.Sign() > 0 && cost.Add(cost, a.cost).Cmp(c.budget) > 0 {
		return "over-budget"
	}
	return "valid"
}

// costOf is impressions x cpm / 1000: of two numbers of 12 decimals each a whole number of 10^-27.
func costOf(p *play, t *terms) *big.Int { return new(big.Int).Mul(p.impressions, t.cpm) }

func (a *account) count(c *campaign, p *play, late bool) {
	a.all.add(p.impressions)
	lineOf(a.byStore, p.store).add(p.impressions)
	lineOf(a.byCreative, p.creative).add(p.impressions)
	if late {
		a.late.add(p.impressions)
		return
	}
	terms := c.at(p.startedAt)
	a.cost.Add(a.cost, costOf(p, terms))
	if p.endedAt > terms.endsAt {
		a.overran++
	}
}

func lineOf(lines map[string]*tally, id string) *tally {
	line, is := lines[id]
	if !is {
		line = &tally{}
		lines[id] = line
	}
	return line
}
