// Package keys is what stores know of the engine's keys: the public ones, as it serves them.
package keys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
)

// Source returns the JWK set as it is now.
type Source func(context.Context) ([]byte, error)

const (
	setMaxBytes = 64 << 10
	answerMax   = 5 * time.Second
)

// At returns the source at an URL, or, without a scheme, in a file.
func At(place string) Source {
	if !strings.HasPrefix(place, "http://") && !strings.HasPrefix(place, "https://") {
		return func(context.Context) ([]byte, error) { return os.ReadFile(place) }
	}
	client := &http.Client{Timeout: answerMax, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	return func(ctx context.Context) ([]byte, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, place, http.NoBody)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s answers %s", place, response.Status)
		}
		return io.ReadAll(io.LimitReader(response.Body, setMaxBytes))
	}
}

// Set is the keys that are known. It is safe for concurrent use.
type Set struct {
	source Source
	clock  clock.Clock
	every  time.Duration
	note   func(keys []byte, err error)

	mu       sync.Mutex
	verifier *signing.Verifier
	waiting  []func()
	wake     chan struct{}
}

// New returns a set without keys. Its source is asked at most once in every. note is told of each answer.
func New(source Source, c clock.Clock, every time.Duration, note func(keys []byte, err error)) *Set {
	return &Set{source: source, clock: c, every: every, note: note, wake: make(chan struct{}, 1)}
}

// Check looks at the signature of a record's value, "" for none, with the keys that are known now.
func (s *Set) Check(jws string, value []byte) device.Signature {
	if jws == "" {
		return device.Unsigned
	}
	s.mu.Lock()
	verifier := s.verifier
	s.mu.Unlock()
	if verifier == nil {
		return device.UnknownKey
	}
	switch _, err := verifier.Verify(jws, value); {
	case err == nil:
		return ""
	case errors.Is(err, signing.ErrUnknownKey):
		return device.UnknownKey
	default:
		return device.BadSignature
	}
}

// Refresh has the source be asked again, as soon as that is allowed, until it answers, and calls then.
func (s *Set) Refresh(then func()) {
	s.mu.Lock()
	s.waiting = append(s.waiting, then)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run asks the source whenever Refresh wants it, until ctx ends.
func (s *Set) Run(ctx context.Context) {
	for {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		for !s.ask(ctx) {
			if !s.pause(ctx) {
				return
			}
		}
		if !s.pause(ctx) {
			return
		}
	}
}

// ask asks once, for all who wait now; false when there was no answer.
func (s *Set) ask(ctx context.Context) bool {
	s.mu.Lock()
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	text, err := s.source(ctx)
	var verifier *signing.Verifier
	if err == nil {
		verifier, err = signing.ParseVerifier(text)
	}
	s.note(text, err)
	s.mu.Lock()
	if err != nil {
		s.waiting = append(waiting, s.waiting...)
	} else {
		s.verifier = verifier
	}
	s.mu.Unlock()
	if err != nil {
		return false
	}
	for _, then := range waiting {
		then()
	}
	return true
}

func (s *Set) pause(ctx context.Context) bool {
	over := make(chan struct{})
	stop := s.clock.AfterFunc(s.clock.Now().Add(s.every), func() { close(over) })
	defer stop()
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
}
