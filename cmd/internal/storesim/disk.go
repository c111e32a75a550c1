package storesim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/cache"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// disk is the folder of a device:
//
//	state.json   device.State
//	plays.jsonl  plays that were not sent, perhaps; see outbox.go
//	cache/       contents
type disk string

func (d disk) state() string       { return filepath.Join(string(d), "state.json") }
func (d disk) plays() string       { return filepath.Join(string(d), "plays.jsonl") }
func (d disk) cache() cache.Folder { return cache.Folder(filepath.Join(string(d), "cache")) }

// read returns what is on the disk; found is false when no device was set up there.
func (d disk) read() (found bool, content device.Disk, err error) {
	if content.Cache, err = d.cache().Open(); err != nil {
		return false, content, err
	}
	text, err := os.ReadFile(d.state())
	if errors.Is(err, fs.ErrNotExist) {
		return false, content, nil
	}
	if err != nil {
		return false, content, fmt.Errorf("reading a device's state: %w", err)
	}
	if err := json.Unmarshal(text, &content.State); err != nil {
		return false, content, fmt.Errorf("reading %s: %w", d.state(), err)
	}
	content.Unsent, err = d.unsent()
	return true, content, err
}

func (d disk) unsent() (plays []schemas.Play, err error) {
	text, err := os.ReadFile(d.plays())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading a device's plays: %w", err)
	}
	for line := range bytes.Lines(text) {
		var play schemas.Play
		// The last line may be half: the power went off while it was written.
		if json.Unmarshal(line, &play) == nil {
			plays = append(plays, play)
		}
	}
	return plays, nil
}

// write replaces the state, whole or not at all.
func (d disk) write(s *device.State) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("writing a device's state: %w", err)
	}
	beside := d.state() + ".new"
	if err := os.WriteFile(beside, text, 0o644); err != nil {
		return fmt.Errorf("writing a device's state: %w", err)
	}
	if err := os.Rename(beside, d.state()); err != nil {
		return fmt.Errorf("writing a device's state: %w", err)
	}
	return nil
}

// wipe empties the disk.
func (d disk) wipe() error {
	if err := errors.Join(os.RemoveAll(string(d)), os.MkdirAll(string(d), 0o755)); err != nil {
		return fmt.Errorf("wiping a disk: %w", err)
	}
	return nil
}
