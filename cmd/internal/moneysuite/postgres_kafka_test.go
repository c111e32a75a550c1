//go:build kafka

package moneysuite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/cmd/internal/pglocal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

// postgres is a server that is killed and started again on what it has left.
type postgres struct {
	folder string
	server *pglocal.Server
}

func startPostgres(t *testing.T) *postgres {
	t.Helper()
	p := &postgres{folder: proctest.Folder(t, "pg")}
	if err := os.Chmod(p.folder, 0o755); err != nil { // whoever the server runs as gets through
		t.Fatal(err)
	}
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.server.Stop(context.Background()); err != nil {
			t.Errorf("%v", err)
		}
	})
	return p
}

func (p *postgres) start() (err error) {
	p.server, err = pglocal.Start(context.Background(), pglocal.Options{DataDir: p.folder, Log: zerolog.Nop()})
	return err
}

// kill ends the server with SIGKILL, and starts it again.
func (p *postgres) kill() error {
	pid, err := p.pid()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing Postgres: %w", err)
	}
	<-p.server.Done()
	return errors.Join(p.server.Stop(context.Background()), p.start())
}

// pid reads the first line of the server's note of itself.
func (p *postgres) pid() (int, error) {
	note, err := os.ReadFile(filepath.Join(p.folder, "postgres", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(note), "\n")
	return strconv.Atoi(first)
}

func (p *postgres) url() string { return p.server.URL() }

// socket returns where the server listens, and through returns its URL by way of a socket in another folder.
func (p *postgres) socket() (string, error) {
	address, err := url.Parse(p.url())
	if err != nil {
		return "", err
	}
	return filepath.Join(address.Query().Get("host"), socketName), nil
}

func (p *postgres) through(folder string) (string, error) {
	address, err := url.Parse(p.url())
	if err != nil {
		return "", err
	}
	query := address.Query()
	query.Set("host", folder)
	address.RawQuery = query.Encode()
	return address.String(), nil
}

// socketName is what Postgres calls the socket of its usual port.
const socketName = ".s.PGSQL.5432"
