// Package lockfile gives a folder to one process at a time.
package lockfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrTaken says that another process has the folder.
var ErrTaken = errors.New("another campaignd runs in this data folder")

// noteMaxBytes bounds what is read of another process's note.
const noteMaxBytes = 64

// Take takes the folder for this process, by a lock on the file. The kernel gives it back when the process ends, however it
// ends; so the file stays, and its being there means nothing. Errors: ErrTaken.
func Take(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the data folder: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		note, _ := io.ReadAll(io.LimitReader(f, noteMaxBytes))
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %s: %w (%s)", path, ErrTaken, strings.TrimSpace(string(note)))
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	// The note is for the message above; that it cannot be written is no reason not to run.
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "process %d\n", os.Getpid()), 0)
	}
	return f.Close, nil
}

// Abandoned says whether a lock file is there that no process holds, and takes it then. It makes none.
func Abandoned(path string) (release func() error, is bool) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, false
	}
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		_ = f.Close()
		return nil, false
	}
	return f.Close, true
}
