package processors_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestDevicesTellOfDepartures: where a device is hears of each higher revision that a store has let it go with, at once or with its
// registration.
func TestDevicesTellOfDepartures(t *testing.T) {
	t.Parallel()
	d := newSpread(t, 4, topics.Devices)
	d.begin(topics.Devices)
	for _, record := range []topics.Record{
		departed("d-1", "s-0", 100), registered("d-1", "s-1", 1), registered("d-1", "s-2", 2), departed("d-1", "s-1", 300),
		departed("d-1", "s-0", 200), departed("d-1", "s-1", 300), registered("d-1", "s-3", 3),
	} {
		d.publish([]topics.Record{record})
		d.rest(topics.Devices)
	}
	d.awaitCounts(topics.Devices, map[string]int{
		processors.Registered: 1, processors.Moved: 2, processors.Departed: 2, processors.Stale: 2,
	})
	told := make(map[string][]string)
	for _, p := range presencesTold(d) {
		told[p.store] = append(told[p.store], fmt.Sprint(p.At.Time().Second(), " ", p.Present, " ", p.Departed, " ", p.Notice))
	}
	same(t, map[string][]string{
		"s-1": {"1 true 100 false", "2 false 0 false"}, "s-2": {"2 true 100 false", "2 true 300 true", "3 false 0 false"},
		"s-3": {"3 true 300 false"},
	}, told)
}

// TestAMoveThatTheOldStoreReadsLast: the store that a device has left reads a placement that is newer than the move, before it reads
// that the device has left. What it sends the device is above what the new store sends first; then that sends it the same above all.
func TestAMoveThatTheOldStoreReadsLast(t *testing.T) {
	t.Parallel()
	d := newStores(t)
	d.takes(topics.Devices)
	d.put(placedIn("s-1", "c-1", 1, 1, "cr-1"), placedIn("s-2", "c-2", 1, 1, "cr-2"))
	d.begin(topics.Devices)
	d.publish([]topics.Record{registered("d-1", "s-1", 1)})
	d.brokerDeployment.rest(topics.Devices)
	d.run()
	newer := placedIn("s-1", "c-3", 1, 1, "cr-3")
	newer.Timestamp = schemas.Instant(storesBegan.Add(60 * minute))
	d.put(newer)
	d.pass(storesBegan.Add(1000))
	d.publish([]topics.Record{registered("d-1", "s-2", 2)})
	for range 3 { // to the stores, from the old one to devices, and to the new one
		d.brokerDeployment.rest(topics.Devices)
		d.brokerDeployment.rest(topics.Stores)
		d.pass(d.clock.Now().Add(1000))
	}
	told := make(map[string][]string)
	revisions := make(map[string][]int64)
	for _, c := range d.commands() {
		told[c.Data.StoreID] = append(told[c.Data.StoreID], fmt.Sprintf("%d entries, attempt %d", len(c.Data.Playlist), c.Data.Attempt))
		revisions[c.Data.StoreID] = append(revisions[c.Data.StoreID], c.Data.PlaylistRevision)
	}
	same(t, map[string][]string{
		"s-1": {"1 entries, attempt 1", "2 entries, attempt 1", "0 entries, attempt 1"},
		"s-2": {"1 entries, attempt 1", "1 entries, attempt 1"},
	}, told)
	if old := slices.Max(revisions["s-1"]); revisions["s-2"][0] >= old || revisions["s-2"][1] <= old {
		t.Errorf("the old store sent %d, the new one %d", revisions["s-1"], revisions["s-2"])
	}
	same(t, map[string]int{"s-1 d-1": 1}, d.departures())
	d.awaitCounts(topics.Stores, map[string]int{processors.Departure + playlist.Taken.String(): 1})
}

// noticeIn tells a store of a revision with which another one has let a device go.
func noticeIn(store, device string, departed int64) topics.Record {
	p := playlist.Presence{DeviceID: device, At: instant.Instant(1), Present: true, Departed: departed, Notice: true}
	return topics.Record{Topic: string(topics.StoreDevices), Key: []byte(store), Value: p.AppendBinary(nil), Partition: byKey}
}

// departures counts, by store and device, how often a store has told that it has let the device go.
func (d *storesDeployment) departures() map[string]int {
	d.t.Helper()
	told := make(map[string]int)
	for _, record := range d.stored(topics.DeviceDepartures) {
		var departure playlist.Departure
		if err := departure.UnmarshalBinary(record.Value); err != nil || departure.DeviceID != string(record.Key) {
			d.t.Fatalf("%x under %s: %v", record.Value, record.Key, err)
		}
		told[departure.StoreID+" "+departure.DeviceID]++
	}
	return told
}

// above checks that a device's newest revision in a store is above one.
func (d *storesDeployment) above(store, device string, revision int64) {
	d.t.Helper()
	newest := int64(0)
	for _, c := range d.commands() {
		if c.Data.StoreID == store && c.Data.DeviceID == device {
			newest = c.Data.PlaylistRevision
		}
	}
	if newest <= revision {
		d.t.Errorf("%s was sent revision %d in %s last, not above %d", device, newest, store, revision)
	}
}
