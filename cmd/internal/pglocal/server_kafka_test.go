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
	s := started(t, madeFolder(t))
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
	dataDir := madeFolder(t)
	started(t, dataDir)
	_, err := Start(t.Context(), options(t, dataDir))
	if !errors.Is(err, ErrFolderInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("the second: %v", err)
	}
}

func TestFolderOfAnotherVersion(t *testing.T) {
	dataDir := madeFolder(t)
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
		if err := os.Rename(madeFolder(t), dataDir); err != nil {
			t.Fatal(err)
		}
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

// TestClosedFolder: root's server is another account's and does not get through; a user's own does.
func TestClosedFolder(t *testing.T) {
	dataDir := dataFolder(t)
	if err := os.Chmod(dataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		started(t, filepath.Join(dataDir, "data"))
		return
	}
	_, err := Start(t.Context(), options(t, filepath.Join(dataDir, "data")))
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || !strings.Contains(unavailable.Error(), "chmod o+x "+dataDir+",") {
		t.Errorf("%v", err)
	}
}

// TestRunningServerIsFound: by another process that only knows the data folder, and not after its end.
func TestRunningServerIsFound(t *testing.T) {
	for _, name := range []string{"data", strings.Repeat("long-", 20)} {
		dataDir := filepath.Join(dataFolder(t), name)
		if err := os.Rename(madeFolder(t), dataDir); err != nil {
			t.Fatal(err)
		}
		s := started(t, dataDir)
		if url, err := Running(dataDir); err != nil || url != s.URL() {
			t.Errorf("%s: %q, %v; want %q", name, url, err, s.URL())
		}
		stopped(t, s)
		if url, err := Running(dataDir); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s: after its end: %q, %v", name, url, err)
		}
	}
}
