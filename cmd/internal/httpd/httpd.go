// Package httpd is the engine's HTTP side: /healthz, /readyz, /metrics, and the keys by which commands are verified.
package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Limits of what a client may ask.
const (
	headerMaxBytes = 16 << 10
	readTimeout    = 5 * time.Second
	writeTimeout   = 30 * time.Second
	idleTimeout    = time.Minute
	stopTimeout    = 2 * time.Second
	scrapesMax     = 4 // at once
)

// How long Listen waits for a port that is taken: a predecessor that was just killed may still be going.
const (
	takenMax   = time.Second
	takenPause = 50 * time.Millisecond
)

// ErrPort says that another process listens there.
var ErrPort = errors.New("the port is taken")

// Listen opens the address, which may still be taken for a second. Error: ErrPort, or what the system says.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	ctx, cancel := context.WithTimeout(ctx, takenMax)
	defer cancel()
	return listen(ctx, address, pause)
}

// listen tries again after each pause, and once more behind the last one, which says so: while a busy machine did nothing the
// port may have become free.
func listen(ctx context.Context, address string, pause func(context.Context) bool) (net.Listener, error) {
	for more := true; ; more = pause(ctx) {
		listener, err := new(net.ListenConfig).Listen(context.WithoutCancel(ctx), "tcp", address)
		switch {
		case err == nil:
			return listener, nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("--http-listen: %w", err)
		case !more:
			return nil, fmt.Errorf("--http-listen: listening at %s: %w; another campaignd may run there, "+
				"--http-listen chooses another address", address, ErrPort)
		}
	}
}

// pause waits a little; false when ctx ended.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(takenPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// State is what /readyz tells.
type State struct {
	// Waiting is what the process waits for; empty means ready.
	Waiting []string
	// CatchingUp is what a process that may be ready has not caught up with.
	CatchingUp []string
}

// Pages are what is answered.
type Pages struct {
	Registry *prometheus.Registry
	State    func() State
	// Keys returns the public keys by which commands are verified, as a JWK set; nil where this process signs none.
	Keys func() []byte
	// Clock returns how a clock that is driven goes, to be told as JSON; nil where the machine's is right.
	Clock func() any
}

// Serve answers on listener until ctx ends.
func Serve(ctx context.Context, listener net.Listener, pages Pages) error {
	server := &http.Server{
		Handler: Handler(pages), ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: headerMaxBytes,
	}
	stop := context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			server.Close()
		}
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving HTTP: %w", err)
	}
	return nil
}

// Handler returns the answers to all paths.
func Handler(pages Pages) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, State{}) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, pages.State())
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(pages.Registry, promhttp.HandlerOpts{
		Timeout: readTimeout, MaxRequestsInFlight: scrapesMax,
	}))
	if pages.Keys != nil {
		mux.HandleFunc("GET "+KeysPath, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/jwk-set+json")
			w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(KeysMaxAge.Seconds())))
			_, _ = w.Write(pages.Keys()) // an error: the client has gone
		})
	}
	mux.HandleFunc("GET "+ClockPath, func(w http.ResponseWriter, _ *http.Request) {
		if pages.Clock == nil {
			http.Error(w, noClock, http.StatusNotFound)
			return
		}
		answerJSON(w, http.StatusOK, pages.Clock())
	})
	return mux
}

// ClockPath is where a clock that is driven is told of.
const ClockPath = "/clock"

const noClock = "this engine goes by the machine's clock: it was started without --clock-start and --clock-rate"

// KeysPath is where the public keys are (RFC 8615), and KeysMaxAge how long they may be taken from a cache: a key that is new
// signs only when it has been served for longer.
const (
	KeysPath   = "/.well-known/jwks.json"
	KeysMaxAge = time.Minute
)

// What body.Status says.
const (
	statusReady    = "ok"
	statusNotReady = "not ready"
)

// body is what /healthz and /readyz answer.
type body struct {
	Status  string   `json:"status"`
	Waiting []string `json:"waiting_for,omitempty"`
	// CatchingUp does not make a process unready.
	CatchingUp []string `json:"catching_up,omitempty"`
}

func answer(w http.ResponseWriter, s State) {
	b, status := body{Status: statusReady, Waiting: s.Waiting, CatchingUp: s.CatchingUp}, http.StatusOK
	if len(s.Waiting) > 0 {
		b.Status, status = statusNotReady, http.StatusServiceUnavailable
	}
	answerJSON(w, status, b)
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(body) // an error: the client has gone
}
