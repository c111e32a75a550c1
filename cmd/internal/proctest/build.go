package proctest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const buildMax = 10 * time.Minute

// Build builds a Go command of this module, given by its import path, with further flags of go build (-race, -tags),
// and returns the path of an executable that lasts as long as the test. The result is kept in the user's cache folder,
// one per work tree, package and flags: go build sees that it is up to date and links only after a change.
func Build(t TB, pkg string, flags ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), buildMax)
	defer cancel()
	path, err := build(ctx, pkg, flags, Folder(t, "bin"))
	if err != nil {
		t.Fatalf("building %s: %v", pkg, err)
	}
	return path
}

func build(ctx context.Context, pkg string, flags []string, into string) (string, error) {
	kept, err := keptPath(ctx, pkg, flags)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", err
	}
	unlock, err := Lock(ctx, kept+".lock")
	if err != nil {
		return "", err
	}
	args := append([]string{"build", "-buildvcs=false", "-o", kept}, flags...)
	_, err = goTool(ctx, append(args, pkg)...)
	path := filepath.Join(into, filepath.Base(kept))
	if err == nil { // a copy: the next build of a changed work tree replaces the kept one while this test still starts it
		err = linkOrCopy(kept, path)
	}
	return path, errors.Join(err, unlock())
}

// keptPath names the executable after all that its content depends on, sources and toolchain apart.
func keptPath(ctx context.Context, pkg string, flags []string) (string, error) {
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	module, err := goTool(ctx, "env", "GOMOD")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(strings.Join(append([]string{module, pkg}, flags...), "\x00")))
	return filepath.Join(caches, "campaign-engine", "bin", hex.EncodeToString(sum[:8]), filepath.Base(pkg)), nil
}

func goTool(ctx context.Context, args ...string) (string, error) {
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running go %s: %w\n%s", args[0], err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// linkOrCopy links where it can: the two folders may lie on different file systems.
func linkOrCopy(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
