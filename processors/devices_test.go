package processors_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// deviceEvent is a record of device-events, of a second of a minute.
func deviceEvent(kind schemas.Type, device, store string, second int, more string) topics.Record {
	return topics.Record{
		Topic: string(topics.DeviceEvents), Partition: byKey, Key: []byte(store), Value: fmt.Appendf(nil,
			`{"specversion":"1.0","id":"e","source":"s","type":%q,"subject":%q,"time":"2026-12-01T00:00:%02dZ","data":{"device_id":%q,"store_id":%q%s}}`,
			kind, store, second, device, store, more),
	}
}

func registered(device, store string, second int) topics.Record {
	return deviceEvent(schemas.DeviceRegistered, device, store, second, `,"capabilities":{"mime":["video/mp4"]}`)
}

func removed(device, store string, second int) topics.Record {
	return deviceEvent(schemas.DeviceRemoved, device, store, second, "")
}

// presence is a record of store-devices.
type presence struct {
	playlist.Presence
	store string
	trace string
}

// presencesTold returns the records of store-devices, having checked that what a store hears of a device rises, and that a notice
// is of where the device is.
func presencesTold(d *brokerDeployment) (all []presence) {
	d.t.Helper()
	newest := make(map[string]int64)
	for _, record := range d.stored(topics.StoreDevices) {
		decoded, err := processors.PresenceCodec{}.Decode(record.Value)
		p, is := decoded.(*playlist.Presence)
		if err != nil || !is {
			d.t.Fatalf("%x is no presence: %v", record.Value, err)
		}
		if belongs := topics.PartitionOf(record.Key, d.setup.partitions); record.Partition != belongs {
			d.t.Errorf("%s lies in partition %d, not %d", record.Key, record.Partition, belongs)
		}
		of := string(record.Key) + " " + p.DeviceID
		if int64(p.At) <= newest[of] && !p.Notice || int64(p.At) != newest[of] && p.Notice {
			d.t.Errorf("%s is told %d after %d", of, p.At, newest[of])
		}
		newest[of] = int64(p.At)
		all = append(all, presence{*p, string(record.Key), headerOf(record, "traceparent")})
	}
	return all
}

// whereabouts are the stores that have each device in the end.
func whereabouts(all []presence) map[string]string {
	in := make(map[string]string)
	for _, p := range all { // what one store hears stands in its order
		stores := strings.Fields(in[p.DeviceID])
		kept := stores[:0]
		for _, store := range stores {
			if store != p.store {
				kept = append(kept, store)
			}
		}
		if p.Present {
			kept = append(kept, p.store)
		}
		in[p.DeviceID] = strings.Join(kept, " ")
	}
	return in
}

// TestDevicesAreKnownToTheirStores: each event comes from its store's partition to its device's row, and from there to the
// stores' partitions.
func TestDevicesAreKnownToTheirStores(t *testing.T) {
	t.Parallel()
	d := newSpread(t, 4, topics.Devices)
	d.begin(topics.Devices)
	mute := deviceEvent(schemas.DeviceRegistered, "d-3", "s-1", 1, "")
	deaf := deviceEvent(schemas.DeviceRegistered, "d-4", "s-1", 1, `,"capabilities":{"mime":[]}`)
	for _, record := range []topics.Record{
		registered("d-1", "s-1", 1), registered("d-2", "s-1", 1), mute, deaf, registered("d-1", "s-2", 2), removed("d-1", "s-1", 3),
		registered("d-1", "s-3", 1), registered("d-2", "s-1", 4), removed("d-2", "s-1", 5), registered("d-2", "s-1", 5),
	} {
		d.publish([]topics.Record{record})
		d.rest(topics.Devices)
	}
	d.awaitCounts(topics.Devices, map[string]int{
		processors.Carried: 10, processors.Registered: 5, processors.Moved: 1, processors.Removed: 1, processors.Elsewhere: 1,
		processors.Stale: 2,
	})
	var told []string
	for _, p := range presencesTold(d) {
		told = append(told, fmt.Sprint(p.store, p.DeviceID, p.At.Time().Second(), p.Present, p.Says, p.MIME))
	}
	byStore := make(map[string][]string)
	for _, each := range told {
		byStore[each[:3]] = append(byStore[each[:3]], each[3:])
	}
	same(t, map[string][]string{
		"s-1": {
			"d-11 true true [video/mp4]", "d-21 true true [video/mp4]", "d-31 true false []", "d-41 true true []",
			"d-12 false false []", "d-24 true true [video/mp4]", "d-25 false false []",
		},
		"s-2": {"d-12 true true [video/mp4]"},
	}, byStore)
}

