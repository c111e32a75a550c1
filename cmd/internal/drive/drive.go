// Package drive is a clock that goes from where and as fast as it is told, and the note of it in the data folder: what an
// engine has done under such a clock must never be taken for what has happened, and its time never goes back.
package drive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
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

// Drive is a clock that is driven. It shows nothing that lies behind what is noted, so whatever instant the process is killed at,
// the next one begins behind all that was shown.
type Drive struct {
	clock engine.Clock
	path  string
	note  Note
	// reserved is the instant that is noted, and not passed.
	reserved atomic.Int64
}

// In true time: how often the instant is noted that the clock is not to pass, and how far that lies ahead. A disk that is slower
// than the difference holds the clock up.
const (
	noteEvery = 250 * time.Millisecond
	ahead     = time.Second
)

const brokerFolder = "broker"

// Check refuses an order that does not go with what the folder holds. It changes nothing.
func Check(folder string, order Order) error {
	_, err := check(folder, order)
	return err
}

func check(folder string, order Order) (before *kept, err error) {
	before, err = read(folder)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(filepath.Join(folder, brokerFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for what an engine has left: %w", err)
	}
	used := err == nil
	switch {
	case order.Rate == 0 && before != nil:
		return nil, fmt.Errorf("--data-dir: an engine ran in %s under a clock of its own, which was at %s; it goes on with "+
			"--clock-rate, and the time of day needs another folder", folder, before.Reached.Time().Format(time.RFC3339))
	case order.Rate > 0 && before == nil && used:
		return nil, fmt.Errorf("--clock-start, --clock-rate: an engine ran in %s by the time of day; give another --data-dir", folder)
	case order.Rate > 0 && before != nil && order.Start != nil && *order.Start < before.end():
		return nil, fmt.Errorf("--clock-start: the clock in %s may have been at %s already, and time does not go back; leave it "+
			"out to go on from there, or give another --data-dir", folder, before.end().Time().Format(time.RFC3339Nano))
	}
	return before, nil
}

// Open begins to drive a clock in a folder that belongs to this process, and in which nothing runs yet. It returns nil where none
// is ordered. Its errors are those of Check, and that the folder cannot be written to.
func Open(folder string, order Order) (*Drive, error) {
	before, err := check(folder, order)
	if err != nil || order.Rate == 0 {
		return nil, err
	}
	now := time.Now()
	start := instant.Of(now)
	switch {
	case order.Start != nil:
		start = *order.Start
	case before != nil:
		start = before.end()
	}
	d := &Drive{
		path: filepath.Join(folder, noteFile),
		note: Note{Start: schemas.Instant(start), Rate: order.Rate, Began: now.UTC()},
	}
	d.reserved.Store(int64(start))
	d.clock = processors.HeldClock(start, order.Rate, func() instant.Instant { return instant.Instant(d.reserved.Load()) })
	return d, d.reserve()
}

// Clock returns the clock.
func (d *Drive) Clock() engine.Clock { return d.clock }

// Note returns how the clock goes, and what it shows.
func (d *Drive) Note() Note {
	note := d.note
	note.Reached = schemas.Instant(d.clock.Now())
	return note
}

// Keep notes how far the clock may go, again and again, until ctx ends.
func (d *Drive) Keep(ctx context.Context) error {
	ticker := time.NewTicker(noteEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := d.reserve(); err != nil {
				return err
			}
		}
	}
}

// reserve notes an instant ahead, and lets the clock go as far once the disk has it.
func (d *Drive) reserve() error {
	note := d.Note()
	until := instant.Instant(note.Reached).Add(instant.Millis(ahead.Milliseconds() * note.Rate))
	until = max(min(until, processors.DrivenLast), instant.Instant(d.reserved.Load()))
	if err := write(d.path, kept{note, schemas.Instant(until)}); err != nil {
		return err
	}
	d.reserved.Store(int64(until))
	return nil
}

// Close notes how far the clock has come, and holds it there: the next one goes on from there. The engine may look at the clock
// no more; the broker, which is closed behind it, tells until then who asks.
func (d *Drive) Close() error {
	d.reserved.Store(int64(d.clock.Now()))
	note := d.Note()
	return write(d.path, kept{note, note.Reached})
}
