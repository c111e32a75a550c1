package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// storesOf reads --stores: a file, or ids with commas between them. Each line of a file is a store's id and, perhaps, those of
// its devices, with spaces between them; # begins a remark. A store without devices gets <store>-d1, <store>-d2, ...
func storesOf(given string, devices int) ([]storesim.Store, error) {
	lines := strings.Split(given, ",")
	file, err := os.Open(given)
	switch {
	case err == nil:
		defer file.Close()
		lines = nil
		for scanner := bufio.NewScanner(file); scanner.Scan(); {
			lines = append(lines, scanner.Text())
		}
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENAMETOOLONG): // many ids are no name of a file
		return nil, fmt.Errorf("reading --stores: %w", err)
	}
	var stores []storesim.Store
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		store := storesim.Store{ID: words[0], Devices: words[1:]}
		for n := 1; len(words) == 1 && n <= devices; n++ {
			store.Devices = append(store.Devices, store.ID+"-d"+strconv.Itoa(n))
		}
		stores = append(stores, store)
	}
	return stores, check(stores)
}

// check refuses ids that the engine would refuse, and such as are there twice.
func check(stores []storesim.Store) error {
	if len(stores) == 0 {
		return errors.New("--stores: it names none")
	}
	seen := map[string]bool{}
	for _, s := range stores {
		if !schemas.IsStoreID(s.ID) {
			return fmt.Errorf("--stores: %q is neither a file nor the id of a store (%s)", s.ID, schemas.StoreIDPattern)
		}
		if seen["store "+s.ID] {
			return fmt.Errorf("--stores: store %s is there twice", s.ID)
		}
		seen["store "+s.ID] = true
		for _, id := range s.Devices {
			if !schemas.IsID(id) {
				return fmt.Errorf("--stores: %q is no id of a device (%s)", id, schemas.IDPattern)
			}
			if seen[id] {
				return fmt.Errorf("--stores: device %s is there twice", id)
			}
			seen[id] = true
		}
	}
	return nil
}