// devicesOf are events of many devices that move through the stores, and departures from these; the last one is in none.
func devicesOf(devices, moves int) (records []topics.Record, want map[string]string, highest map[string]int64) {
	want, highest = make(map[string]string), make(map[string]int64)
	for i := range devices {
		id := fmt.Sprintf("d-%d", i)
		records, highest[id] = append(records, departed(id, "s-1", 900)), 900
		for move := range moves {
			want[id] = fmt.Sprintf("s-%d", (i+7*move)%10)
			records = append(records, registered(id, want[id], 2*move+1))
			if move > 0 {
				before := fmt.Sprintf("s-%d", (i+7*(move-1))%10)
				records = append(records, removed(id, before, 2*move+2)) // the old one clears up
				revision := int64(1000*move - i)
				records, highest[id] = append(records, departed(id, before, revision)), max(highest[id], revision)
			}
		}
		if i == devices-1 {
			records = append(records, removed(id, want[id], 50))
			want[id] = ""
		}
	}
	return records, want, highest
}

// departed is a record of device-departures.
func departed(device, store string, revision int64) topics.Record {
	departure := playlist.Departure{DeviceID: device, StoreID: store, Revision: revision}
	return topics.Record{
		Topic: string(topics.DeviceDepartures), Partition: byKey, Key: []byte(device), Value: departure.AppendBinary(nil),
	}
}

// heard are the highest revisions with which devices have left, as the stores that have them in the end know them.
func heard(all []presence) map[string]int64 {
	known := make(map[string]int64)
	for id, store := range whereabouts(all) {
		for _, p := range all {
			if p.DeviceID == id && p.store == store {
				known[id] = max(known[id], p.Departed)
			}
		}
	}
	return known
}

// TestDevicesOutliveAProcessAtEachStep: a process may die at any step between a poll and a commit: both stores of a move hear of it,
// or none, and each device comes to where it is, whatever is read first. That store knows of the highest revision of all others.
func TestDevicesOutliveAProcessAtEachStep(t *testing.T) {
	t.Parallel()
	around := t
	records, want, highest := devicesOf(12, 4)
	for _, step := range engine.Steps() {
		if step == engine.StepFired { // it has no timers
			continue
		}
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			t.Parallel()
			d := newSpread(t, 2, topics.Devices)
			d.grave = around
			d.publish(append([]topics.Record(nil), records...))
			d.diesAt(topics.Devices, step, 1)
			d.diesAt(topics.Devices, step, 3)
			d.begin(topics.Devices)
			d.rest(topics.Devices)
			all := presencesTold(d)
			got, known := whereabouts(all), heard(all)
			for id, store := range want {
				if got[id] != store || store != "" && known[id] != highest[id] {
					t.Errorf("%s is in %q, not in %q, which knows of revision %d, not %d", id, got[id], store, known[id], highest[id])
				}
			}
		})
	}
}

