package post

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// Folder keeps mails as files, <message id>.eml, where there is no server.
type Folder struct{ path string }

var _ Transport = (*Folder)(nil)

// NewFolder returns a folder, which is made with the first mail.
func NewFolder(path string) *Folder { return &Folder{path} }

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
		return Answer{Later, fmt.Sprintf("keeping a mail: %v", err)}
	}
	return Answer{Accepted, "kept as " + name}
}

// draft writes a mail to a file under another name.
func (f *Folder) draft(m *pgstore.ClaimedMail) (name string, err error) {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return "", fmt.Errorf("making a folder for mails: %w", err)
	}
	file, err := os.CreateTemp(f.path, ".draft-")
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
	return file.Name(), nil
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
