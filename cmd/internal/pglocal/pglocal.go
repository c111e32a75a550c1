package pglocal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/cmd/internal/lockfile"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

const (
	startMax      = time.Minute // the recovery from a kill included
	pingMax       = 2 * time.Second
	pingInterval  = 20 * time.Millisecond
	againInterval = 100 * time.Millisecond
)

// Options say where the server lives.
type Options struct {
	// DataDir is the engine's data folder; the database is kept in DataDir/postgres.
	DataDir string
	Log     zerolog.Logger
}

// Server is a running server. Its methods may be called from any goroutine.
type Server struct {
	folder, socket string
	private        bool // the socket's folder is its own
	who            account
	at             installation
	log            zerolog.Logger
	said           *serverLog
	release        func() error

	child *child
	done  chan struct{}

	stop    sync.Once
	stopErr error

	mu       sync.Mutex
	stopping bool
	err      error
}

// Start runs a server on what an earlier one left in the folder, or in a new one, and returns when it answers. The context is
// for the start alone; the caller calls Stop in any case. The folder belongs to this process until then.
//
// Errors: UnavailableError (nothing was begun), ErrFolderInUse, VersionError; others hold the last lines of the server's log.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	dataDir, err := filepath.Abs(o.DataDir)
	if err != nil {
		return nil, fmt.Errorf("starting the local Postgres: %w", err)
	}
	s := &Server{folder: filepath.Join(dataDir, folderName), log: o.Log, done: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("starting the local Postgres: %w", err), s.letGo())
		}
	}()
	if err := s.prepare(ctx, dataDir); err != nil {
		return nil, err
	}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	go s.watch()
	s.log.Info().Str("kept_in", s.folder).Str("version", s.at.major).Str("user", s.who.name).
		Msg("local Postgres is up: for a laptop and for tests, not for production")
	return s, nil
}

// prepare does all that comes before the server: it chooses who runs what, takes the folder, and makes it.
func (s *Server) prepare(ctx context.Context, dataDir string) error {
	installed := installations(ctx)
	if len(installed) == 0 {
		_, err := choose(nil, "", s.folder)
		return err
	}
	if err := os.MkdirAll(dataDir, 0o755); err != nil {
		return err
	}
	release, err := lockfile.Take(filepath.Join(dataDir, "postgres.lock"))
	if err != nil {
		return err
	}
	s.release = release
	owner, err := ownerOf(s.folder)
	if err != nil {
		return err
	}
	if s.who, err = thisMachine().decide(owner, s.folder); err != nil {
		return err
	}
	made, err := madeBy(s.folder)
	if err != nil {
		return err
	}
	if s.at, err = choose(installed, made, s.folder); err != nil {
		return err
	}
	if err := checkReach(ctx, s.who, dataDir, s.at); err != nil {
		return err
	}
	removeUnfinished(dataDir)
	if made == "" {
		if err := makeFolder(ctx, s.folder, s.who, s.at); err != nil {
			return fmt.Errorf("making %s: %w", s.folder, err)
		}
	}
	s.said, err = openLog(filepath.Join(dataDir, "postgres.log"), logMaxBytes)
	return err
}

// run starts the server until it answers. An earlier one may still be about to end, or its sessions.
func (s *Server) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startMax, fmt.Errorf("it does not answer within %s", startMax))
	defer cancel()
	socket, private := socketFolder(s.folder)
	if private {
		if err := makePrivate(socket, s.who); err != nil {
			return err
		}
	}
	s.socket, s.private = socket, private // what is not ours is not removed
	for {
		pass, err := endEarlier(ctx, s.folder, s.log)
		if err != nil {
			return err
		}
		err = s.try(ctx, pass)
		if err == nil {
			return nil
		}
		tail := s.said.Tail()
		if ctx.Err() != nil || !held(tail) {
			return withLog(err, s.said.path, tail)
		}
		timer := time.NewTimer(againInterval)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return withLog(context.Cause(ctx), s.said.path, tail)
		}
	}
}

// held says whether a server ended because there is still something of another one.
func held(tail string) bool {
	return strings.Contains(tail, "pre-existing shared memory block") || strings.Contains(tail, `"postmaster.pid" already exists`)
}

// try starts the server once, and awaits its answer; if there is none, the server has ended when try returns.
func (s *Server) try(ctx context.Context, pass int) (err error) {
	s.said.mark()
	cmd := exec.Command(filepath.Join(s.at.folder, "postgres"), serverArguments(s.folder, s.socket)...)
	cmd.Env, cmd.Dir, cmd.SysProcAttr = environment(), "/", attributes(s.who)
	if pass != 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", passVariable, pass))
	}
	if s.child, err = launch(cmd, syscall.SIGINT, s.said); err != nil {
		return fmt.Errorf("running %s as user %s: %w", cmd.Path, s.who.name, err)
	}
	if err := s.awaitAnswer(ctx); err != nil {
		_, ending := s.child.end(context.WithoutCancel(ctx))
		s.child.awaitOutput()
		return errors.Join(err, ending)
	}
	return nil
}

// awaitAnswer asks until the server answers, or has ended.
func (s *Server) awaitAnswer(ctx context.Context) error {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		asking, cancel := context.WithTimeout(ctx, pingMax)
		err := pgstore.Ping(asking, s.URL())
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-s.child.done:
			return fmt.Errorf("%w (%s)", errEnded, s.child.state)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// watch tells when the server has ended.
func (s *Server) watch() {
	<-s.child.done
	s.child.awaitOutput()
	s.mu.Lock()
	if !s.stopping {
		s.err = withLog(fmt.Errorf("%w (%s)", errEnded, s.child.state), s.said.path, s.said.Tail())
	}
	s.mu.Unlock()
	close(s.done)
}

// URL returns how the server is reached: over a socket that only the account of its owner, and root, may use. It holds no
// password.
func (s *Server) URL() string { return urlOf(s.socket) }

// Done is closed when the server has ended.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err says why the server ended, with the last lines of its log; nil while it runs, and when it was stopped.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Stop ends the server, and gives the folder free. It takes up to 7 s; at most 3 s once the context has ended, which then
// leaves it to the next start to recover. It is no error when the server had ended before.
func (s *Server) Stop(ctx context.Context) error {
	s.stop.Do(func() {
		s.mu.Lock()
		s.stopping = true
		s.mu.Unlock()
		hard, err := s.child.end(ctx)
		if err == nil {
			<-s.done
			if hard {
				s.log.Warn().Msg("the local Postgres had no time to end cleanly; nothing is lost, its next start recovers")
			}
		}
		if err = errors.Join(err, s.letGo()); err != nil {
			s.stopErr = fmt.Errorf("stopping the local Postgres: %w", err)
		}
	})
	return s.stopErr
}

// letGo gives back all but the server.
func (s *Server) letGo() error {
	var errs []error
	if s.private {
		errs = append(errs, os.RemoveAll(s.socket))
	}
	if s.said != nil {
		errs = append(errs, s.said.Close())
	}
	if s.release != nil {
		errs = append(errs, s.release())
	}
	return errors.Join(errs...)
}
