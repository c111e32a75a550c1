//go:build kafka

package security

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// created returns a record that creates a campaign of a window.
func created(t *testing.T, id string, starts, ends time.Time) *kgo.Record {
	t.Helper()
	return createdIn(t, id, starts, ends, nil, nil)
}

// shown returns a record that creates a campaign that stores show; it is distributed at once.
func shown(t *testing.T, id string, stores ...string) *kgo.Record {
	t.Helper()
	soon := time.Now().Add(time.Hour)
	creative := schemas.Creative{
		CreativeID: "cr-1", Version: 1, URL: "https://cdn.example/cr-1.mp4", SHA256: strings.Repeat("0a", 32), Bytes: 1 << 20,
		MIME: "video/mp4", DurationMs: 15_000,
	}
	return createdIn(t, id, soon, soon.Add(time.Hour), stores, []schemas.Creative{creative})
}

func createdIn(t *testing.T, id string, starts, ends time.Time, stores []string, creatives []schemas.Creative) *kgo.Record {
	t.Helper()
	return defined(t, schemas.Definition{CampaignID: id, Stores: stores, Creatives: creatives}, starts, ends)
}

// settledLate returns a record that creates a campaign whose count closes two hours after its end.
func settledLate(t *testing.T, id string, starts, ends time.Time) *kgo.Record {
	t.Helper()
	return defined(t, schemas.Definition{CampaignID: id, SettlementGraceSeconds: new(int64(7200))}, starts, ends)
}

// defined fills a definition in.
func defined(t *testing.T, d schemas.Definition, starts, ends time.Time) *kgo.Record {
	t.Helper()
	startsAt, endsAt := schemas.InstantOf(starts), schemas.InstantOf(ends)
	d.Revision, d.AdvertiserID, d.StartsAt, d.EndsAt, d.TimeZone = 1, "a-1", &startsAt, &endsAt, "Europe/Berlin"
	d.Budget = schemas.Money{Amount: "500.00", Currency: "EUR"}
	data, err := json.Marshal(d)
	must(t, err)
	return event(t, schemas.CampaignCreated, d.CampaignID, 1, data)
}

// paused returns a record that pauses a campaign.
func paused(t *testing.T, id string, revision int64) *kgo.Record {
	t.Helper()
	data, err := json.Marshal(schemas.Change{CampaignID: id, Revision: revision, Reason: "security"})
	must(t, err)
	return event(t, schemas.CampaignPaused, id, revision, data)
}

// cancelled returns a record that cancels a campaign.
func cancelled(t *testing.T, id string, revision int64) *kgo.Record {
	t.Helper()
	data, err := json.Marshal(schemas.Change{CampaignID: id, Revision: revision, Reason: "security"})
	must(t, err)
	return event(t, schemas.CampaignCancelled, id, revision, data)
}

// played returns a record of a play of a campaign.
func played(t *testing.T, id string) *kgo.Record {
	t.Helper()
	data, err := json.Marshal(schemas.Play{
		PlayID: id + "-play", CampaignID: id, CreativeID: "cr-1", DeviceID: "d-1", StoreID: "s-1", Impressions: "12.5",
	})
	must(t, err)
	return on(topics.Plays, event(t, schemas.PlayReported, id, 0, data))
}

// registered returns a record that registers a device in a store, and acknowledged one that says how far one is.
func registered(t *testing.T, device, store string) *kgo.Record {
	t.Helper()
	data, err := json.Marshal(schemas.Registered{DeviceID: device, StoreID: store})
	must(t, err)
	return on(topics.DeviceEvents, event(t, schemas.DeviceRegistered, store, 0, data))
}

func acknowledged(t *testing.T, device, store string, revision int64, status schemas.AckStatus) *kgo.Record {
	t.Helper()
	data, err := json.Marshal(schemas.Ack{
		CommandID: schemas.CommandID(device, revision), DeviceID: device, StoreID: store, PlaylistRevision: revision, Status: status,
	})
	must(t, err)
	return on(topics.DeviceAcks, event(t, schemas.DeviceAck, store, revision, data))
}

func on(topic topics.Name, r *kgo.Record) *kgo.Record {
	r.Topic = string(topic)
	return r
}

func event(t *testing.T, kind schemas.Type, id string, revision int64, data []byte) *kgo.Record {
	t.Helper()
	now := schemas.InstantOf(time.Now())
	value, err := json.Marshal(schemas.RawEvent{
		SpecVersion: schemas.SpecVersion, ID: fmt.Sprintf("%s-%d", id, revision), Source: "security", Type: kind, Subject: id, Time: &now,
		Data: data,
	})
	must(t, err)
	return &kgo.Record{Topic: string(topics.CampaignEvents), Key: []byte(id), Value: value, Partition: home(id)}
}

// home is the partition of a campaign or a store, and astray turns a record to the other one.
func home(id string) int32 { return topics.PartitionOf([]byte(id), 2) }

func astray(r *kgo.Record) *kgo.Record {
	r.Partition = 1 - r.Partition
	return r
}

// rubbish is a record that no codec can read.
func rubbish(topic topics.Name, id string) *kgo.Record {
	return &kgo.Record{Topic: string(topic), Key: []byte(id), Value: []byte("no event"), Partition: home(id)}
}
