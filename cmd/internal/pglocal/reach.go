package pglocal

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
)

// firstClosed prints the first of its arguments that this account cannot pass through or run.
const firstClosed = `for path in "$@"; do [ -x "$path" ] || { printf %s "$path"; exit 3; }; done`

const closedExit = 3

// checkReach looks whether the account gets to the data folder and to the server's programs. It asks as that account, since
// the bits of a mode do not tell all. Errors: UnavailableError.
func checkReach(ctx context.Context, who account, dataDir string, at installation) error {
	if !who.stepDown {
		return nil
	}
	paths := append(onTheWayTo(dataDir), filepath.Join(at.folder, "postgres"), filepath.Join(at.folder, "initdb"))
	ask := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", firstClosed, "sh"}, paths...)...)
	ask.Env, ask.Dir, ask.SysProcAttr = environment(), "/", attributes(who)
	said, err := ask.Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() == closedExit {
		return &UnavailableError{
			fmt.Sprintf("%s is closed to user %s, who runs Postgres for root", said, who.name),
			fmt.Sprintf("chmod o+x %s, or give a --data-dir elsewhere", said),
		}
	}
	if err != nil {
		return fmt.Errorf("looking what user %s may reach: %w", who.name, err)
	}
	return nil
}

// onTheWayTo returns a folder and those above it, the highest first.
func onTheWayTo(folder string) []string {
	if above := filepath.Dir(folder); above != folder {
		return append(onTheWayTo(above), folder)
	}
	return []string{folder}
}
