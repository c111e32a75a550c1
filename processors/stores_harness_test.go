package processors_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/state/readiness"
	"github.com/rmn-arms/campaign-engine/topics"
)

// storesDeployment runs stores alone over a broker in the process: its inputs are published by the test.
type storesDeployment struct {
	*brokerDeployment
	inputs map[topics.Name]map[int32]int64 // the positions behind what was published
}

const storesPartitions = 2

var storesBegan = instant.Of(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))

func newStores(t *testing.T) *storesDeployment {
	t.Helper()
	return newStoresOn(t, storesPartitions)
}

func newStoresOn(t *testing.T, partitions int32) *storesDeployment {
	t.Helper()
	d := &storesDeployment{
		newBroker(t, setup{partitions: partitions, now: storesBegan}),
		map[topics.Name]map[int32]int64{topics.StorePlacements: {}, topics.StoreDevices: {}, topics.DeviceAcks: {}},
	}
	d.counts[topics.Stores] = &tally{byName: make(map[string]int)}
	t.Cleanup(func() { d.halt(topics.Stores) })
	return d
}

// run begins the engine, and lets it come to rest.
func (d *storesDeployment) run() {
	d.t.Helper()
	d.begin(topics.Stores)
	d.ready()
	d.rest()
}

// put publishes a record with the clock's timestamp.
func (d *storesDeployment) put(records ...topics.Record) {
	d.t.Helper()
	for _, record := range records {
		if record.Timestamp == 0 {
			record.Timestamp = schemas.Instant(d.clock.Now())
		}
		one := []topics.Record{record}
		d.publish(one)
		ends := d.inputs[topics.Name(record.Topic)]
		ends[one[0].Partition] = max(ends[one[0].Partition], one[0].Offset+1)
	}
}

// rest waits until all inputs and the loop were read and no row is due.
func (d *storesDeployment) rest() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), brokerDeadline)
	defer cancel()
	for {
		why := d.waits(ctx)
		if why == "" {
			return
		}
		select {
		case <-d.changed:
			d.alive()
		case <-ctx.Done():
			d.t.Fatalf("still waiting after %s: %s", brokerDeadline, why)
		}
	}
}

func (d *storesDeployment) waits(ctx context.Context) string {
	read := d.positions(ctx, topics.Stores)
	for topic, ends := range d.inputs {
		for partition, end := range ends {
			if read[topic][partition] < end {
				return fmt.Sprintf("stores to read %s/%d to %d", topic, partition, end)
			}
		}
	}
	carried := d.stored(topics.CampaignEngineStoresLoop)
	read = d.positions(ctx, topics.Stores)
	for _, record := range carried {
		if read[topics.CampaignEngineStoresLoop][record.Partition] <= record.Offset {
			return "stores to read its loop"
		}
	}
	for id, store := range d.table() {
		if due := store.NextDue(); due <= d.clock.Now() {
			return fmt.Sprintf("store %s to do what is due at %s", id, due.Time())
		}
	}
	return ""
}

// lines are the newest rows of the table, parts included.
func (d *storesDeployment) lines() map[string]string {
	d.t.Helper()
	rows := make(map[string]string)
	for _, record := range d.stored(topics.CampaignEngineStoresTable) {
		if rows[string(record.Key)] = string(record.Value); record.Value == nil {
			delete(rows, string(record.Key))
		}
	}
	return rows
}

// table are the stores that can be read.
func (d *storesDeployment) table() map[string]*playlist.Store {
	d.t.Helper()
	stores := make(map[string]*playlist.Store)
	for key, row := range d.lines() {
		if store := playlist.New(); !strings.Contains(key, "\x00") && store.UnmarshalBinary([]byte(row)) == nil {
			stores[key] = store
		}
	}
	return stores
}

// pass lets time pass, and the store come to rest at each instant at which something is due.
func (d *storesDeployment) pass(to instant.Instant) {
	d.t.Helper()
	for {
		next := playlist.Never
		for _, store := range d.table() {
			next = min(next, store.NextDue())
		}
		if next > to {
			break
		}
		d.drive(next)
		d.rest()
	}
	d.drive(to)
	d.rest()
}

