package device_test

import (
	"cmp"
	"slices"
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
	gone := func(store string) string { return "-" + store }
	here := func(store string) string { return "+" + store }
	for name, c := range map[string]struct {
		events []device.Event
		last   device.Outcome
		told   []string
		store  string
	}{
		"new":              {[]device.Event{registered("s-1", 5)}, device.Placed, []string{here("s-1")}, "s-1"},
		"before 1970":      {[]device.Event{registered("s-1", -5)}, device.Placed, []string{here("s-1")}, "s-1"},
		"wiped":            {[]device.Event{registered("s-1", 5), registered("s-1", 6)}, device.Placed, []string{here("s-1"), here("s-1")}, "s-1"},
		"the same again":   {[]device.Event{registered("s-1", 5), registered("s-1", 5)}, device.Stale, []string{here("s-1")}, "s-1"},
		"an older one":     {[]device.Event{registered("s-1", 5), registered("s-2", 4)}, device.Stale, []string{here("s-1")}, "s-1"},
		"moved":            {[]device.Event{registered("s-1", 5), registered("s-2", 6)}, device.Moved, []string{here("s-1"), gone("s-1"), here("s-2")}, "s-2"},
		"removed":          {[]device.Event{registered("s-1", 5), removed("s-1", 6)}, device.Removed, []string{here("s-1"), gone("s-1")}, ""},
		"removed twice":    {[]device.Event{registered("s-1", 5), removed("s-1", 6), removed("s-1", 7)}, device.Elsewhere, []string{here("s-1"), gone("s-1")}, ""},
		"from the old":     {[]device.Event{registered("s-1", 5), registered("s-2", 6), removed("s-1", 7)}, device.Elsewhere, []string{here("s-1"), gone("s-1"), here("s-2")}, "s-2"},
		"never seen":       {[]device.Event{removed("s-1", 5)}, device.Elsewhere, nil, ""},
		"not brought back": {[]device.Event{removed("s-1", 5), registered("s-1", 4)}, device.Stale, nil, ""},
		"back":             {[]device.Event{registered("s-1", 5), removed("s-1", 6), registered("s-1", 7)}, device.Placed, []string{here("s-1"), gone("s-1"), here("s-1")}, "s-1"},
	} {
		t.Run(name, func(t *testing.T) {
			var row device.Row
			var last device.Outcome
			var told []string
			for _, event := range c.events {
				outcome, tellings := row.Apply(event)
				last = outcome
				for _, telling := range tellings {
					if telling.Presence.Present {
						told = append(told, here(telling.StoreID))
					} else {
						told = append(told, gone(telling.StoreID))
					}
				}
			}
			if last != c.last || !slices.Equal(told, c.told) || row.Store != c.store {
				t.Errorf("outcome %d, told %v, in %q; want %d, %v, %q", last, told, row.Store, c.last, c.told, c.store)
			}
		})
	}
}

// TestStoresKnowWhereADeviceIs: of any events in any order, at most one store has the device in the end, the one of its row; each
// store hears times that rise; and where the events come in their order it is where the newest of all registrations says, unless
// it was removed from there since.
func TestStoresKnowWhereADeviceIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var row device.Row
		stores := map[string]playlist.Presence{}
		events := rapid.SliceOf(rapid.Custom(func(t *rapid.T) device.Event {
			store := rapid.SampledFrom([]string{"s-1", "s-2", "s-3"}).Draw(t, "store")
			at := instant.Instant(rapid.IntRange(1, 30).Draw(t, "at"))
			if rapid.Bool().Draw(t, "registered") {
				return registered(store, at)
			}
			return removed(store, at)
		})).Draw(t, "events")
		ordered := rapid.Bool().Draw(t, "in order")
		if ordered {
			slices.SortStableFunc(events, func(a, b device.Event) int { return cmp.Compare(a.At, b.At) })
			events = slices.CompactFunc(events, func(a, b device.Event) bool { return a.At == b.At })
		}
		want := ""
		for _, event := range events {
			switch {
			case event.Registered:
				want = event.Store
			case event.Store == want:
				want = ""
			}
			_, tellings := row.Apply(event)
			row = survived(t, row)
			for _, telling := range tellings {
				p, before := telling.Presence, stores[telling.StoreID]
				if p.At <= before.At || p.DeviceID != "d-1" || !p.Present && !before.Present {
					t.Fatalf("%s is told %v after %v", telling.StoreID, p, before)
				}
				stores[telling.StoreID] = p
			}
		}
		if ordered && row.Store != want {
			t.Fatalf("it is in %q, not %q", row.Store, want)
		}
		for store, p := range stores {
			if p.Present != (store == row.Store) {
				t.Fatalf("it is in %q, and %s has been told %v", row.Store, store, p)
			}
		}
	})
}

func survived(t *rapid.T, row device.Row) (read device.Row) {
	t.Helper()
	if err := read.UnmarshalBinary(row.AppendBinary(nil)); err != nil || read != row {
		t.Fatalf("%v has become %v: %v", row, read, err)
	}
	return read
}

// FuzzRow: any bytes are a row in its one encoding, or none.
func FuzzRow(f *testing.F) {
	for _, row := range []device.Row{{}, {Known: true, At: 1 << 40, Store: "s-1"}, {Known: true, At: -3}} {
		f.Add(row.AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var row device.Row
		if row.UnmarshalBinary(data) != nil {
			if row != (device.Row{}) {
				t.Fatalf("%x is no row, and was read as %v", data, row)
			}
		} else if again := row.AppendBinary(nil); string(again) != string(data) {
			t.Fatalf("%x is written as %x", data, again)
		}
	})
}