// TestDevicesOutliveTheirPositions: what is read a second time tells nobody anything, but the dead letter of what is refused again.
func TestDevicesOutliveTheirPositions(t *testing.T) {
	t.Parallel()
	records, _, _ := devicesOf(6, 3)
	d := newSpread(t, 2, topics.Devices)
	d.publish(append(records, deviceEvent(schemas.DeviceRemoved, "d-1", "s-1", 99, "")))
	d.begin(topics.Devices)
	d.rest(topics.Devices)
	before, rows := presencesTold(d), d.rowsIn(topics.CampaignEngineDevicesTable)
	d.losePositions(topics.Devices)
	d.begin(topics.Devices)
	d.rest(topics.Devices)
	if after := presencesTold(d); len(after) != len(before) {
		t.Errorf("reading again told %d", len(after)-len(before))
	}
	same(t, rows, d.rowsIn(topics.CampaignEngineDevicesTable))
	letters := d.stored(topics.DeadLetters)
	if len(letters) != 2 || string(letters[0].Value) != string(letters[1].Value) {
		t.Errorf("the dead letters are %v", letters)
	}
}

// TestDevicesRefuseWhatTheyCannotRead, once, and their rows' records.
func TestDevicesRefuseWhatTheyCannotRead(t *testing.T) {
	t.Parallel()
	const table = topics.CampaignEngineDevicesTable
	d := newSpread(t, 2, topics.Devices)
	strange := departed("d-1", "s-1", 1)
	strange.Value = []byte("a record of somebody else")
	foreign := map[string][]byte{"d-text": []byte("a row of somebody else"), "d-short": {1}, "d-newer": {200, 0, 0}}
	for id, row := range foreign {
		d.publish([]topics.Record{{Topic: string(table), Partition: byKey, Key: []byte(id), Value: row}})
	}
	d.begin(topics.Devices)
	d.ready()
	otherKey := registered("d-1", "s-1", 1)
	otherKey.Key = []byte("s-2")
	d.publish([]topics.Record{otherKey, registered("d-1", "s-1", 1), strange})
	for id := range foreign {
		d.publish([]topics.Record{registered(id, "s-1", 1), departed(id, "s-1", 1)})
	}
	d.rest(topics.Devices)
	d.awaitCounts(topics.Devices, map[string]int{
		processors.Refused + string(schemas.KeyMismatch): 1, processors.Carried: 4, processors.Registered: 1,
		processors.Refused + string(schemas.Malformed): 7, processors.UnreadableRows: 6,
	})
	refused := map[string]int{}
	for _, letter := range d.stored(topics.DeadLetters) {
		if r := refusedOf(t, letter); r.Reason == schemas.Malformed {
			if !strings.Contains(r.Detail, "the engine's own row of this device in "+string(table)) && string(letter.Key) != "d-1" {
				t.Errorf("%s is refused: %s", letter.Key, r.Detail)
			}
			refused[r.Topic]++
		}
	}
	same(t, map[string]int{string(topics.DeviceEvents): 3, string(topics.DeviceDepartures): 4}, refused)
	rows := d.rowsIn(table)
	for id, row := range foreign {
		if rows[id] != string(row) {
			t.Errorf("%s: its row has become %q", id, rows[id])
		}
	}
}

// TestATraceGoesOnToTheDevicesStores, through the loop.
func TestATraceGoesOnToTheDevicesStores(t *testing.T) {
	d := newTraced(t)
	d.takes(topics.Devices)
	first, second := registered("d-1", "s-1", 1), registered("d-1", "s-2", 2)
	first.Headers, second.Headers = []topics.Header{header("traceparent", defining)}, []topics.Header{header("traceparent", pausing)}
	d.begin(topics.Devices)
	for _, record := range []topics.Record{first, second} {
		d.publish([]topics.Record{record})
		d.rest(topics.Devices)
	}
	d.halt(topics.Devices)
	all := presencesTold(d.brokerDeployment)
	if len(all) != 3 {
		t.Fatalf("%d are told", len(all))
	}
	for _, p := range all {
		want := defining
		if p.At.Time().Second() == 2 {
			want = pausing
		}
		if !strings.Contains(p.trace, strings.Split(want, "-")[1]) {
			t.Errorf("%s is told in %q", p.store, p.trace)
		}
	}
}
