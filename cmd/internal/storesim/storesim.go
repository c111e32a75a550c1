// Package storesim simulates stores and their devices, as real clients of the engine would be: they read their store's topic,
// obey commands that are signed, new and theirs, fetch contents over HTTP into a cache on the disk, show them within their
// windows by their own clocks, and report plays. Faults are drawn from a seed.
//
//	storesim.go  a run: stores, devices and what they share
//	unit.go      a device: a goroutine around a device.Machine
//	hands.go     what it does
//	spells.go    what goes wrong with it
//	disk.go      its folder, and outbox.go the plays in it
//	attack.go    the attacker
//	content/ cache/ device/ player/ keys/ link/ fault/ journal/ clock/
package storesim

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/keys"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/link"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// Store is a store and the ids of its devices. No device is in two stores.
type Store struct {
	ID      string
	Devices []string
}

// Settings are what a run is like.
type Settings struct {
	Stores []Store
	// Connect says where the brokers are.
	Connect []kgo.Opt
	// Folder is where devices have their disks: <folder>/<device_id>. One run uses it at a time.
	Folder string
	// Keys are the engine's public keys; they are fetched at the beginning, and, at most once in KeysEvery, when a command is
	// signed with an unknown one. Until they were fetched once no command is read.
	Keys      keys.Source
	KeysEvery time.Duration
	// Register has devices that are set up be told to the registry. Wiped ones are told in any case.
	Register bool
	// ClockMargin is how far the engine's clock may be behind: a device that is registered here takes commands of revisions that
	// are so much older than itself, and no others.
	ClockMargin time.Duration
	TimeZone    string   // of the devices
	MIME        []string // what they can play; none: they do not say
	// CacheBytes is the size of each device's cache.
	CacheBytes int64
	// SlowBytesPerSecond is how fast contents come in a slow spell.
	SlowBytesPerSecond int64
	// Parallel bounds the downloads at once of all devices.
	Parallel int
	// Silent devices show spots and report none: somebody else does.
	Silent bool
	Faults fault.Plan
	Clock  clock.Clock
	Sink   journal.Sink
}

// world is what the units of a run share.
type world struct {
	Settings
	ctx     context.Context // of downloads
	clock   clock.Clock
	began   time.Time
	sink    journal.Sink
	keys    *keys.Set
	sender  *link.Sender
	fetcher *content.Fetcher
}

type store struct {
	id    string
	shelf *link.Shelf
	units map[string]*unit
}

// FolderOf returns the folder of a device.
func (s *Settings) FolderOf(deviceID string) string { return filepath.Join(s.Folder, deviceID) }

// flushMax is how long what devices have said may take to arrive when a run ends.
const flushMax = 5 * time.Second

// Run simulates until ctx ends. Brokers, contents and keys that are away are asked again and again. Error: the settings make no
// client.
func Run(ctx context.Context, s Settings) error {
	counter := &journal.Counter{}
	w := &world{Settings: s, clock: s.Clock, began: s.Clock.Now(), sink: journal.Both(counter.Note, s.Sink)}
	sender, err := link.NewSender(s.Connect)
	if err != nil {
		return err
	}
	w.sender, w.fetcher = sender, content.NewFetcher(s.Clock, s.Parallel)
	w.keys = keys.New(s.Keys, s.Clock, s.KeysEvery, w.noteKeys)
	w.ctx = ctx
	stores, shelves := w.build()
	reader, err := link.NewReader(shelves, s.Connect, w.trouble)
	if err != nil {
		sender.Close(ctx)
		return err
	}
	var running sync.WaitGroup
	for _, st := range stores {
		for _, u := range st.units {
			running.Go(func() { u.run(ctx) })
		}
	}
	w.attack(ctx, &running, stores)
	running.Go(func() { w.keys.Run(ctx) })
	running.Go(func() { w.read(ctx, reader) })
	running.Wait()
	flushed, stop := context.WithTimeout(context.WithoutCancel(ctx), flushMax)
	defer stop()
	sender.Close(flushed)
	w.fetcher.Close()
	w.sink(journal.Line{At: schemas.InstantOf(w.clock.Now()), Event: journal.Totals, Counts: counter.Counts()})
	return nil
}

// read waits for keys, then reads the stores' topics.
func (w *world) read(ctx context.Context, reader *link.Reader) {
	known := make(chan struct{})
	w.keys.Refresh(func() { close(known) })
	select {
	case <-known:
	case <-ctx.Done():
	}
	reader.Run(ctx)
}

// build makes the stores and their units.
func (w *world) build() (map[string]*store, map[string]*link.Shelf) {
	stores, shelves := make(map[string]*store, len(w.Stores)), make(map[string]*link.Shelf, len(w.Stores))
	for _, each := range w.Stores {
		st := &store{id: each.ID, units: make(map[string]*unit, len(each.Devices))}
		st.shelf = link.NewShelf(func(deviceID string) { st.news(w, deviceID) })
		stores[each.ID], shelves[each.ID] = st, st.shelf
		for _, id := range each.Devices {
			st.units[id] = newUnit(w, st, id)
		}
	}
	return stores, shelves
}

// news wakes whom a record is for.
func (st *store) news(w *world, deviceID string) {
	if deviceID == "" {
		for _, u := range st.units {
			u.poke()
		}
		return
	}
	if u := st.units[deviceID]; u != nil {
		u.poke()
		return
	}
	w.sink(journal.Line{
		At: schemas.InstantOf(w.clock.Now()), Event: journal.Refused, Store: st.id, Reason: "no-such-device", Device: deviceID,
	})
}

func (w *world) noteKeys(_ []byte, err error) {
	line := journal.Line{At: schemas.InstantOf(w.clock.Now()), Event: journal.KeysFetched}
	if err != nil {
		line.Error = err.Error()
	}
	w.sink(line)
}

func (w *world) trouble(err error) {
	w.sink(journal.Line{At: schemas.InstantOf(w.clock.Now()), Event: journal.Trouble, Error: err.Error()})
}
