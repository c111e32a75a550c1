package drive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Note tells of a driven clock: it showed Start at the true time Began, and goes Rate times as fast.
type Note struct {
	Start schemas.Instant `json:"start"`
	Rate  int64           `json:"rate"`
	Began time.Time       `json:"began_at"`
	// Reached is how far it was when this was written.
	Reached schemas.Instant `json:"reached"`
}

// kept is a note as the folder holds it.
type kept struct {
	Note
	// Reserved is what the clock does not pass before the next note; zero in notes of before there was one.
	Reserved schemas.Instant `json:"reserved"`
}

const noteFile = "clock.json"

// end returns an instant that the clock has not passed.
func (k *kept) end() instant.Instant { return instant.Instant(max(k.Reached, k.Reserved)) }

// check says what no clock can have noted.
func (k *kept) check() error {
	for name, at := range map[string]schemas.Instant{"start": k.Start, "reached": k.Reached, "reserved": k.Reserved} {
		if i := instant.Instant(at); i < instant.Min || i > processors.DrivenLast {
			return fmt.Errorf("%s: must lie between 1970-01-01 and 2262-04-11", name)
		}
	}
	if k.Rate < 1 || k.Rate > processors.DrivenRateMax {
		return fmt.Errorf("rate: must lie between 1 and %d", processors.DrivenRateMax)
	}
	return nil
}

// read returns the note that a folder holds, nil without one.
func read(folder string) (*kept, error) {
	path := filepath.Join(folder, noteFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("reading the clock's note: %w", err)
	}
	note := new(kept)
	if err = json.Unmarshal(text, note); err == nil {
		err = note.check()
	}
	if err != nil {
		return nil, fmt.Errorf("reading the clock's note %s: %w; put it right, or give another --data-dir", path, err)
	}
	return note, nil
}

// write replaces the note as a whole: a kill leaves the one or the other, and so does a power failure; which one is told by its
// having returned.
func write(path string, note kept) error {
	text, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return fmt.Errorf("noting the clock: %w", err)
	}
	next := path + ".next"
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("noting the clock: %w", err)
	}
	_, err = file.Write(append(text, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(next, path)
	}
	if err == nil {
		err = syncFolder(path)
	}
	if err != nil {
		return fmt.Errorf("noting the clock: %w", err)
	}
	return nil
}

// syncFolder has the disk know which files the folder of one has.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
