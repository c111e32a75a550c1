//go:build kafka

package devicesuite

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// step is an event that is published at an instant of the run.
type step struct {
	at    time.Duration
	topic topics.Name
	key   string
	value func(now time.Time) []byte
}

// kind is what becomes of a campaign.
type kind int

const (
	plain kind = iota
	paused
	pausedForGood
	cancelled
	moved     // its window
	restored  // stores are added and removed
	swapped   // other creatives
	recreated // a new version of a creative
	cheaper   // nothing that concerns devices
)

// shares are how many of twenty campaigns are of each kind.
var shares = []kind{
	plain, plain, plain, plain, plain, paused, paused, paused, pausedForGood, cancelled, cancelled, cancelled, moved, moved, restored,
	restored, restored, swapped, recreated, cheaper,
}

// planner makes up campaigns. Instants are counted from the beginning of the run.
type planner struct {
	random  *rand.Rand
	stores  []string
	length  time.Duration // of what is scripted
	content string        // URL of contents
	pool    []schemas.Creative
	steps   []step
}

// planned is a campaign. Its definition is the newest.
type planned struct {
	id           string
	revision     int64
	starts, ends time.Duration
	stores       []string
	creatives    []schemas.Creative
	budget       int
}

// far is when campaigns end that outlive the run.
const far = 6 * time.Hour

// plan makes campaigns and returns what is to be published.
func (p *planner) plan(campaigns int) []step {
	for i := range 20 {
		p.pool = append(p.pool, p.creative(fmt.Sprintf("shared-%d", i), 1))
	}
	for i := range campaigns {
		p.campaign(fmt.Sprintf("c-%d", i), shares[p.random.IntN(len(shares))])
	}
	slices.SortStableFunc(p.steps, func(a, b step) int { return int(a.at - b.at) })
	return p.steps
}

func (p *planner) between(from, to time.Duration) time.Duration {
	return from + time.Duration(p.random.Int64N(int64(max(to-from, time.Millisecond))))
}

// campaign plans one: it is created in the first third, begins soon after, before or during its creation, and ends within the
// run or long after it.
func (p *planner) campaign(id string, k kind) {
	created := p.between(0, p.length/3)
	c := &planned{id: id, starts: created + p.between(2*time.Second, p.length/3), budget: 1 + p.random.IntN(1000)}
	if p.random.IntN(8) == 0 {
		c.starts = created + p.between(-5*time.Second, 2*time.Second)
	}
	c.ends = far + p.between(0, time.Hour)
	if p.random.IntN(20) < 9 {
		c.ends = max(c.starts, created) + p.between(5*time.Second, p.length/2)
		c.ends = min(c.ends, p.length)
	}
	c.stores = p.choose(1 + p.random.IntN(9))
	for i := range 1 + p.random.IntN(5)/2 {
		c.creatives = append(c.creatives, p.anyCreative(fmt.Sprintf("%s-cr-%d", id, i)))
	}
	p.define(c, created, schemas.CampaignCreated)
	p.change(c, k, created, min(c.ends, p.length))
}

func (p *planner) choose(n int) []string {
	all := map[string]bool{}
	for range n {
		all[p.stores[p.random.IntN(len(p.stores))]] = true
	}
	var list []string
	for _, s := range p.stores {
		if all[s] {
			list = append(list, s)
		}
	}
	return list
}

func (p *planner) anyCreative(id string) schemas.Creative {
	if p.random.IntN(4) == 0 {
		return p.pool[p.random.IntN(len(p.pool))]
	}
	return p.creative(id, 1)
}

func (p *planner) creative(id string, version int64) schemas.Creative {
	mime := "video/mp4"
	if p.random.IntN(5) == 0 {
		mime = "image/png"
	}
	file := content.File{CreativeID: id, Version: version, Bytes: 1024 + p.random.Int64N(5*1024)}
	return file.Creative(p.content, mime, 1500+p.random.Int64N(3000))
}

