package pglocal

import (
	"errors"
	"fmt"

	"github.com/rmn-arms/campaign-engine/cmd/internal/lockfile"
)

// ErrFolderInUse says that another process keeps its Postgres in the data folder.
var ErrFolderInUse = lockfile.ErrTaken

// UnavailableError says that this machine, as it is, runs no Postgres server in the data folder: nothing was begun, and a
// program can do without. Its text is one line that ends with what to do.
type UnavailableError struct {
	Reason string
	Remedy string // mostly a command
}

// Error implements error.
func (u *UnavailableError) Error() string { return u.Reason + ": " + u.Remedy }

// VersionError says that the folder was made by a major version of Postgres that is not installed.
type VersionError struct {
	Folder    string
	Made      string // the major version that made it
	Installed []string
}

// Error implements error.
func (v *VersionError) Error() string {
	return fmt.Sprintf("%s was made by Postgres %s, and installed are %s: install that one, too (%s), "+
		"or move the folder away: a new one is filled again from the topics",
		v.Folder, v.Made, list(v.Installed), installCommand(v.Made))
}

// errEnded says that the server ended by itself.
var errEnded = errors.New("the local Postgres ended by itself")

// withLog adds the end of the server's log to an error.
func withLog(err error, path, tail string) error {
	if tail == "" {
		return err
	}
	return fmt.Errorf("%w; the end of %s:\n%s", err, path, tail)
}
