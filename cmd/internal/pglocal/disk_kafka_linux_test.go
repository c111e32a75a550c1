//go:build kafka

package pglocal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk: what cannot be made leaves nothing, what is there stays whole, and the reason is told.
func TestFullDisk(t *testing.T) {
	dataDir := dataFolder(t)
	switch err := syscall.Mount("tmpfs", dataDir, "tmpfs", 0, "size=100m,mode=755"); {
	case errors.Is(err, syscall.EPERM): // a user, or root in a container
		t.Logf("NOT CHECKED: a small disk cannot be had here: %v", err)
		return
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dataDir, 0); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(dataDir, "filler")
	fill := func(leave int) {
		t.Helper()
		file, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		block := make([]byte, 1<<20)
		for err == nil {
			_, err = file.Write(block)
		}
		info, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(file.Truncate(info.Size()-int64(leave)<<20), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	refused := func() {
		t.Helper()
		if _, err := Start(t.Context(), options(t, dataDir)); err == nil || !strings.Contains(err.Error(), "No space left") {
			t.Errorf("on a full disk: %v", err)
		}
	}
	fill(10)
	refused()
	if left, _ := filepath.Glob(filepath.Join(dataDir, folderName+"*")); len(left) != 1 || !strings.HasSuffix(left[0], ".lock") {
		t.Errorf("left: %q", left)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	s := started(t, dataDir)
	ask(t, s, "CREATE TABLE kept AS SELECT 7 AS n")
	stopped(t, s)
	fill(0)
	refused()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	s = started(t, dataDir)
	if got := ask(t, s, "SELECT n FROM kept"); got != "7" {
		t.Errorf("kept %q", got)
	}
	stopped(t, s)
}
