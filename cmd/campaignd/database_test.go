package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/cmd/internal/pglocal"
)

// TestALocalServerThatCannotStartYet: what passes by itself keeps no process without tables for ever; what does not is told.
func TestALocalServerThatCannotStartYet(t *testing.T) {
	missing := &pglocal.UnavailableError{Reason: "there is none", Remedy: "install it"}
	for name, c := range map[string]struct {
		starts []error
		want   error
	}{
		"at once":                             {[]error{nil}, nil},
		"when another process has ended":      {[]error{fmt.Errorf("starting: %w", pglocal.ErrFolderInUse), nil}, nil},
		"when it has recovered":               {[]error{errors.New("no answer"), errors.New("no answer"), nil}, nil},
		"never: this machine has no Postgres": {[]error{fmt.Errorf("starting: %w", missing)}, missing},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDatabase("", t.TempDir(), zerolog.Nop())
			d.pause = 1
			tries := 0
			d.begin = func(context.Context, pglocal.Options) (localServer, error) {
				tries++
				if err := c.starts[tries-1]; err != nil {
					return nil, err
				}
				return &pglocal.Server{}, nil
			}
			_, err := d.url(t.Context())
			if !errors.Is(err, c.want) || tries != len(c.starts) {
				t.Errorf("%d tries: %v", tries, err)
			}
		})
	}
}

// TestALocalServerThatIsInterrupted: that it did not start is no fault then, and nothing is said of it.
func TestALocalServerThatIsInterrupted(t *testing.T) {
	for tries := range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		var log strings.Builder
		d := newDatabase("", t.TempDir(), zerolog.New(&log))
		d.pause = 1
		d.begin = func(context.Context, pglocal.Options) (localServer, error) {
			if tries--; tries < 0 {
				cancel()
				return nil, fmt.Errorf("running initdb: %w", context.Canceled)
			}
			return nil, errors.New("no answer")
		}
		if _, err := d.url(ctx); !errors.Is(err, context.Canceled) || strings.Contains(log.String(), "initdb") {
			t.Errorf("%v, and it says %s", err, log.String())
		}
	}
}

// stopping is a server that runs until it is stopped.
type stopping struct {
	done    chan struct{}
	stopped bool
}

func (s *stopping) URL() string           { return "" }
func (s *stopping) Done() <-chan struct{} { return s.done }
func (s *stopping) Err() error            { return nil }

func (s *stopping) Stop(context.Context) error {
	s.stopped = true
	close(s.done)
	return nil
}

// TestAServerThatComesUpAtTheEnd: the process ends while a server is being started, which then belongs to nobody.
func TestAServerThatComesUpAtTheEnd(t *testing.T) {
	d := newDatabase("", t.TempDir(), zerolog.Nop())
	d.pause = 1
	late := &stopping{done: make(chan struct{})}
	d.begin = func(context.Context, pglocal.Options) (localServer, error) {
		if err := d.end(); err != nil {
			t.Error(err)
		}
		return late, nil
	}
	if _, err := d.restart(t.Context(), nil); !errors.Is(err, errEnded) {
		t.Errorf("it goes on: %v", err)
	}
	if !late.stopped {
		t.Error("the server is left running")
	}
}

// TestTheEndIsNoFailure: the process ends by itself, so that nothing has told keep to end.
func TestTheEndIsNoFailure(t *testing.T) {
	d := newDatabase("", t.TempDir(), zerolog.Nop())
	d.pause = 1
	starts := 0
	d.begin = func(context.Context, pglocal.Options) (localServer, error) {
		starts++
		return &stopping{done: make(chan struct{})}, nil
	}
	if _, err := d.url(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept := make(chan error)
	go func() { kept <- d.keep(t.Context()) }()
	if err := d.end(); err != nil {
		t.Error(err)
	}
	if err := <-kept; err != nil || starts != 1 {
		t.Errorf("%d starts: %v", starts, err)
	}
}
