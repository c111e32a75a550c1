// Package demo is the small demonstration of make run: two simulated stores with two screens each, a few campaigns of the next
// seconds, published through campaign-events like anybody's, and a running account of what becomes of all campaigns.
//
//	script.go    the campaigns
//	stores.go    the stores, and the server of contents
//	show.go      all of it together
//	screens.go   what the screens tell, and gather.go how that becomes a line of all of them
//	describe.go  what the topics tell
package demo

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/zone"
)

// step is an event and when it is published, counted from the beginning. Its subject is the campaign.
type step struct {
	after time.Duration
	event schemas.RawEvent
}

// advertiser is whose campaigns the demonstration's are.
const advertiser = "demo-advertiser"

// A spot. It lasts a moment, since the whole demonstration lasts a quarter of a minute.
const (
	spotMIME  = "video/mp4"
	spotMs    = 500
	spotBytes = 250_000
)

// graceSeconds is how long the count of a campaign stays open behind its end, for plays that are on their way.
const graceSeconds = 1

// script returns the demonstration that begins at now; contents are at base. Campaign ids begin with a prefix of their own, so
// that it can be shown again on the same data. Everything has happened within fifteen seconds. Campaigns take turns on the
// screens, on all of them at the same time: the pause and the cancel come in the turn of what they stop.
func script(now time.Time, base string) ([]step, error) {
	s := &writer{now: now.UTC().Truncate(time.Millisecond), prefix: "demo-" + now.UTC().Format("150405"), base: base}
	s.create(0, "coffee", "Coffee week", "America/New_York", "500.00", 3*time.Second, 9*time.Second)
	s.create(0, "garden", "Garden days", "Europe/Berlin", "500.00", 3*time.Second, 11*time.Second)
	s.change(5700*time.Millisecond, "garden", schemas.CampaignPaused, 2, "wrong price in the spot")
	s.change(7*time.Second, "garden", schemas.CampaignResumed, 3, "price corrected")
	s.create(0, "school", "Back to school", "Australia/Sydney", "500.00", 4*time.Second, 12*time.Second)
	s.change(6200*time.Millisecond, "school", schemas.CampaignCancelled, 2, "advertiser withdrew")
	s.create(4*time.Second, "flash", "Flash sale, booked late", "Asia/Kolkata", "0.40", -10*time.Second, 10*time.Second)
	s.local(0, "sunday", "Sunday, by the clock on the wall", "Pacific/Auckland", 5*time.Second, 12*time.Second)
	return s.steps, s.err
}

type writer struct {
	now    time.Time
	prefix string
	base   string
	steps  []step
	err    error
}

func (w *writer) id(name string) string { return w.prefix + "-" + name }

// create publishes a definition at after; the window counts from the beginning, too.
func (w *writer) create(after time.Duration, name, title, zone, budget string, starts, ends time.Duration) {
	d := w.definition(name, title, zone, budget)
	d.StartsAt, d.EndsAt = w.at(starts), w.at(ends)
	w.add(after, name, schemas.CampaignCreated, 1, d)
}

// local publishes a definition whose window is wall-clock time.
func (w *writer) local(after time.Duration, name, title, in string, starts, ends time.Duration) {
	z, err := zone.Load(in)
	if err != nil {
		w.err = fmt.Errorf("writing the demonstration: %w", err)
		return
	}
	wall := func(d time.Duration) string { return z.LocalAt(instant.Of(w.now.Add(d))).String() }
	d := w.definition(name, title, in, "500.00")
	d.StartsAtLocal, d.EndsAtLocal = wall(starts), wall(ends)
	w.add(after, name, schemas.CampaignCreated, 1, d)
}

func (w *writer) definition(name, title, zone, budget string) *schemas.Definition {
	grace := int64(graceSeconds)
	d := &schemas.Definition{
		CampaignID: w.id(name), Revision: 1, AdvertiserID: advertiser, Name: title, TimeZone: zone,
		Budget: schemas.Money{Amount: budget, Currency: "USD"}, CPM: "25.00", SettlementGraceSeconds: &grace,
	}
	for _, s := range theStores() {
		d.Stores = append(d.Stores, s.ID)
	}
	spot := content.File{CreativeID: w.id(name) + "-spot", Version: 1, Bytes: spotBytes}
	d.Creatives = []schemas.Creative{spot.Creative(w.base, spotMIME, spotMs)}
	return d
}

func (w *writer) at(d time.Duration) *schemas.Instant {
	at := schemas.InstantOf(w.now.Add(d))
	return &at
}

func (w *writer) change(after time.Duration, name string, kind schemas.Type, revision int64, reason string) {
	w.add(after, name, kind, revision, schemas.Change{CampaignID: w.id(name), Revision: revision, Reason: reason})
}

// add publishes an event about a revision.
func (w *writer) add(after time.Duration, name string, kind schemas.Type, revision int64, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		w.err = fmt.Errorf("writing the demonstration: %w", err)
		return
	}
	id := fmt.Sprintf("%s-%d", w.id(name), revision)
	event := schemas.NewEvent(id, kind, w.id(name), *w.at(after), json.RawMessage(encoded))
	event.Source = "demonstration"
	w.steps = append(w.steps, step{after, event})
}
