package main

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/cmd/internal/pglocal"
)

// database is where the tables are: at the address that was given, or in a local server in the data folder.
type database struct {
	given   string
	dataDir string
	log     zerolog.Logger

	started chan struct{} // closed when the first server runs
	mu      sync.Mutex
	server  *pglocal.Server
}

func newDatabase(given, dataDir string, log zerolog.Logger) *database {
	return &database{given: given, dataDir: dataDir, log: log, started: make(chan struct{})}
}

// restartPause is waited before a local server that has ended by itself is started again.
const restartPause = 2 * time.Second

// url returns the address, and starts the local server for it. Error: there is no server, or none can be started.
func (d *database) url(ctx context.Context) (string, error) {
	if d.given != "" {
		return d.given, nil
	}
	server, err := d.start(ctx)
	if err != nil {
		return "", err
	}
	close(d.started)
	return server.URL(), nil
}

func (d *database) start(ctx context.Context) (*pglocal.Server, error) {
	server, err := pglocal.Start(ctx, pglocal.Options{DataDir: d.dataDir, Log: d.log})
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.server = server
	d.mu.Unlock()
	return server, nil
}

// keep starts a local server again that has ended by itself, until ctx ends. The address stays.
func (d *database) keep(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.started:
	}
	for {
		server := d.running()
		select {
		case <-ctx.Done():
			return nil
		case <-server.Done():
			d.log.Error().Err(server.Err()).Msg("the local Postgres has ended by itself, and is started again")
		}
		if err := d.stop(); err != nil {
			d.log.Error().Err(err).Msg("the local Postgres leaves something behind")
		}
		if !d.restart(ctx) {
			return nil
		}
	}
}

// restart starts the server again, however often it takes; false when ctx has ended.
func (d *database) restart(ctx context.Context) bool {
	for {
		timer := time.NewTimer(restartPause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		_, err := d.start(ctx)
		if err == nil {
			return true
		}
		d.log.Error().Err(err).Msg("the local Postgres cannot be started, and is tried again")
	}
}

func (d *database) running() *pglocal.Server {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.server
}

// databaseStopMax bounds the end of the local server, which comes after that of all that writes to it.
const databaseStopMax = 4 * time.Second

// stop ends the local server, if one runs.
func (d *database) stop() error {
	d.mu.Lock()
	server := d.server
	d.server = nil
	d.mu.Unlock()
	if server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), databaseStopMax)
	defer cancel()
	return server.Stop(ctx)
}
