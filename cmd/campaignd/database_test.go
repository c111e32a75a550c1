package main

import (
	"context"
	"errors"
	"fmt"
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
			d.begin = func(context.Context, pglocal.Options) (*pglocal.Server, error) {
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
