package generate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// leadMaxDays is how long before its start a campaign is created at the most, and leadMinDays at the least.
const (
	leadMinDays = 2
	leadMaxDays = 21
)

// In how many stores a campaign runs unless it is said: at the least, and at the most.
const (
	storesEachMin = 3
	storesEachMax = 14
)

// step is something that a campaign service publishes about a campaign.
type step struct {
	at     schemas.Instant
	kind   schemas.Type
	reason string                    // of a pause, resume or cancel
	edit   func(*schemas.Definition) // of an update
}

// campaign is one campaign with all that will be published about it; step n makes revision n+1.
type campaign struct {
	retailer *retailer
	steps    []step
	first    schemas.Definition
}

// plan draws when what is published about a campaign. What it returns beside it is what define goes on from.
func (g *generator) plan(number int) (campaign, slot, *rand.Rand) {
	draw := g.draws(uint64(number))
	r := &g.retailers[draw.IntN(len(g.retailers))]
	s := g.slot(r, draw)
	if !g.First.IsZero() {
		s = s.moved(g.move)
	}
	created := s.start.Truncate(24*time.Hour).AddDate(0, 0, -leadMinDays-draw.IntN(leadMaxDays-leadMinDays)).Add(officeHours(draw))
	c := campaign{retailer: r, steps: []step{{at: schemas.InstantOf(created), kind: schemas.CampaignCreated}}}
	if draw.Float64() < g.Changes {
		c.steps = append(c.steps, changes(created, s, r, draw)...)
	}
	return c, s, draw
}

// campaign makes the campaign of a number, the same each time.
func (g *generator) campaign(number int) campaign {
	c, s, draw := g.plan(number)
	// The seed is in the id, so that the campaigns of two seeds do not meet.
	id := fmt.Sprintf("%s-%s-%d", c.retailer.id, strconv.FormatUint(g.Seed, 36), number+1)
	c.first = define(id, c.retailer, s, g.StoresEach, draw)
	return c
}

// officeHours draws a time of the day at which people work.
func officeHours(draw *rand.Rand) time.Duration {
	return 8*time.Hour + time.Duration(draw.Int64N(int64(10*time.Hour/time.Millisecond)))*time.Millisecond
}

// define draws a definition; storesEach is 0 where the number of its stores is drawn, too.
func define(id string, r *retailer, s slot, storesEach int, draw *rand.Rand) schemas.Definition {
	d := schemas.Definition{
		CampaignID: id, AdvertiserID: fmt.Sprintf("adv-%s-%d", r.id, 1+draw.IntN(r.advertisers)),
		Name: r.name + ": " + s.title, TimeZone: r.zone(draw), Budget: budget(r, draw),
		CPM: r.amount(1500 + draw.Int64N(8000)),
	}
	setWindow(&d, s)
	if draw.IntN(10) == 0 {
		d.Disambiguation = schemas.Later
	}
	if draw.IntN(4) == 0 {
		grace := int64(15*60) * int64(1+draw.IntN(8))
		d.SettlementGraceSeconds = &grace
	}
	stores := draw.Perm(r.stores)
	count := storesEachMin + draw.IntN(storesEachMax-storesEachMin+1)
	for _, store := range stores[:cmp.Or(storesEach, count)] {
		d.Stores = append(d.Stores, r.storeID(store))
	}
	slices.Sort(d.Stores)
	for n := range 1 + draw.IntN(3) {
		d.Creatives = append(d.Creatives, creative(fmt.Sprintf("%s-cr-%d", id, n+1), r, draw))
	}
	d.Contacts = []schemas.Contact{{Email: "desk@" + r.id + ".example", Name: r.name + " campaign desk", Locale: r.locale}}
	return d
}

func setWindow(d *schemas.Definition, s slot) {
	if s.instants {
		starts, ends := schemas.InstantOf(s.start), schemas.InstantOf(s.end)
		d.StartsAt, d.EndsAt = &starts, &ends
		return
	}
	const local = "2006-01-02T15:04:05"
	d.StartsAtLocal, d.EndsAtLocal = s.start.Format(local), s.end.Format(local)
}

// budget draws an amount: many small ones, a few of a hundred times as much.
func budget(r *retailer, draw *rand.Rand) schemas.Money {
	factors := []int64{1, 1, 1, 2, 2, 5, 10, 25, 100}
	dollarMills := (200_000 + draw.Int64N(400_000)) * factors[draw.IntN(len(factors))]
	return schemas.Money{Amount: r.amount(dollarMills), Currency: r.currency}
}

func creative(id string, r *retailer, draw *rand.Rand) schemas.Creative {
	sum := sha256.Sum256([]byte(id)) // stands for the content's own
	c := schemas.Creative{
		CreativeID: id, Version: 1, SHA256: hex.EncodeToString(sum[:]), MIME: "video/mp4",
		URL: "https://cdn." + r.id + ".example/" + id + ".mp4", Bytes: 1<<20 + draw.Int64N(40<<20),
		DurationMs: 1000 * int64([]int{6, 10, 15, 20, 30}[draw.IntN(5)]),
	}
	if draw.IntN(5) == 0 {
		c.MIME, c.URL, c.Bytes = "image/jpeg", "https://cdn."+r.id+".example/"+id+".jpg", 100<<10+draw.Int64N(4<<20)
	}
	return c
}

// changes draws what happens to a campaign after it was created. Their times rise; which revision each one makes
// follows from its place.
func changes(created time.Time, s slot, r *retailer, draw *rand.Rand) []step {
	before := between(created.Add(time.Hour), s.start, draw)
	during := between(s.start, s.end, draw)
	at := schemas.InstantOf
	newBudget := budget(r, draw)
	update := step{at: at(before), kind: schemas.CampaignUpdated, edit: func(d *schemas.Definition) { d.Budget = newBudget }}
	pause := step{at: at(during), kind: schemas.CampaignPaused, reason: "stock-out"}
	back := during.Add(time.Duration(1+draw.IntN(36)) * time.Hour)
	resume := step{at: at(back), kind: schemas.CampaignResumed, reason: "restocked"}
	cancel := step{kind: schemas.CampaignCancelled, reason: "advertiser-withdrew"}
	moved := s
	moved.start, moved.end = s.start.AddDate(0, 0, 1), s.end.AddDate(0, 0, 1+draw.IntN(3))
	move := step{at: at(before), kind: schemas.CampaignUpdated, edit: func(d *schemas.Definition) { setWindow(d, moved) }}
	switch kind := draw.IntN(100); {
	case kind < 35:
		return []step{update}
	case kind < 55:
		return []step{move}
	case kind < 75:
		return []step{pause, resume}
	case kind < 85:
		return []step{update, pause, resume}
	case kind < 95:
		cancel.at = at(before)
		return []step{cancel}
	default:
		cancel.at = at(during)
		return []step{update, cancel}
	}
}

// between draws an instant of [from, to), in milliseconds.
func between(from, to time.Time, draw *rand.Rand) time.Time {
	return from.Add(time.Duration(draw.Int64N(to.Sub(from).Milliseconds())) * time.Millisecond)
}
