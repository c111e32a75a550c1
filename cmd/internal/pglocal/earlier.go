package pglocal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// What a process whose number stands in postmaster.pid is, seen from outside. Numbers are used again, so the file proves
// nothing; and to take a server that runs for one that does not would ruin the data. So Postgres's lock files stay, and
// Postgres itself judges them: it also sees sessions that outlive their server. All that it is told is the number that it
// would take for a server's although it is not (passVariable).
type verdict int

const (
	gone    verdict = iota // there is no such process; Postgres sees that, too
	alien                  // the number is another program's by now, or that of one that has ended and was not fetched
	serving                // a server that serves this folder
	unclear                // a Postgres, perhaps of this folder
)

// passVariable names a process to Postgres that is no server, though its number stands in a lock file. It is what pg_ctl
// tells of itself.
const passVariable = "PG_GRANDPARENT_PID"

const lookInterval = 20 * time.Millisecond

// sighting is what can be seen of a process.
type sighting struct {
	exists   bool
	ended    bool // but its parent has not fetched it
	postgres bool // by the name of its program
	inFolder bool // its working folder is the database's, as a server's is
	named    bool // its command line names the folder
	hidden   bool // its working folder cannot be seen
}

func (s sighting) judge() verdict {
	switch {
	case !s.exists:
		return gone
	case s.ended || !s.postgres:
		return alien
	case s.inFolder || s.named:
		return serving
	case s.hidden:
		return unclear
	}
	return alien
}

// readCommand says whether a command line is a server's of this folder, and whether it is one of Postgres's at all.
func readCommand(words []string, folder string) (postgres, named bool) {
	if len(words) == 0 {
		return false, false
	}
	program, _, _ := strings.Cut(filepath.Base(words[0]), ":") // sessions are called "postgres: user database ..."
	postgres = program == "postgres" || program == "postmaster"
	for i, word := range words {
		if word == "-D"+folder || word == "-D" && i+1 < len(words) && words[i+1] == folder {
			named = true
		}
	}
	return postgres, named
}

// endEarlier ends a server that an earlier process left in the folder. It returns the number that Postgres is to pass over;
// 0 for none.
func endEarlier(ctx context.Context, folder string, log zerolog.Logger) (pass int, err error) {
	pid, err := readPostmaster(folder)
	if err != nil || pid == 0 {
		return 0, err
	}
	process, err := os.FindProcess(pid) // from now on the number is held, where the system can do so
	if err != nil {
		return 0, fmt.Errorf("looking for process %d: %w", pid, err)
	}
	defer process.Release() //nolint:errcheck // it holds nothing that matters
	switch look(pid, folder).judge() {
	case alien:
		return pid, nil
	case unclear:
		return 0, fmt.Errorf("process %d may be a Postgres that serves %s, and cannot be looked at: end it", pid, folder)
	case serving:
		log.Warn().Int("process", pid).Str("folder", folder).
			Msg("a Postgres of an earlier campaignd still runs in the data folder: it is stopped, and started anew")
		return 0, endProcess(ctx, process, folder)
	}
	return 0, nil
}

// endProcess goes down the ladder until the process serves the folder no more.
func endProcess(ctx context.Context, process *os.Process, folder string) error {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for _, s := range ladder {
		if err := process.Signal(s.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stopping process %d, which serves %s: %w", process.Pid, folder, err)
		}
		timer := time.NewTimer(s.max)
		for waiting := true; waiting; {
			if look(process.Pid, folder).judge() != serving {
				timer.Stop()
				return nil
			}
			select {
			case <-ticker.C:
			case <-timer.C:
				waiting = false
			case <-ctx.Done():
				timer.Stop()
				return context.Cause(ctx)
			}
		}
	}
	return fmt.Errorf("process %d serves %s and does not end: end it", process.Pid, folder)
}

// readPostmaster returns the number in a folder's postmaster.pid; 0 when there is none, or none that can be read, of which
// Postgres itself then says what to do.
func readPostmaster(folder string) (pid int, err error) {
	file, err := os.Open(postmasterFile(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Scan()
	number, err := strconv.Atoi(strings.TrimSpace(lines.Text()))
	if err != nil {
		return 0, nil //nolint:nilerr // see above
	}
	return max(number, -number), nil // that of a server without sessions is negative
}
