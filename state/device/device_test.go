package device_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/device"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
)

func registered(store string, at instant.Instant) device.Event {
	return device.Event{Registered: true, DeviceID: "d-1", Store: store, At: at, Says: true, MIME: []string{"video/mp4"}}
}

func removed(store string, at instant.Instant) device.Event {
	return device.Event{DeviceID: "d-1", Store: store, At: at}
}

func TestADeviceIsWhereItsNewestEventSays(t *testing.T) {
	type events = []device.Event
	for name, c := range map[string]struct {
		events events
		last   device.Outcome
		told   string
	}{
		"new":              {events{registered("s-1", 5)}, device.Placed, "+s-1"},
		"before 1970":      {events{registered("s-1", -5)}, device.Placed, "+s-1"},
		"wiped":            {events{registered("s-1", 5), registered("s-1", 6)}, device.Placed, "+s-1 +s-1"},
		"the same again":   {events{registered("s-1", 5), registered("s-1", 5)}, device.Stale, "+s-1"},
		"an older one":     {events{registered("s-1", 5), registered("s-2", 4)}, device.Stale, "+s-1"},
		"moved":            {events{registered("s-1", 5), registered("s-2", 6)}, device.Moved, "+s-1 -s-1 +s-2"},
		"removed":          {events{registered("s-1", 5), removed("s-1", 6)}, device.Removed, "+s-1 -s-1"},
		"removed too late": {events{registered("s-1", 5), removed("s-1", 5)}, device.Stale, "+s-1"},
		"removed twice":    {events{registered("s-1", 5), removed("s-1", 6), removed("s-1", 7)}, device.Elsewhere, "+s-1 -s-1"},
		"removed, again":   {events{registered("s-1", 5), removed("s-1", 6), removed("s-1", 6)}, device.Stale, "+s-1 -s-1"},
		"from the old":     {events{registered("s-1", 5), registered("s-2", 6), removed("s-1", 7)}, device.Elsewhere, "+s-1 -s-1 +s-2"},
		"never seen":       {events{removed("s-1", 5)}, device.Elsewhere, ""},
		"not brought back": {events{removed("s-1", 5), registered("s-1", 4)}, device.Overruled, ""},
		"of one time":      {events{removed("s-1", 5), registered("s-1", 5)}, device.Overruled, ""},
		"back":             {events{registered("s-1", 5), removed("s-1", 6), registered("s-1", 7)}, device.Placed, "+s-1 -s-1 +s-1"},
		// What the old and the new store are told of a move lies in two partitions: the old one may be read first, and is newer.
		"moved, read backwards":   {events{registered("s-1", 1), removed("s-1", 3), registered("s-2", 2)}, device.Placed, "+s-1 -s-1 +s-2"},
		"removed, read backwards": {events{registered("s-1", 1), removed("s-2", 3), registered("s-2", 2)}, device.Overruled, "+s-1 -s-1"},
	} {
		t.Run(name, func(t *testing.T) {
			var row device.Row
			var last device.Outcome
			var told []string
			for _, event := range c.events {
				outcome, tellings := row.Apply(event)
				last = outcome
				for _, telling := range tellings {
					sign := "-"
					if telling.Presence.Present {
						sign = "+"
					}
					told = append(told, sign+telling.StoreID)
				}
			}
			if got := strings.Join(told, " "); last != c.last || got != c.told {
				t.Errorf("outcome %d, told %q; want %d, %q", last, got, c.last, c.told)
			}
		})
	}
}

// TestStoresKnowWhereADeviceIs: in whatever order events are read, the device is in the end where they say in the order of their
// times; that store knows it and no other, and what each store heard on the way has times that rise.
func TestStoresKnowWhereADeviceIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t)
		var row device.Row
		stores := map[string]playlist.Presence{}
		read := rapid.Permutation(events).Draw(t, "read")
		for _, event := range append(read, rapid.Permutation(read).Draw(t, "again")...) {
			before := row
			outcome, tellings := row.Apply(event)
			if outcome == device.Stale && (len(tellings) > 0 || string(row.AppendBinary(nil)) != string(before.AppendBinary(nil))) {
				t.Fatalf("%v is stale, and has done something", event)
			}
			row = survived(t, row)
			for _, telling := range tellings {
				p, before := telling.Presence, stores[telling.StoreID]
				if p.At <= before.At || p.DeviceID != "d-1" || !p.Present && !before.Present {
					t.Fatalf("%s is told %v after %v", telling.StoreID, p, before)
				}
				stores[telling.StoreID] = p
			}
		}
		want := inOrder(events)
		for store, p := range stores {
			if p.Present != (store == want) {
				t.Fatalf("it is in %q, and %s has been told %v", want, store, p)
			}
		}
		if in, is := row.In(); is != (want != "") || is && (in != want || !stores[want].Present) {
			t.Fatalf("it is in %q (%v), not in %q", in, is, want)
		}
	})
}

// drawEvents draws events of different times.
func drawEvents(t *rapid.T) []device.Event {
	store := rapid.SampledFrom([]string{"s-1", "s-2", "s-3"})
	var events []device.Event
	for at := range instant.Instant(rapid.IntRange(0, 12).Draw(t, "events")) {
		if rapid.Bool().Draw(t, "registered") {
			events = append(events, registered(store.Draw(t, "store"), at+1))
		} else {
			events = append(events, removed(store.Draw(t, "store"), at+1))
		}
	}
	return events
}

// inOrder returns where the device is after events in the order of their times.
func inOrder(events []device.Event) (store string) {
	for _, event := range events {
		switch {
		case event.Registered:
			store = event.Store
		case event.Store == store:
			store = ""
		}
	}
	return store
}

// TestRowsAreBounded: of removals from however many stores some are kept, and the one that counts is among them.
func TestRowsAreBounded(t *testing.T) {
	var row device.Row
	row.Apply(registered("s-1", 1))
	row.Apply(removed("s-1", 2))
	for i := range 5 * device.RemovalsMax {
		row.Apply(removed(fmt.Sprintf("s-%d", 100+i), instant.Instant(3+i)))
	}
	if _, is := row.In(); is || len(row.Removals) != device.RemovalsMax {
		t.Errorf("it is in a store: %v; %d removals are kept", is, len(row.Removals))
	}
}

func survived(t *rapid.T, row device.Row) (read device.Row) {
	t.Helper()
	bytes := row.AppendBinary(nil)
	if err := read.UnmarshalBinary(bytes); err != nil || string(read.AppendBinary(nil)) != string(bytes) {
		t.Fatalf("%v has become %v: %v", row, read, err)
	}
	return read
}

// FuzzRow: any bytes are a row in its one encoding, or none.
func FuzzRow(f *testing.F) {
	for _, row := range []device.Row{
		{}, {Known: true, At: 1 << 40, Store: "s-1"}, {Known: true, At: -3, Store: "s-1", Removals: []device.Removal{{"s-1", 7}, {"s-2", 8}}},
		{Removals: []device.Removal{{"s-1", 7}}},
	} {
		f.Add(row.AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var row device.Row
		if row.UnmarshalBinary(data) != nil {
			if row.AppendBinary(nil)[1] != 0 {
				t.Fatalf("%x is no row, and was read as %v", data, row)
			}
		} else if again := row.AppendBinary(nil); string(again) != string(data) {
			t.Fatalf("%x is written as %x", data, again)
		}
	})
}
