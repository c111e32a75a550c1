// Package pgtest starts a Postgres server for a test, from the binaries that are installed: on a Unix socket in a folder of
// its own, as a user other than root. Server and folder are gone afterwards, however the test ends.
package pgtest

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// Server is a running server. It is for one test and those below it.
type Server struct {
	folder   string // holds data, the socket and the log
	binaries string
	as       *syscall.Credential // nil: as this process
}

// unprivileged is the user that Debian's package brings along.
const unprivileged = "postgres"

// Start makes an empty cluster and starts its server with further settings, name=value. What is not crash-safe but fast
// may be asked for by "fsync=off".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := &Server{}
	var err error
	if s.binaries, err = findBinaries(); err != nil {
		t.Fatal(err)
	}
	if s.as, err = stepDown(); err != nil {
		t.Fatal(err)
	}
	//nolint:usetesting // t.TempDir may be longer than a socket's path may be, and is not open to another user
	if s.folder, err = os.MkdirTemp("/tmp", "pgtest-"); err != nil {
		t.Fatalf("making a folder for Postgres: %v", err)
	}
	if s.as != nil {
		if err := os.Chown(s.folder, int(s.as.Uid), int(s.as.Gid)); err != nil {
			t.Fatalf("handing the folder to %s: %v", unprivileged, err)
		}
	}
	s.guard(t)
	s.run(t, "initdb", "-D", s.Data(), "--no-sync", "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C")
	s.configure(t, settings)
	s.Up(t)
	return s
}

// guard lets a process of its own end the server and remove the folder, as soon as this process closes its end of a pipe
// or ends in whatever way.
func (s *Server) guard(t testing.TB) {
	script := `cat >/dev/null; "$1/pg_ctl" stop -D "$2/data" -m immediate -w -t 60 >/dev/null 2>&1; rm -rf "$2"`
	guard := s.command("/bin/sh", "-c", script, "guard", s.binaries, s.folder)
	guard.SysProcAttr.Setpgid = true // Ctrl-C does not reach it
	end, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	if err != nil {
		os.RemoveAll(s.folder)
		t.Fatalf("guarding Postgres: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", s.log())
		}
		end.Close()
		if err := guard.Wait(); err != nil {
			t.Errorf("ending Postgres: %v", err)
		}
		os.RemoveAll(s.folder) // the folder itself stands in one that belongs to root
	})
}

func (s *Server) configure(t testing.TB, settings []string) {
	t.Helper()
	lines := slices.Concat([]string{
		"listen_addresses=''", "unix_socket_directories='" + s.folder + "'", "max_connections=50", "shared_buffers='128MB'",
		"max_wal_size='4GB'", "log_min_messages=warning",
	}, settings)
	file, err := os.OpenFile(filepath.Join(s.Data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatalf("configuring Postgres: %v", err)
	}
	defer file.Close()
	for _, line := range lines {
		if _, err := io.WriteString(file, line+"\n"); err != nil {
			t.Fatalf("configuring Postgres: %v", err)
		}
	}
}

// Up starts the server, after Down or Kill, and waits until it answers.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	s.run(t, "pg_ctl", "start", "-D", s.Data(), "-l", filepath.Join(s.folder, "log"), "-w", "-t", "60")
}

// Down stops the server; connections are cut.
func (s *Server) Down(t testing.TB) {
	t.Helper()
	s.run(t, "pg_ctl", "stop", "-D", s.Data(), "-m", "fast", "-w", "-t", "60")
}

// Kill stops the server as a crash does: what was not on the disk is lost.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.run(t, "pg_ctl", "stop", "-D", s.Data(), "-m", "immediate", "-w", "-t", "60")
}

// URL returns where a database of the server is, for a login that needs no password. The superuser is "owner", its
// database "postgres".
func (s *Server) URL(login, database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s", url.PathEscape(login), url.PathEscape(database), url.QueryEscape(s.folder))
}

// Socket returns the path of the server's socket.
func (s *Server) Socket() string { return filepath.Join(s.folder, ".s.PGSQL.5432") }

// Data returns the server's data folder.
func (s *Server) Data() string { return filepath.Join(s.folder, "data") }

func (s *Server) log() string {
	text, err := os.ReadFile(filepath.Join(s.folder, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-8<<10):])
}

func (s *Server) command(name string, arguments ...string) *exec.Cmd {
	c := exec.Command(name, arguments...)
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	return c
}

func (s *Server) run(t testing.TB, name string, arguments ...string) {
	t.Helper()
	c := s.command(filepath.Join(s.binaries, name), arguments...)
	// A file and not a pipe: the server inherits it, and a pipe would be waited for as long as the server lives.
	output, err := os.CreateTemp(t.TempDir(), "output-")
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	c.Stdout, c.Stderr = output, output
	if err := c.Run(); err != nil {
		said, _ := os.ReadFile(output.Name())
		t.Fatalf("running %s: %v\n%s\n%s", name, err, said, s.log())
	}
}

// stepDown returns the user to run the server as where this process is root, which Postgres refuses to run as.
func stepDown() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // no other user
	}
	account, err := user.Lookup(unprivileged)
	if err != nil {
		return nil, fmt.Errorf("looking for a user other than root: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the number of %s: %w", unprivileged, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the group of %s: %w", unprivileged, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// findBinaries looks where Debian's and Homebrew's packages put the server, then in PATH. The newest is taken.
func findBinaries() (string, error) {
	var folders []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin/initdb", "/opt/homebrew/opt/postgresql*/bin/initdb", "/usr/local/opt/postgresql*/bin/initdb",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		folders = append(folders, found...)
	}
	if len(folders) > 0 {
		return filepath.Dir(slices.Max(folders)), nil
	}
	program, err := exec.LookPath("initdb")
	if err != nil {
		return "", fmt.Errorf("looking for a Postgres server: %w: apt-get install -y postgresql", err)
	}
	return filepath.Dir(program), nil
}
