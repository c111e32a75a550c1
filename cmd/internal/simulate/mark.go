package simulate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// mark is the file by which a simulation knows a folder of its own again. One that runs holds a lock on it.
const mark = ".simulation"

// isMarked says whether a simulation has made the mark that is at a path. Its error is that somebody else has made what is there.
func isMarked(path string) (bool, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("looking for an earlier simulation: %w", err)
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s is there, and no simulation has made it; give another folder", path)
	}
	return true, nil
}

// takeMark locks the mark at a path, and makes it where it is not there. What is in it does not change. The kernel takes the lock
// back when the process ends, however it ends.
func takeMark(path string, is bool) (*os.File, error) {
	how := os.O_RDONLY | unix.O_NOFOLLOW
	if !is {
		how = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	}
	file, err := os.OpenFile(path, how, 0o644)
	if err != nil {
		return nil, fmt.Errorf("marking the folder: %w", err)
	}
	// Where files cannot be locked, who simulates twice at once has to see to it.
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		_ = file.Close()
		return nil, fmt.Errorf("%s: another simulation writes to this folder; give another one", path)
	}
	return file, nil
}
