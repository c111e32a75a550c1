package post

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// Folder keeps mails as files, <message id>.eml, where there is no server.
type Folder struct {
	path string
	tidy sync.Once
}

var _ Transport = (*Folder)(nil)

// NewFolder returns a folder, which is made with the first mail.
func NewFolder(path string) *Folder { return &Folder{path: path} }

// Rest implements Transport.
func (*Folder) Rest() {}

// Carry implements Transport. A file that is there is whole.
func (f *Folder) Carry(_, _ context.Context, m *pgstore.ClaimedMail, commit func() error) Answer {
	file, err := f.draft(m)
	if err != nil {
		return Answer{Unreachable, err.Error()}
	}
	defer os.Remove(file)
	if err := commit(); err != nil {
		return Answer{Withheld, err.Error()}
	}
	name := filepath.Join(f.path, fileName(m.MessageID))
	if err := os.Rename(file, name); err != nil {
		return Answer{Unreachable, fmt.Sprintf("keeping a mail: %v", err)} // that is no trouble of this one
	}
	if err := syncFolder(f.path); err != nil {
		return Answer{Accepted, fmt.Sprintf("kept as %s, which a power failure may undo: %v", name, err)}
	}
	return Answer{Accepted, "kept as " + name}
}

// draft writes a mail to a file under another name.
func (f *Folder) draft(m *pgstore.ClaimedMail) (name string, err error) {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return "", fmt.Errorf("making a folder for mails: %w", err)
	}
	file, err := os.CreateTemp(f.path, draftPrefix)
	if err != nil {
		return "", fmt.Errorf("keeping a mail: %w", err)
	}
	_, err = file.Write(m.Message)
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		os.Remove(file.Name())
		return "", fmt.Errorf("keeping a mail: %w", err)
	}
	f.tidy.Do(func() { f.sweep(file.Name()) })
	return file.Name(), nil
}

// draftPrefix begins the names of files that are not whole yet.
const draftPrefix = ".draft-"

// draftMost is how long writing a file may take, by far.
const draftMost = time.Hour

// sweep removes what processes that were killed have left half written, long before this draft. What cannot be removed stays.
func (f *Folder) sweep(draft string) {
	now, err := os.Stat(draft)
	if err != nil {
		return
	}
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), draftPrefix) {
			continue
		}
		if was, err := entry.Info(); err == nil && was.Mode().IsRegular() && now.ModTime().Sub(was.ModTime()) > draftMost {
			_ = os.Remove(filepath.Join(f.path, entry.Name()))
		}
	}
}

// syncFolder has the names in a folder outlast a power failure.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// fileName returns a name that stands in one folder whatever the id is.
func fileName(messageID string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == 0 || r == os.PathSeparator {
			return '_'
		}
		return r
	}, messageID) + ".eml"
}
