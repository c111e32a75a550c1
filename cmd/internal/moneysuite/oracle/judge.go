package oracle

import (
	"fmt"
	"maps"
	"math/big"
)

// Judge compares all statements and releases with the fold of what they are about.
func (b *Book) Judge() error {
	var found findings
	for _, id := range b.Campaigns() {
		c := b.campaigns[id]
		c.judgeReleases(id, &found)
		for i := range c.statements {
			c.judgeStatement(id, i, &found)
		}
		switch {
		case c.settled && len(c.statements) == 0:
			found.add(id, "it is settled and has no statement")
		case !c.settled && len(c.statements) > 0:
			found.add(id, "it has a statement and is not settled")
		}
	}
	return found.err()
}

func (c *campaign) judgeReleases(id string, found *findings) {
	want := 0
	if c.settled {
		want = 1
	}
	if len(c.releases) != want {
		found.add(id, "it has %d releases, want %d", len(c.releases), want)
	}
	if len(c.releases) == 0 || len(c.statements) == 0 {
		return
	}
	r, s := &c.releases[0], &c.statements[0]
	if r.ReleaseID != id+"/release" || r.AdvertiserID != c.advertiser {
		found.add(id, "its release is %s of advertiser %s", r.ReleaseID, r.AdvertiserID)
	}
	if r.Budget != s.Budget || r.Spent != s.Spent || r.Released != s.Released {
		found.add(id, "its release says %v, its final statement %v", *r, []moneyJSON{s.Budget, s.Spent, s.Released})
	}
}

func (c *campaign) judgeStatement(id string, index int, found *findings) {
	s := &c.statements[index]
	version := int64(index + 1)
	at := fmt.Sprintf("%s/%d", id, version)
	if s.Version != version || s.StatementID != at {
		found.add(at, "it is numbered %d and named %s", s.Version, s.StatementID)
	}
	if s.applied != c.applied {
		found.add(at, "it has read transitions up to %v, the last one is before %v", s.applied, c.applied)
	}
	lock := c.statements[0].read.Offset
	if index > 0 && s.read.Offset <= c.statements[index-1].read.Offset {
		found.add(at, "it has read plays up to %d, the one before it up to %d", s.read.Offset, c.statements[index-1].read.Offset)
	}
	want := c.fold(lock, s.read.Offset)
	for _, difference := range c.differences(s, want) {
		found.add(at, "%s", difference)
	}
}

// differences returns what a statement says otherwise than the fold.
func (c *campaign) differences(s *statementJSON, want *account) (all []string) {
	differ := func(what string, got, want any) {
		if got != want {
			all = append(all, fmt.Sprintf("%s: it says %v, the fold %v", what, got, want))
		}
	}
	number := func(what, got string, want *big.Int, places int) {
		if !same(got, want, places) {
			differ(what, got, shown(want, places))
		}
	}
	differ("advertiser", s.AdvertiserID, c.advertiser)
	differ("revision", s.Revision, c.revision)
	differ("status", s.Status, c.status)
	differ("locked at", s.LockedAt.UnixMilli(), c.settledAt)
	differ("counted plays", s.Plays, want.all.plays)
	differ("overran", s.Overran, want.overran)
	differ("late plays", s.late(), want.late.plays)
	if s.Late != nil {
		number("late impressions", s.Late.Impressions, want.late.sum(), inputScale)
	}
	number("impressions", s.Impressions, want.all.sum(), inputScale)
	number("cost", s.Cost, want.cost, scale)
	for _, m := range []struct {
		what string
		got  moneyJSON
		want *big.Int
	}{{"budget", s.Budget, c.budget}, {"spent", s.Spent, want.spent}, {"released", s.Released, want.released}} {
		differ(m.what+"'s currency", m.got.Currency, c.currency)
		number(m.what, m.got.Amount, m.want, scale)
	}
	if !maps.Equal(s.NotCounted, want.notCounted) {
		all = append(all, fmt.Sprintf("not counted: it says %v, the fold %v", s.NotCounted, want.notCounted))
	}
	all = append(all, differentLines("store", s.ByStore, want.byStore, func(t *tallyJSON) string { return t.StoreID })...)
	return append(all, differentLines("creative", s.ByCreative, want.byCreative,
		func(t *tallyJSON) string { return t.CreativeID })...)
}

func differentLines(what string, got []tallyJSON, want map[string]*tally, idOf func(*tallyJSON) string) (all []string) {
	if len(got) != len(want) {
		all = append(all, fmt.Sprintf("by %s: it has %d lines, the fold %d", what, len(got), len(want)))
	}
	for i := range got {
		line, id := &got[i], idOf(&got[i])
		if w, is := want[id]; !is || line.Plays != w.plays || !same(line.Impressions, w.sum(), inputScale) {
			all = append(all, fmt.Sprintf("%s %s: it says %d plays, %s impressions; the fold otherwise",
				what, id, line.Plays, line.Impressions))
		}
	}
	return all
}
