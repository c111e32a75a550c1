//go:build kafka

package pglocal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestServerIsPrivateAndKeepsItsData(t *testing.T) {
	dataDir := dataFolder(t)
	s := started(t, dataDir)
	for setting, want := range map[string]string{
		"listen_addresses": "", "server_encoding": "UTF8", "lc_collate": "C", "data_checksums": "on", "fsync": "on",
		"synchronous_commit": "on", "unix_socket_directories": s.folder, "TimeZone": "UTC",
	} {
		sql := "SELECT current_setting('" + setting + "')"
		if setting == "lc_collate" { // no setting any more in newer versions
			sql = "SELECT datcollate FROM pg_database WHERE datname = current_database()"
		}
		if got := ask(t, s, sql); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	info, err := os.Stat(s.socket)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's folder has the mode %v, %v", info.Mode(), err)
	}
	proc, err := os.Stat(fmt.Sprintf("/proc/%d", s.child.process.Pid))
	if err == nil && proc.Sys().(*syscall.Stat_t).Uid == 0 {
		t.Error("the server runs as root")
	}
	ask(t, s, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
	stopped(t, s)
	if s.Err() != nil {
		t.Errorf("after a stop: %v", s.Err())
	}
	if _, err := os.Stat(postmasterFile(s.folder)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was not stopped cleanly: %v", err)
	}
	if got := ask(t, started(t, dataDir), "SELECT n FROM kept"); got != "7" {
		t.Errorf("kept %q", got)
	}
}

func TestStopIsBoundedByItsContext(t *testing.T) {
	s := started(t, dataFolder(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
	select {
	case <-s.Done():
	default:
		t.Error("the server runs after Stop")
	}
}

func TestOneProcessPerFolder(t *testing.T) {
	dataDir := dataFolder(t)
	started(t, dataDir)
	_, err := Start(t.Context(), options(t, dataDir))
	if !errors.Is(err, ErrFolderInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("the second: %v", err)
	}
}

func TestFolderOfAnotherVersion(t *testing.T) {
	dataDir := dataFolder(t)
	stopped(t, started(t, dataDir))
	file := filepath.Join(dataDir, folderName, "PG_VERSION")
	if err := os.WriteFile(file, []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), options(t, dataDir))
	var version *VersionError
	if !errors.As(err, &version) || version.Made != "9" || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestLongFolderGetsAShortSocket(t *testing.T) {
	for _, name := range []string{strings.Repeat("long-", 20), `with "quotes", a comma, 100 % & more?`, "with a space+plus"} {
		dataDir := filepath.Join(dataFolder(t), name)
		s := started(t, dataDir)
		if got := ask(t, s, "SELECT 1"); got != "1" {
			t.Errorf("%s: answered %q", name, got)
		}
		if _, private := socketFolder(s.folder); private != s.private || private == strings.Contains(name, "space") {
			t.Errorf("%s: the socket is in %s", name, s.socket)
		}
		stopped(t, s)
		if _, err := os.Stat(s.socket); s.private && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", s.socket, err)
		}
	}
}

func TestRootSaysWhatIsClosed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root steps down")
	}
	dataDir := dataFolder(t)
	if err := os.Chmod(dataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), options(t, filepath.Join(dataDir, "data")))
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || !strings.Contains(unavailable.Error(), "chmod o+x "+dataDir+",") {
		t.Errorf("%v", err)
	}
}

// TestFullDisk: what cannot be made leaves nothing, what is there stays whole, and the reason is told.
func TestFullDisk(t *testing.T) {
	dataDir := dataFolder(t)
	if err := syscall.Mount("tmpfs", dataDir, "tmpfs", 0, "size=100m,mode=755"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
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