// change plans what happens to a campaign between two instants.
func (p *planner) change(c *planned, k kind, from, to time.Duration) {
	early, late := p.between(from+500*time.Millisecond, (from+to)/2), p.between((from+to)/2, to)
	switch k {
	case paused:
		p.operate(c, early, schemas.CampaignPaused)
		p.operate(c, late, schemas.CampaignResumed)
	case pausedForGood:
		p.operate(c, early, schemas.CampaignPaused)
	case cancelled:
		p.operate(c, late, schemas.CampaignCancelled)
	case moved:
		c.starts += p.between(-2*time.Second, 4*time.Second)
		c.ends = max(c.ends+p.between(-3*time.Second, 6*time.Second), c.starts+time.Second)
		p.define(c, early, schemas.CampaignUpdated)
	case restored:
		c.stores = append(slices.Clone(c.stores[len(c.stores)/2:]), p.choose(2)...)
		slices.Sort(c.stores)
		c.stores = slices.Compact(c.stores)
		p.define(c, early, schemas.CampaignUpdated)
		c.stores = p.choose(3)
		p.define(c, late, schemas.CampaignUpdated)
	case swapped:
		c.creatives = []schemas.Creative{p.anyCreative(c.id + "-other")}
		p.define(c, early, schemas.CampaignUpdated)
	case recreated:
		c.creatives = slices.Clone(c.creatives)
		c.creatives[0] = p.creative(c.creatives[0].CreativeID, 2)
		p.define(c, late, schemas.CampaignUpdated)
	case cheaper:
		c.budget /= 2
		p.define(c, early, schemas.CampaignUpdated)
	}
}

// definitionJSON is what is published of a campaign.
type definitionJSON struct {
	CampaignID   string             `json:"campaign_id"`
	Revision     int64              `json:"revision"`
	AdvertiserID string             `json:"advertiser_id"`
	Name         string             `json:"name"`
	StartsAt     schemas.Instant    `json:"starts_at"`
	EndsAt       schemas.Instant    `json:"ends_at"`
	TimeZone     string             `json:"time_zone"`
	Budget       schemas.Money      `json:"budget"`
	Stores       []string           `json:"stores"`
	Creatives    []schemas.Creative `json:"creatives"`
}

func (p *planner) define(c *planned, at time.Duration, what schemas.Type) {
	c.revision++
	d := definitionJSON{
		CampaignID: c.id, Revision: c.revision, AdvertiserID: "a-1", Name: "Devices", TimeZone: "Europe/Berlin",
		Budget: schemas.Money{Amount: fmt.Sprint(c.budget), Currency: "EUR"}, Stores: c.stores, Creatives: c.creatives,
	}
	starts, ends := c.starts, c.ends
	p.publish(at, topics.CampaignEvents, c.id, func(began time.Time) []byte {
		d.StartsAt, d.EndsAt = schemas.InstantOf(began.Add(starts)), schemas.InstantOf(began.Add(ends))
		return eventOf(what, c.id, fmt.Sprintf("%s-%d", c.id, d.Revision), nil, d)
	})
}

func (p *planner) operate(c *planned, at time.Duration, what schemas.Type) {
	c.revision++
	change := map[string]any{"campaign_id": c.id, "revision": c.revision, "reason": "as planned"}
	p.publish(at, topics.CampaignEvents, c.id, func(time.Time) []byte {
		return eventOf(what, c.id, fmt.Sprintf("%s-%v", c.id, change["revision"]), nil, change)
	})
}

// remove has a device be taken out of a store.
func (p *planner) remove(device, store string, at time.Duration) {
	p.publish(at, topics.DeviceEvents, store, func(began time.Time) []byte {
		when := began.Add(at)
		return eventOf(schemas.DeviceRemoved, store, device+"/removed", &when, schemas.Removed{DeviceID: device, StoreID: store})
	})
}

func (p *planner) publish(at time.Duration, topic topics.Name, key string, value func(began time.Time) []byte) {
	p.steps = append(p.steps, step{at, topic, key, value})
}

func eventOf[D any](what schemas.Type, subject, id string, at *time.Time, data D) []byte {
	event := schemas.Event[D]{
		SpecVersion: schemas.SpecVersion, ID: id, Source: "devicesuite", Type: what, Subject: subject,
		DataContentType: schemas.DataContentType, Data: data,
	}
	if at != nil {
		instant := schemas.InstantOf(*at)
		event.Time = &instant
	}
	value, err := json.Marshal(event)
	if err != nil { // nothing here can fail
		panic(err)
	}
	return value
}
