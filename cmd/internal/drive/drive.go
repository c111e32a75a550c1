// Package drive is a clock that goes from where and as fast as it is told, and the note of it in the data folder: what an
// engine has done under such a clock must never be taken for what has happened.
package drive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Order is what the switches say.
type Order struct {
	// Start is what the clock is to show at first; nil: as far as it came in this folder, else the time of day.
	Start *instant.Instant
	// Rate is how many times as fast as time the clock goes; 0: there is no such clock, the machine's is right.
	Rate int64
}

// Drive is a clock that is driven.
type Drive struct {
	clock engine.Clock
	path  string
	note  Note
}

// Note tells of a driven clock: it showed Start at the true time Began, and goes Rate times as fast.
type Note struct {
	Start schemas.Instant `json:"start"`
	Rate  int64           `json:"rate"`
	Began time.Time       `json:"began_at"`
	// Reached is how far it was when this was written.
	Reached schemas.Instant `json:"reached"`
}

const (
	noteFile     = "clock.json"
	brokerFolder = "broker"
	noteEvery    = time.Second
)

// Check refuses an order that does not go with what the folder holds. It changes nothing.
func Check(folder string, order Order) error {
	before, err := read(folder)
	if err != nil {
		return err
	}
	_, err = os.Stat(filepath.Join(folder, brokerFolder))
	used := err == nil
	switch {
	case order.Rate == 0 && before != nil:
		return fmt.Errorf("--data-dir: an engine ran in %s under a clock of its own, which was at %s; it goes on with --clock-rate, "+
			"and the time of day needs another folder", folder, before.Reached.Time().Format(time.RFC3339))
	case order.Rate > 0 && before == nil && used:
		return fmt.Errorf("--clock-start, --clock-rate: an engine ran in %s by the time of day; give another --data-dir", folder)
	case order.Rate > 0 && before != nil && order.Start != nil && schemas.Instant(*order.Start) < before.Reached:
		return fmt.Errorf("--clock-start: the clock in %s was at %s already, and time does not go back; leave it out to go on from "+
			"there, or give another --data-dir", folder, before.Reached.Time().Format(time.RFC3339Nano))
	}
	return nil
}

// Open begins to drive a clock in a folder that belongs to this process. It returns nil where none is ordered.
func Open(folder string, order Order) (*Drive, error) {
	if order.Rate == 0 {
		return nil, nil //nolint:nilnil // nothing is driven
	}
	before, err := read(folder)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	start := instant.Of(now)
	switch {
	case order.Start != nil:
		start = *order.Start
	case before != nil:
		start = instant.Instant(before.Reached)
	}
	d := &Drive{
		clock: processors.DrivenClock(start, order.Rate), path: filepath.Join(folder, noteFile),
		note: Note{Start: schemas.Instant(start), Rate: order.Rate, Began: now.UTC()},
	}
	return d, d.write()
}

// Clock returns the clock.
func (d *Drive) Clock() engine.Clock { return d.clock }

// Note returns how the clock goes, and what it shows.
func (d *Drive) Note() Note {
	note := d.note
	note.Reached = schemas.Instant(d.clock.Now())
	return note
}

// Keep notes how far the clock is until ctx ends, and once more then.
func (d *Drive) Keep(ctx context.Context) error {
	ticker := time.NewTicker(noteEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return d.write()
		case <-ticker.C:
			if err := d.write(); err != nil {
				return err
			}
		}
	}
}

// write replaces the note as a whole: a kill leaves the one or the other.
func (d *Drive) write() error {
	text, err := json.MarshalIndent(d.Note(), "", "  ")
	if err != nil {
		return fmt.Errorf("noting the clock: %w", err)
	}
	next := d.path + ".next"
	if err := os.WriteFile(next, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("noting the clock: %w", err)
	}
	if err := os.Rename(next, d.path); err != nil {
		return fmt.Errorf("noting the clock: %w", err)
	}
	return nil
}

// read returns the note that a folder holds, nil without one.
func read(folder string) (*Note, error) {
	path := filepath.Join(folder, noteFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("reading the clock's note: %w", err)
	}
	note := new(Note)
	if err := json.Unmarshal(text, note); err != nil {
		return nil, fmt.Errorf("reading the clock's note %s: %w; put it right, or give another --data-dir", path, err)
	}
	return note, nil
}
