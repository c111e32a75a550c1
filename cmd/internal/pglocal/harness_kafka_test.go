//go:build kafka

package pglocal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

const (
	victimEnv = "PGLOCAL_VICTIM" // the data folder of a process that is to be killed
	patience  = 2 * time.Minute
)

// TestMain runs the tests, or, when a test started this binary for that, is the program that gets killed.
func TestMain(m *testing.M) {
	folder := os.Getenv(victimEnv)
	if folder == "" {
		os.Exit(all(m))
	}
	if _, err := Start(context.Background(), Options{DataDir: folder, Log: zerolog.Nop()}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("up")
	select {}
}

// made is a data folder whose database was made and is not running: to make one takes seconds.
var made string

// all makes the folder and runs the tests.
func all(m *testing.M) (code int) {
	err := proctest.Run(os.Stderr, func(tb proctest.TB) {
		made = proctest.Folder(tb, "pg-made")
		if err := os.Chmod(made, 0o755); err != nil {
			tb.Fatalf("%v", err)
		}
		s, err := Start(context.Background(), Options{DataDir: made, Log: zerolog.Nop()})
		if err != nil {
			tb.Fatalf("%v", err)
		}
		if err := s.Stop(context.Background()); err != nil {
			tb.Fatalf("%v", err)
		}
		if err := unsynced(s.folder); err != nil {
			tb.Fatalf("%v", err)
		}
		code = m.Run()
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// unsynced has the servers of a folder leave it to the system when something is on the disk, which lets them end in their time
// beside whatever else writes there. The system does not die here.
func unsynced(folder string) error {
	file, err := os.OpenFile(filepath.Join(folder, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString("fsync = off\n")
	return errors.Join(err, file.Close())
}

// madeFolder returns a data folder with a database of its own.
func madeFolder(t *testing.T) string {
	t.Helper()
	dataDir := dataFolder(t)
	if said, err := exec.Command("cp", "-Rp", filepath.Join(made, folderName), dataDir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return dataDir
}

// dataFolder returns a folder that the account which runs the server can pass through.
func dataFolder(t *testing.T) string {
	t.Helper()
	folder := proctest.Folder(t, "pg")
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

func options(t *testing.T, dataDir string) Options {
	t.Helper()
	return Options{DataDir: dataDir, Log: zerolog.New(zerolog.NewTestWriter(t))}
}

// started returns a server that is stopped when the test ends.
func started(t *testing.T, dataDir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), options(t, dataDir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopped(t, s) })
	return s
}

func stopped(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// ask returns what psql prints.
func ask(t *testing.T, s *Server, sql string) string {
	t.Helper()
	server, err := filepath.EvalSymlinks(filepath.Join(s.at.folder, "postgres")) // in PATH there may be links to some programs only
	if err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command(filepath.Join(filepath.Dir(server), "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", s.URL(), "-c", sql).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", sql, err, said)
	}
	return strings.TrimSpace(string(said))
}

func await(t *testing.T, ctx context.Context, check func() error) { //nolint:revive // the test comes first
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := proctest.Await(ctx, func(context.Context) error { return check() }); err != nil {
		t.Fatal(err)
	}
}

// victim starts a process that runs a server, for being killed.
func victim(t *testing.T, dataDir string) *proctest.Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return proctest.Start(t, proctest.Command{Path: self, Env: []string{victimEnv + "=" + dataDir}, Name: "victim"})
}

func awaitUp(t *testing.T, p *proctest.Process) {
	t.Helper()
	ctx, stop := p.Context(t.Context())
	defer stop()
	await(t, ctx, func() error {
		if !strings.Contains(p.Stdout(), "up") {
			return errors.New("it is not up yet")
		}
		return nil
	})
}

// making returns what is half made in a data folder.
func making(t *testing.T, dataDir string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dataDir, makingName+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func isMaking(t *testing.T, dataDir string) func() error {
	return func() error {
		for _, folder := range making(t, dataDir) {
			if entries, err := os.ReadDir(folder); err == nil && len(entries) > 0 {
				return nil
			}
		}
		return errors.New("nothing is being made")
	}
}
