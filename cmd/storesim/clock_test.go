package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
)

// TestEndsWithTheEnginesClock: what goes by a clock that is the engine's no more ends, and says so.
func TestEndsWithTheEnginesClock(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"start":"2027-03-28T0%d:00:00.000Z","rate":60,"began_at":"2026-11-27T00:00:00Z"}`, asked.Add(1))
	}))
	defer server.Close()
	by, err := clock.Of(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	untilEnded := func(ctx context.Context) error {
		<-ctx.Done()
		return failed
	}
	err = (&runCommand{Clock: server.URL}).alongside(t.Context(), by, untilEnded)
	if !errors.Is(err, clock.ErrBegunAnew) || !errors.Is(err, failed) {
		t.Errorf("with another clock: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for url, by := range map[string]clock.Clock{"": clock.System(), server.URL: by} {
		if err := (&runCommand{Clock: url}).alongside(ended, by, untilEnded); err != failed { // and nothing else
			t.Errorf("ended by %q: %v", url, err)
		}
	}
}
