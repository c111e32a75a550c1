package pglocal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	folderName = "postgres"
	makingName = folderName + ".making-"
	makeMax    = 2 * time.Minute
)

// madeBy returns the major version that made a folder; "" for a folder that is not there.
func madeBy(folder string) (string, error) {
	content, err := os.ReadFile(filepath.Join(folder, "PG_VERSION"))
	if err == nil {
		return strings.TrimSpace(string(content)), nil
	}
	if _, gone := os.Lstat(folder); errors.Is(gone, fs.ErrNotExist) {
		return "", nil
	}
	return "", fmt.Errorf("%s is there, and holds no Postgres: move it away (%w)", folder, err)
}

// makeFolder makes a database's folder beside its place and then moves it there, so that it is whole or not there, whenever
// the process is killed.
func makeFolder(ctx context.Context, folder string, who account, at installation) (err error) {
	parent := filepath.Dir(folder)
	making, err := os.MkdirTemp(parent, makingName)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(making))
		}
	}()
	if who.stepDown {
		if err := os.Lchown(making, int(who.uid), int(who.gid)); err != nil {
			return err
		}
	}
	if err := fill(ctx, making, who, at); err != nil {
		return err
	}
	if err := os.Rename(making, folder); err != nil {
		return err
	}
	return syncFolder(parent)
}

// fill runs initdb, which also sees to it that all is on the disk.
func fill(ctx context.Context, folder string, who account, at installation) error {
	ctx, cancel := context.WithTimeoutCause(ctx, makeMax, fmt.Errorf("it takes longer than %s", makeMax))
	defer cancel()
	cmd := exec.Command(filepath.Join(at.folder, "initdb"), initArguments(folder)...)
	cmd.Env, cmd.Dir, cmd.SysProcAttr = environment(), "/", attributes(who)
	said := &serverLog{} // in memory only
	c, err := launch(cmd, syscall.SIGKILL, said)
	if err != nil {
		return fmt.Errorf("starting initdb: %w", err)
	}
	select {
	case <-c.done:
		c.awaitOutput()
	case <-ctx.Done():
		_ = syscall.Kill(-c.process.Pid, syscall.SIGKILL) // with what it has started; it has a group of its own
		<-c.done
		c.awaitOutput() // until they are gone, too, and write no more
		return fmt.Errorf("running initdb: %w", context.Cause(ctx))
	}
	if !c.state.Success() {
		return fmt.Errorf("running initdb: %s; it said last:\n%s", c.state, said.Tail())
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// removeUnfinished removes what killed processes have left half made. That one of theirs is still writing there is
// possible for a moment; the next start removes that.
func removeUnfinished(dataDir string) {
	left, _ := filepath.Glob(filepath.Join(escapeGlob(dataDir), makingName+"*"))
	for _, folder := range left {
		_ = os.RemoveAll(folder)
	}
}

// escapeGlob makes a path a pattern of itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
