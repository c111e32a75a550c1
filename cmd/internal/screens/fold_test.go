package screens_test

import (
	"encoding/json"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/screens"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// rows are those of store s-1 with device d-1.
func rows(t *testing.T) (records []topics.Record) {
	t.Helper()
	row, kept := playlist.New(), parts{}
	presence := playlist.Presence{DeviceID: "d-1", At: 5, Present: true}
	if outcome, err := row.Attend(kept, &presence, playlist.Origin{Timestamp: 5}, 5); outcome != playlist.Taken || err != nil {
		t.Fatalf("%s: %v", outcome, err)
	}
	records = append(records, topics.Record{Topic: string(topics.CampaignEngineStoresTable), Key: []byte("s-1"), Value: row.AppendBinary(nil)})
	for name, value := range kept {
		records = append(records, topics.Record{
			Topic: string(topics.CampaignEngineStoresTable), Key: []byte(engine.PartKey("s-1", name)), Value: value,
		})
	}
	return records
}

type parts map[string][]byte

func (p parts) Part(name string) []byte           { return p[name] }
func (p parts) SetPart(name string, value []byte) { p[name] = value }

func ack(t *testing.T, store, device string, revision int64, at schemas.Instant) topics.Record {
	t.Helper()
	value, err := json.Marshal(schemas.NewEvent("e", schemas.DeviceAck, store, 0, schemas.Ack{
		CommandID: schemas.CommandID(device, revision), DeviceID: device, StoreID: store, PlaylistRevision: revision, Status: schemas.AckReady}))
	if err != nil {
		t.Fatal(err)
	}
	return topics.Record{Topic: string(topics.DeviceAcks), Key: []byte(store), Value: value, Timestamp: at}
}

// TestTheNewestAckCounts, in whichever order the partitions are read; those of other stores do not.
func TestTheNewestAckCounts(t *testing.T) {
	fold := screens.For("s-1")
	for _, r := range rows(t) {
		fold.Add(r)
	}
	for _, r := range []topics.Record{
		ack(t, "s-1", "d-1", 3, 30), ack(t, "s-1", "d-1", 2, 20), ack(t, "s-1", "d-2", 9, 90), ack(t, "s-2", "d-1", 9, 90),
		{Topic: string(topics.DeviceAcks), Key: []byte("s-1"), Value: []byte("{}"), Timestamp: 99},
	} {
		fold.Add(r)
	}
	store, err := fold.Store()
	if err != nil {
		t.Fatal(err)
	}
	d, is := store.Device("d-1")
	if !is || d.Said == nil || d.Said.Revision != 3 || d.Status != screens.Unsent {
		t.Errorf("%+v", d)
	}
	if _, is := store.Device("d-2"); is {
		t.Error("an ack makes a device")
	}
}

// TestARowWithoutItsPart is not told as if it were whole.
func TestARowWithoutItsPart(t *testing.T) {
	fold := screens.For("s-1")
	for _, r := range rows(t) {
		fold.Add(r)
		if string(r.Key) != "s-1" {
			r.Value = nil
			fold.Add(r)
		}
	}
	if store, err := fold.Store(); err == nil {
		t.Errorf("%+v", store)
	}
}
