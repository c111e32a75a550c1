// Package demo is the small demonstration of make run: a few campaigns of the next seconds, published through
// campaign-events like anybody's, what devices report of them, and a running account of what becomes of all campaigns.
package demo

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/topics"
)

// step is an event and when it is published, counted from the beginning. Its subject is the campaign.
type step struct {
	after time.Duration
	topic topics.Name
	event schemas.RawEvent
}

// advertiser is whose campaigns the demonstration's are.
const advertiser = "demo-advertiser"

// script returns the demonstration that begins at now. Campaign ids begin with a prefix of their own, so that it can be
// shown again on the same data. Everything has happened within ten seconds.
func script(now time.Time) ([]step, error) {
	s := &writer{now: now.UTC().Truncate(time.Millisecond), prefix: "demo-" + now.UTC().Format("150405")}
	s.create(0, "coffee", "Coffee week", "America/New_York", "500.00", 2*time.Second, 6*time.Second)
	s.create(0, "garden", "Garden days", "Europe/Berlin", "500.00", 2*time.Second, 8*time.Second)
	s.change(3500*time.Millisecond, "garden", schemas.CampaignPaused, 2, "wrong price in the spot")
	s.change(5*time.Second, "garden", schemas.CampaignResumed, 3, "price corrected")
	s.create(0, "school", "Back to school", "Australia/Sydney", "500.00", 3*time.Second, 9*time.Second)
	s.change(4*time.Second, "school", schemas.CampaignCancelled, 2, "advertiser withdrew")
	s.create(time.Second, "flash", "Flash sale, booked late", "Asia/Kolkata", "0.50", -10*time.Second, 7*time.Second)
	s.local(0, "sunday", "Sunday, by the clock on the wall", "Pacific/Auckland", 4*time.Second, 9*time.Second)
	s.plays()
	return s.steps, s.err
}

type writer struct {
	now    time.Time
	prefix string
	steps  []step
	err    error
}

func (w *writer) id(name string) string { return w.prefix + "-" + name }

// create publishes a definition at after; the window counts from the beginning, too.
func (w *writer) create(after time.Duration, name, title, zone, budget string, starts, ends time.Duration) {
	d := w.definition(name, title, zone, budget)
	d.StartsAt, d.EndsAt = w.at(starts), w.at(ends)
	w.add(after, topics.CampaignEvents, name, schemas.CampaignCreated, revisionID(name, 1), d)
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
	w.add(after, topics.CampaignEvents, name, schemas.CampaignCreated, revisionID(name, 1), d)
}

func (w *writer) definition(name, title, zone, budget string) *schemas.Definition {
	return &schemas.Definition{
		CampaignID: w.id(name), Revision: 1, AdvertiserID: advertiser, Name: title, TimeZone: zone,
		Budget: schemas.Money{Amount: budget, Currency: "USD"}, CPM: "2.50", Stores: []string{"demo-store-1", "demo-store-2"},
	}
}

func (w *writer) at(d time.Duration) *schemas.Instant {
	at := schemas.InstantOf(w.now.Add(d))
	return &at
}

func (w *writer) change(after time.Duration, name string, kind schemas.Type, revision int64, reason string) {
	w.add(after, topics.CampaignEvents, name, kind, revisionID(name, revision),
		schemas.Change{CampaignID: w.id(name), Revision: revision, Reason: reason})
}

func revisionID(name string, revision int64) string { return fmt.Sprintf("%s-%d", name, revision) }

// add publishes an event; id is what its id has behind the prefix.
func (w *writer) add(after time.Duration, topic topics.Name, name string, kind schemas.Type, id string, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		w.err = fmt.Errorf("writing the demonstration: %w", err)
		return
	}
	event := schemas.NewEvent(w.id(id), kind, w.id(name), *w.at(after), json.RawMessage(encoded))
	event.Source = "demonstration"
	w.steps = append(w.steps, step{after, topic, event})
}
