package story

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// event is something to publish.
type event struct {
	topic topics.Name
	id    string
	kind  schemas.Type
	about string // the campaign
	data  any
}

// publish sends events in their order, stamped with the story's time, and returns when the broker has them.
func (t *stage) publish(ctx context.Context, events []event) error {
	now := t.Clock.Now()
	records := make([]*kgo.Record, len(events))
	for i, e := range events {
		wrapped := schemas.NewEvent(e.id, e.kind, e.about, schemas.Instant(now), e.data)
		wrapped.Source = "demonstration"
		value, err := json.Marshal(wrapped)
		if err != nil {
			return fmt.Errorf("writing %s: %w", e.id, err)
		}
		records[i] = &kgo.Record{Topic: string(e.topic), Key: []byte(e.about), Value: value, Timestamp: now.Time()}
	}
	if err := t.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	return nil
}

// A film is what a campaign shows. It lasts so long that a screen changes a few times in an hour.
const (
	filmMIME   = "video/mp4"
	filmBytes  = 250_000
	filmMillis = 10 * 60 * 1000
)

// booking is a campaign as it is booked. Its window is given in instants of the night, or in the wall-clock time of its zone.
type booking struct {
	id, name, zone, budget, currency, cpm string
	starts, ends                          string // "22:30"
	startsLocal, endsLocal                string // "2027-03-28T02:30:00"
	grace                                 time.Duration
	films                                 []string
	contacts                              []schemas.Contact
}

// created books a campaign. base is where contents are.
func (b *booking) created(base string) event {
	grace := int64(b.grace / time.Second)
	d := schemas.Definition{
		CampaignID: b.id, Revision: 1, AdvertiserID: advertiser, Name: b.name, TimeZone: b.zone,
		StartsAtLocal: b.startsLocal, EndsAtLocal: b.endsLocal, Budget: schemas.Money{Amount: b.budget, Currency: b.currency},
		CPM: b.cpm, SettlementGraceSeconds: &grace, Contacts: b.contacts,
	}
	if b.starts != "" {
		starts, ends := schemas.Instant(at(b.starts)), schemas.Instant(at(b.ends))
		d.StartsAt, d.EndsAt = &starts, &ends
	}
	for _, s := range twoStores() {
		d.Stores = append(d.Stores, s.ID)
	}
	for _, id := range b.films {
		d.Creatives = append(d.Creatives,
			content.File{CreativeID: id, Version: 1, Bytes: filmBytes}.Creative(base, filmMIME, filmMillis))
	}
	return event{topics.CampaignEvents, b.id + "-1", schemas.CampaignCreated, b.id, d}
}

// change is what an operator does to a campaign.
func change(campaign string, kind schemas.Type, revision int64, reason string) event {
	return event{
		topics.CampaignEvents, fmt.Sprintf("%s-%d", campaign, revision), kind, campaign,
		schemas.Change{CampaignID: campaign, Revision: revision, Reason: reason},
	}
}

// play reports what a screen has shown from an instant of the night on.
func play(id, campaign, film, device, from string, minutes int, impressions string) event {
	starts := at(from)
	return event{topics.Plays, id, schemas.PlayReported, campaign, schemas.Play{
		PlayID: id, CampaignID: campaign, CreativeID: film, DeviceID: device, StoreID: storeOf(device),
		StartedAt: schemas.Instant(starts), EndedAt: schemas.InstantOf(starts.Time().Add(time.Duration(minutes) * time.Minute)),
		Impressions: impressions,
	}}
}
