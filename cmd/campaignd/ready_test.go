package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rmn-arms/campaign-engine/cmd/internal/httpd"
)

func TestReadyTellsInItsExitCode(t *testing.T) {
	at := func(handler http.Handler) string {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	engine := func(state httpd.State) string {
		return at(httpd.Handler(httpd.Pages{Registry: prometheus.NewRegistry(), State: func() httpd.State { return state }}))
	}
	ready := engine(httpd.State{CatchingUp: []string{"timers: 1 of 2"}})
	_, port, _ := strings.Cut(ready, ":")
	for _, c := range []struct {
		name, address string
		code          int
		says          string
	}{
		{"ready", ready, exitClean, ""},
		{"ready, at all addresses", "0.0.0.0:" + port, exitClean, ""},
		{"ready, at any address", ":" + port, exitClean, ""},
		{"not ready", engine(httpd.State{Waiting: []string{"timers: joining"}}), exitFailed, "not ready"},
		{"somebody else", at(http.NotFoundHandler()), exitFailed, "404 Not Found, and not as campaignd does"},
		{"somebody else who is well", at(telling(http.StatusOK, `{"status":"UP"}`)), exitFailed, "200 OK, and not as campaignd does"},
		{"somebody else who is not", at(telling(http.StatusInternalServerError, `{"status":"ok"}`)), exitFailed, "not as campaignd does"},
		{"somebody who knows another", at(http.RedirectHandler("http://"+ready+"/readyz", http.StatusFound)), exitFailed, "302 Found"},
		{"nobody", "127.0.0.1:1", exitFailed, "refused"},
		{"no address", "8080", exitSwitches, "HOST:PORT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, said := ended(t, "ready", "--http-listen", c.address); code != c.code || !strings.Contains(said, c.says) {
				t.Errorf("it ends with %d and says %q, want %d and %q", code, said, c.code, c.says)
			}
		})
	}
}

// telling answers everything with one text.
func telling(code int, text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(text))
	})
}
