package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rmn-arms/campaign-engine/cmd/internal/lockfile"
)

// demoFolder is what the folders of demonstrations are called, with an end of each one's own.
const demoFolder = "campaign-demo-"

// demoLock is the file in it that its demonstration holds: who finds one that nobody holds knows that it was killed. One that
// is to be kept has none.
const demoLock = "demo.lock"

// openDemoFolder makes the data folder of a demonstration, and removes those that killed ones have left. close removes it, or
// says where it is kept.
func openDemoFolder(keep bool) (folder string, close func() error, err error) {
	sweepDemos(os.TempDir())
	if folder, err = os.MkdirTemp("", demoFolder); err != nil {
		return "", nil, fmt.Errorf("making a data folder: %w", err)
	}
	remove := func() error { return os.RemoveAll(folder) }
	// Root's Postgres runs as another user, who has to get through.
	if err := os.Chmod(folder, 0o755); err != nil {
		return "", nil, errors.Join(fmt.Errorf("opening the data folder: %w", err), remove())
	}
	if keep {
		return folder, func() error {
			fmt.Fprintln(os.Stderr, "campaignd: its data is kept in", folder)
			return nil
		}, nil
	}
	release, err := lockfile.Take(filepath.Join(folder, demoLock))
	if err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return folder, func() error { return errors.Join(remove(), release()) }, nil
}

// sweepDemos removes this user's folders of demonstrations that were killed. What cannot be removed is left to the next one.
func sweepDemos(in string) {
	folders, _ := filepath.Glob(filepath.Join(in, demoFolder+"*")) // an error: the folder has a name that is a wrong pattern
	for _, folder := range folders {
		info, err := os.Lstat(folder)
		if err != nil || !info.IsDir() || !isOurs(info) {
			continue
		}
		if release, is := lockfile.Abandoned(filepath.Join(folder, demoLock)); is {
			_ = os.RemoveAll(folder)
			_ = release()
		}
	}
}

// isOurs says whether a file is this user's.
func isOurs(info os.FileInfo) bool {
	status, is := info.Sys().(*syscall.Stat_t)
	return is && int(status.Uid) == os.Geteuid()
}
