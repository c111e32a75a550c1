// Package httpd is the engine's HTTP side: /healthz, /readyz and /metrics.
package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
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
	for {
		listener, err := new(net.ListenConfig).Listen(context.WithoutCancel(ctx), "tcp", address)
		switch {
		case err == nil:
			return listener, nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("--http-listen: %w", err)
		case !pause(ctx):
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

// Serve answers on listener until ctx ends. notReady returns what the process waits for; empty means ready.
func Serve(ctx context.Context, listener net.Listener, registry *prometheus.Registry, notReady func() []string) error {
	server := &http.Server{
		Handler: Handler(registry, notReady), ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
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
func Handler(registry *prometheus.Registry, notReady func() []string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		reasons := notReady()
		status := http.StatusOK
		if len(reasons) > 0 {
			status = http.StatusServiceUnavailable
		}
		answer(w, status, reasons)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Timeout: readTimeout}))
	return mux
}

// body is what /healthz and /readyz answer.
type body struct {
	Status  string   `json:"status"`
	Waiting []string `json:"waiting_for,omitempty"`
}

func answer(w http.ResponseWriter, status int, reasons []string) {
	b := body{Status: "ok", Waiting: reasons}
	if status != http.StatusOK {
		b.Status = "not ready"
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(b) // the client has gone
}
