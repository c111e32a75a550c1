package story

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
)

// twoStores are the simulated stores.
func twoStores() []storesim.Store {
	return []storesim.Store{
		{ID: "mitte", Devices: []string{"mitte-1", "mitte-2"}},
		{ID: "potsdam", Devices: []string{"potsdam-1", "potsdam-2"}},
	}
}

// allScreens are all devices.
func allScreens() (all []string) {
	for _, s := range twoStores() {
		all = append(all, s.Devices...)
	}
	return all
}

// storeOf returns the store of a device.
func storeOf(device string) string {
	for _, s := range twoStores() {
		if slices.Contains(s.Devices, device) {
			return s.ID
		}
	}
	return ""
}

const (
	diskBytes    = 64 << 20
	downloadsMax = 4
	keysEvery    = time.Second
	// bornMargin: a device takes the playlist that its registration led to, though both are of one millisecond.
	bornMargin = time.Minute
)

// stores runs the stores until ctx ends. One device is offline for a while. What screens have shown is reported by the script:
// how many films fit into an hour that flies by is chance.
func (t *stage) stores(ctx context.Context) error {
	now := t.Clock.Now()
	after := func(night string) time.Duration { return at(night).Time().Sub(now.Time()) }
	return storesim.Run(ctx, storesim.Settings{
		Stores: twoStores(), Connect: t.Connect, Folder: filepath.Join(t.Folder, "stores"),
		Keys: func(context.Context) ([]byte, error) { return t.Keys(), nil }, KeysEvery: keysEvery,
		Register: true, ClockMargin: bornMargin, TimeZone: berlin, MIME: []string{filmMIME},
		CacheBytes: diskBytes, SlowBytesPerSecond: diskBytes, Parallel: downloadsMax,
		Silent: true, Clock: t.Clock.Stores(), Sink: t.hear(ctx),
		Faults: fault.Plan{Every: time.Hour, Longest: time.Second, Timed: map[string][]fault.Spell{
			lonely: {{After: after(offlineFrom), Offline: after(offlineUntil) - after(offlineFrom)}},
		}},
	})
}
