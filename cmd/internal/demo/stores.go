package demo

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
)

// theStores are the simulated stores. What their devices hold begins anew each time: they are registered as new.
func theStores() []storesim.Store {
	return []storesim.Store{
		{ID: "demo-store-1", Devices: []string{"demo-store-1-d1", "demo-store-1-d2"}},
		{ID: "demo-store-2", Devices: []string{"demo-store-2-d1", "demo-store-2-d2"}},
	}
}

const (
	cacheBytes   = 64 << 20
	downloadsMax = 4
	keysEvery    = time.Second
)

// disks is the folder of what the devices hold, within the data folder.
const disks = "demo-stores"

// simulate runs the stores until ctx ends; tell is told what happens in them.
func simulate(ctx context.Context, s *Settings, tell journal.Sink) error {
	folder := filepath.Join(s.Folder, disks)
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("emptying the disks of the demonstration's devices: %w", err)
	}
	return storesim.Run(ctx, storesim.Settings{
		Stores: theStores(), Connect: s.Connect, Folder: folder,
		Keys: func(context.Context) ([]byte, error) { return s.Keys(), nil }, KeysEvery: keysEvery, Register: true,
		TimeZone: "Europe/Berlin", MIME: []string{spotMIME}, CacheBytes: cacheBytes, SlowBytesPerSecond: cacheBytes,
		Parallel: downloadsMax, Faults: fault.Plan{Every: time.Hour, Longest: time.Second}, Clock: clock.System(), Sink: tell,
	})
}

// addressFile is where the server of contents listened last, within the data folder.
const addressFile = "demo-contents"

// contents opens the server that the devices fetch from, at a free port of this machine: at that of the time before, if it is
// still free, for the sake of campaigns that go on from then.
func contents(ctx context.Context, folder string) (listener net.Listener, base string, err error) {
	path := filepath.Join(folder, addressFile)
	before, err := os.ReadFile(path)
	if err == nil {
		listener, err = new(net.ListenConfig).Listen(ctx, "tcp", string(before))
	}
	if err != nil {
		listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, "", fmt.Errorf("opening the demonstration's content server: %w", err)
	}
	address := listener.Addr().String()
	if err := os.WriteFile(path, []byte(address), 0o644); err != nil {
		listener.Close()
		return nil, "", fmt.Errorf("noting where the demonstration's contents are: %w", err)
	}
	return listener, "http://" + address, nil
}
