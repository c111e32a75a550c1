//go:build kafka

package moneysuite

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/moneysuite/oracle"
)

// planned is a campaign, and what is to happen to it. At the n-th of its plays a change is published.
type planned struct {
	id, advertiser string
	currency       string
	minorUnits     int
	kind           kind
	cpm            string
	budget         string
	starts, ends   time.Time
	changes        map[int]change

	revision  int64
	published int // plays
	last      []byte
	lastID    string
}

// change is what an event does; its definition is the present one but for what is given here.
type change struct {
	what string // the event's type
	cpm  string
}

// kind is what becomes of a campaign.
type kind int

const (
	plain         kind = iota
	short              // its budget does not pay for all plays
	paused             // and resumed
	pausedForGood      // and not resumed
	cancelled          // while it plays
	cancelledSoon      // before it starts
	repriced
	past // its window had passed
	free // it costs nothing
)

// shares are how many of twenty campaigns are of each kind.
var shares = []kind{
	plain, plain, plain, plain, plain, plain, plain, short, short, short, short, paused, paused, paused, pausedForGood,
	cancelled, cancelledSoon, repriced, past, free,
}

// plan makes campaigns that begin within ten seconds of an instant, and have some plays each.
func plan(random *rand.Rand, campaigns, plays int, begin time.Time) []*planned {
	all := make([]*planned, campaigns)
	for i := range all {
		c := &planned{
			id: fmt.Sprintf("c-%d", i), advertiser: fmt.Sprintf("a-%d", random.IntN(50)), kind: shares[random.IntN(len(shares))],
			changes: map[int]change{}, revision: 1,
		}
		codes := oracle.Currencies()
		c.currency = codes[random.IntN(len(codes))]
		c.minorUnits = oracle.MinorUnits(c.currency)
		c.starts = begin.Add(time.Duration(random.IntN(10_000)) * time.Millisecond)
		c.ends = c.starts.Add(time.Duration(4_000+random.IntN(12_000)) * time.Millisecond)
		c.price(random, plays)
		c.plan(random, plays)
		all[i] = c
	}
	return all
}

// price chooses price and budget. A play has 50 impressions on average.
func (c *planned) price(random *rand.Rand, plays int) {
	whole := 1 + random.IntN(9)
	for range 2 - c.minorUnits {
		whole *= 100
	}
	c.cpm = cpm(random, whole)
	expected := float64(plays) * 50 * (float64(whole) + 0.5) / 1000
	share := 2 + 3*random.Float64()
	switch c.kind {
	case short:
		share = 0.2 + 0.6*random.Float64()
	case free:
		c.cpm, share = "", random.Float64()
	}
	c.budget = fmt.Sprintf("%.*f", c.minorUnits, expected*share)
}

// cpm returns a price of a whole number and up to 12 decimals.
func cpm(random *rand.Rand, whole int) string {
	switch random.IntN(3) {
	case 0:
		return fmt.Sprint(whole)
	case 1:
		return fmt.Sprintf("%d.%02d", whole, random.IntN(100))
	}
	return fmt.Sprintf("%d.%012d", whole, random.Int64N(1e12))
}

// plan chooses the changes.
func (c *planned) plan(random *rand.Rand, plays int) {
	early, late := random.IntN(plays/2), plays/2+random.IntN(plays/2)
	switch c.kind {
	case paused:
		c.changes[early] = change{what: "campaign.paused"}
		c.changes[late] = change{what: "campaign.resumed"}
	case pausedForGood:
		c.changes[early] = change{what: "campaign.paused"}
	case cancelled:
		c.changes[late] = change{what: "campaign.cancelled"}
	case cancelledSoon:
		c.changes[0] = change{what: "campaign.cancelled"}
	case repriced:
		c.changes[late] = change{what: "campaign.updated", cpm: "0.000000000001"}
	case past:
		c.starts = c.starts.Add(-time.Hour)
		c.ends = c.starts.Add(time.Minute)
	}
}

// event returns the value of the next event of the campaign.
func (c *planned) event(what, cpm string) []byte {
	data := fmt.Sprintf(`"campaign_id":%q,"revision":%d,"reason":"as planned"`, c.id, c.revision)
	if what == "campaign.created" || what == "campaign.updated" {
		data = fmt.Sprintf(`"campaign_id":%q,"revision":%d,"advertiser_id":%q,"name":"Money","starts_at":%q,"ends_at":%q,`+
			`"time_zone":"Europe/Berlin","budget":{"amount":%q,"currency":%q}`,
			c.id, c.revision, c.advertiser, instant(c.starts), instant(c.ends), c.budget, c.currency)
		if cpm != "" {
			data += fmt.Sprintf(`,"cpm":%q`, cpm)
		}
	}
	value := fmt.Appendf(nil, `{"specversion":"1.0","id":"%s-%d","source":"moneysuite","type":%q,"subject":%q,"data":{%s}}`,
		c.id, c.revision, what, c.id, data)
	c.revision++
	return value
}

func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
