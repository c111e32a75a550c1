package main

import (
	"context"
	"errors"
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
	// begin starts a local server; pause is waited before it is tried again.
	begin func(context.Context, pglocal.Options) (localServer, error)
	pause time.Duration

	once    sync.Once
	address string        // of the server, once it was looked for
	reason  error         // why there is none
	started chan struct{} // closed when the first server runs
	mu      sync.Mutex
	server  localServer
	ended   bool // no server may be left running any more
}

// localServer is a *pglocal.Server.
type localServer interface {
	URL() string
	Done() <-chan struct{}
	Err() error
	Stop(context.Context) error
}

func beginLocal(ctx context.Context, options pglocal.Options) (localServer, error) {
	server, err := pglocal.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	return server, nil
}

func newDatabase(given, dataDir string, log zerolog.Logger) *database {
	return &database{
		given: given, dataDir: dataDir, log: log, begin: beginLocal, pause: restartPause, started: make(chan struct{}),
	}
}

// restartPause is waited before a local server that has ended by itself is started again, doubled at each try up to
// restartPauseMax.
const (
	restartPause    = 2 * time.Second
	restartPauseMax = 30 * time.Second
)

// url returns the address, and starts the local server for it, however often it takes: an earlier process may still have the
// folder, a recovery take long, a disk be full. Error: this machine has no server for it, or ctx has ended. Whoever asks while
// it starts waits; there is one server for all.
func (d *database) url(ctx context.Context) (string, error) {
	d.once.Do(func() { d.address, d.reason = d.find(ctx) })
	return d.address, d.reason
}

func (d *database) find(ctx context.Context) (string, error) {
	if d.given != "" {
		return d.given, nil
	}
	server, err := d.start(ctx)
	if err == nil {
		close(d.started)
		return server.URL(), nil
	}
	if hopeless(err) {
		return "", err
	}
	if ctx.Err() != nil { // the end has come, and is why
		return "", context.Cause(ctx)
	}
	d.failed(err, nil)
	if server, err = d.restart(ctx, err); err != nil {
		return "", err
	}
	close(d.started)
	return server.URL(), nil
}

// hopeless says that somebody has to install something before a local server can start.
func hopeless(err error) bool {
	var unavailable *pglocal.UnavailableError
	var version *pglocal.VersionError
	return errors.As(err, &unavailable) || errors.As(err, &version)
}

// errEnded says that a server came up when the end had come.
var errEnded = errors.New("the process is ending")

func (d *database) start(ctx context.Context) (localServer, error) {
	server, err := d.begin(ctx, pglocal.Options{DataDir: d.dataDir, Log: d.log})
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return nil, errors.Join(errEnded, stopServer(server))
	}
	d.server = server
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
		if server == nil {
			return nil // end was called
		}
		select {
		case <-ctx.Done():
			return nil
		case <-server.Done():
			if d.running() == nil {
				return nil
			}
			d.log.Error().Err(server.Err()).Msg("the local Postgres has ended by itself, and is started again")
		}
		if err := d.stop(); err != nil {
			d.log.Error().Err(err).Msg("the local Postgres leaves something behind")
		}
		if _, err := d.restart(ctx, nil); err != nil {
			return nil //nolint:nilerr // the end has come
		}
	}
}

// failed tells why the server could not be started, the same again and again once.
func (d *database) failed(err, last error) {
	if last == nil || err.Error() != last.Error() {
		d.log.Error().Err(err).Msg("the local Postgres cannot be started, and is tried again")
	}
}

// restart starts the server again, however often it takes. last is what was told already, or nil. Error: ctx has ended, or end
// was called.
func (d *database) restart(ctx context.Context, last error) (localServer, error) {
	for pause := d.pause; ; pause = min(2*pause, restartPauseMax) {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		case <-timer.C:
		}
		server, err := d.start(ctx)
		if err == nil || errors.Is(err, errEnded) {
			return server, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		d.failed(err, last)
		last = err
	}
}

func (d *database) running() localServer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.server
}

// databaseStopMax bounds the end of the local server, which comes after that of all that writes to it.
const databaseStopMax = 4 * time.Second

// end ends the local server, and sees to it that none is left running: one may be about to start.
func (d *database) end() error {
	d.mu.Lock()
	d.ended = true
	d.mu.Unlock()
	return d.stop()
}

// stop ends the local server, if one runs.
func (d *database) stop() error {
	d.mu.Lock()
	server := d.server
	d.server = nil
	d.mu.Unlock()
	if server == nil {
		return nil
	}
	return stopServer(server)
}

func stopServer(server localServer) error {
	ctx, cancel := context.WithTimeout(context.Background(), databaseStopMax)
	defer cancel()
	return server.Stop(ctx)
}