// commands are all that were written, in the order of their partitions.
func (d *storesDeployment) commands() []schemas.Event[schemas.Command] {
	d.t.Helper()
	var commands []schemas.Event[schemas.Command]
	for _, record := range d.stored(topics.DeviceCommands) {
		event, refusal := topics.DecodeCommand(record.Value)
		if refusal != nil || string(record.Key) != event.Data.StoreID {
			d.t.Fatalf("%s under %s: %v", record.Value, record.Key, refusal)
		}
		commands = append(commands, *event)
	}
	return commands
}

// newest returns the newest command of each device in each store, without what differs from run to run.
func (d *storesDeployment) newest() map[string]string {
	d.t.Helper()
	newest := make(map[string]string)
	revisions := make(map[string]int64)
	for _, c := range d.commands() {
		at := c.Data.StoreID + "/" + c.Data.DeviceID
		if c.Data.Attempt == 1 && c.Data.PlaylistRevision <= revisions[at] {
			d.t.Errorf("%s: revision %d comes behind %d", at, c.Data.PlaylistRevision, revisions[at])
		}
		revisions[at] = c.Data.PlaylistRevision
		content, err := json.Marshal(c.Data.Playlist)
		if err != nil {
			d.t.Fatal(err)
		}
		newest[at] = string(content)
	}
	return newest
}

// told is the newest readiness of each campaign in each store.
func (d *storesDeployment) told() map[string]readiness.Change {
	d.t.Helper()
	told := make(map[string]readiness.Change)
	for _, record := range d.stored(topics.ReadinessChanges) {
		var change readiness.Change
		if err := change.UnmarshalBinary(record.Value); err != nil {
			d.t.Fatal(err)
		}
		told[string(record.Key)+" in "+change.StoreID] = change
	}
	return told
}

// placed is the record of a campaign in a store, for a week from a day of the deployment's; none without creatives.
func placedIn(store, id string, sequence int64, day int, creatives ...string) topics.Record {
	p := playlist.Placement{
		CampaignID: id, Sequence: sequence, Revision: sequence, Placed: len(creatives) > 0,
		StartsAt: storesBegan.Add(instant.Millis(day) * 24 * 60 * minute),
	}
	p.EndsAt = p.StartsAt.Add(7 * 24 * 60 * minute)
	for _, creative := range creatives {
		p.Creatives = append(p.Creatives, playlist.Creative{
			ID: creative, Version: 1, URL: "https://cdn.example/" + creative, SHA256: strings.Repeat("0", 64), Bytes: 1,
			MIME: "video/mp4", DurationMs: 15000,
		})
	}
	return topics.Record{
		Topic: string(topics.StorePlacements), Key: []byte(store), Value: p.AppendBinary(nil), Partition: byKey,
	}
}

func presentIn(store, device string, at instant.Instant, present bool) topics.Record {
	p := playlist.Presence{DeviceID: device, At: at, Present: present}
	return topics.Record{Topic: string(topics.StoreDevices), Key: []byte(store), Value: p.AppendBinary(nil), Partition: byKey}
}

// ackOn is an ack in the partition of its key, or in a foreign one.
func ackOn(store, device string, revision int64, status schemas.AckStatus, foreign bool, missing ...string) topics.Record {
	listed, _ := json.Marshal(missing)
	if missing == nil {
		listed = []byte("[]")
	}
	partition := topics.PartitionOf([]byte(store), storesPartitions)
	if foreign {
		partition = (partition + 1) % storesPartitions
	}
	return topics.Record{
		Topic: string(topics.DeviceAcks), Key: []byte(store), Partition: partition, Value: fmt.Appendf(nil,
			`{"specversion":"1.0","id":"a","source":"device","type":"device.ack","subject":%[1]q,"data":{"command_id":"%[2]s/%[3]d",`+
				`"device_id":%[2]q,"store_id":%[1]q,"playlist_revision":%[3]d,"status":%[4]q,"missing":%[5]s,"error":"disk-full"}}`,
			store, device, revision, status, listed),
	}
}

// ackAll acks the newest command of every device, those of some stores from a foreign partition.
func (d *storesDeployment) ackAll(status schemas.AckStatus) {
	d.t.Helper()
	newest := make(map[string]schemas.Command)
	for _, c := range d.commands() {
		newest[c.Data.StoreID+"/"+c.Data.DeviceID] = c.Data
	}
	for _, at := range slices.Sorted(maps.Keys(newest)) {
		c := newest[at]
		d.put(ackOn(c.StoreID, c.DeviceID, c.PlaylistRevision, status, c.StoreID < "s-2"))
	}
}
