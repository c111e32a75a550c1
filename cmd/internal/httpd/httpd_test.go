package httpd_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rmn-arms/campaign-engine/cmd/internal/httpd"
)

const patience = 10 * time.Second

func handler(state httpd.State) http.Handler {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "seen_total", Help: "What was seen."})
	counter.Add(3)
	registry.MustRegister(counter)
	return httpd.Handler(httpd.Pages{Registry: registry, State: func() httpd.State { return state }})
}

func TestAnswers(t *testing.T) {
	cases := []struct {
		name, method, path string
		waiting, behind    []string
		status             int
		says               string
	}{
		{"alive", "GET", "/healthz", nil, nil, 200, `"ok"`},
		{"alive though not ready", "GET", "/healthz", []string{"timers: recovering"}, nil, 200, `"ok"`},
		{"ready", "GET", "/readyz", nil, nil, 200, `"ok"`},
		{"not ready", "GET", "/readyz", []string{"timers: recovering", "lifecycle: joining"}, nil, 503, `"timers: recovering",`},
		{"ready and behind", "GET", "/readyz", nil, []string{"timers: 1 of 2"}, 200, `"catching_up": [` + "\n    " + `"timers: 1 of 2"`},
		{"metrics", "GET", "/metrics", nil, nil, 200, "seen_total 3\n"},
		{"a question without its answer", "HEAD", "/readyz", nil, nil, 200, ""},
		{"another method", "POST", "/readyz", nil, nil, 405, "Method Not Allowed"},
		{"another path", "GET", "/", nil, nil, 404, "not found"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			answer := httptest.NewRecorder()
			handler(httpd.State{Waiting: c.waiting, CatchingUp: c.behind}).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil))
			if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.says) {
				t.Errorf("status %d, want %d and %q in\n%s", answer.Code, c.status, c.says, answer.Body)
			}
		})
	}
}

// TestKeys: they are there where something is signed, for a stated time, and as they are now.
func TestKeys(t *testing.T) {
	pages := httpd.Pages{Registry: prometheus.NewRegistry(), State: func() httpd.State { return httpd.State{} }}
	ask := func() *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		httpd.Handler(pages).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/.well-known/jwks.json", nil))
		return answer
	}
	if answer := ask(); answer.Code != 404 {
		t.Errorf("where nothing is signed: %d", answer.Code)
	}
	for _, set := range []string{`{"keys":[]}`, `{"keys":[{}]}`} {
		pages.Keys = func() []byte { return []byte(set) }
		answer := ask()
		if answer.Code != 200 || answer.Body.String() != set || answer.Header().Get("Content-Type") != "application/jwk-set+json" ||
			answer.Header().Get("Cache-Control") != "public, max-age=60" {
			t.Errorf("%d %v %s", answer.Code, answer.Header(), answer.Body)
		}
	}
}

// TestAClockThatIsDrivenIsTold: by the time of day a line says so.
func TestAClockThatIsDrivenIsTold(t *testing.T) {
	pages := httpd.Pages{Registry: prometheus.NewRegistry(), State: func() httpd.State { return httpd.State{} }}
	ask := func() *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, httpd.ClockPath, http.NoBody)
		httpd.Handler(pages).ServeHTTP(answer, request)
		return answer
	}
	if answer := ask(); answer.Code != http.StatusNotFound || strings.Count(answer.Body.String(), "\n") != 1 ||
		!strings.HasPrefix(answer.Body.String(), "this engine goes by the machine's clock") {
		t.Errorf("without one: status %d, %q", answer.Code, answer.Body)
	}
	pages.Clock = func() any { return map[string]int{"rate": 60} }
	if answer := ask(); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"rate": 60`) ||
		answer.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, %v: %s", answer.Code, answer.Header(), answer.Body)
	}
}

// TestServesUntilTheContextEnds lets a request be answered while the server ends.
func TestServesUntilTheContextEnds(t *testing.T) {
	listener, err := httpd.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := make(chan struct{})
	served := make(chan error, 1)
	go func() {
		served <- httpd.Serve(ctx, listener, httpd.Pages{Registry: prometheus.NewRegistry(), State: func() httpd.State {
			close(asked)
			<-ctx.Done()
			return httpd.State{}
		}})
	}()
	answered := make(chan int, 1)
	go func() {
		answer, err := http.Get("http://" + listener.Addr().String() + "/readyz")
		if err != nil {
			answered <- 0
			return
		}
		defer answer.Body.Close()
		answered <- answer.StatusCode
	}()
	<-asked
	cancel()
	if status := <-answered; status != http.StatusOK {
		t.Errorf("the request in progress got status %d", status)
	}
	if err := <-served; err != nil {
		t.Errorf("serving: %v", err)
	}
	if _, err := net.DialTimeout("tcp", listener.Addr().String(), patience); err == nil {
		t.Error("it still listens")
	}
}

func TestRefusesEndlessHeaders(t *testing.T) {
	listener, err := httpd.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- httpd.Serve(ctx, listener, httpd.Pages{Registry: prometheus.NewRegistry(), State: func() httpd.State { return httpd.State{} }})
	}()
	defer func() {
		cancel()
		<-served
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listener.Addr().String()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Long", strings.Repeat("x", 64<<10))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d, %v", answer.StatusCode, err)
	}
}

func TestATakenAddressIsNamed(t *testing.T) {
	listener, err := httpd.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address := listener.Addr().String()
	want := "--http-listen: listening at " + address + ": the port is taken; another campaignd may run there, --http-listen chooses another address"
	if _, err := httpd.Listen(t.Context(), address); !errors.Is(err, httpd.ErrPort) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestAPredecessorMayStillBeGoing: its port is waited for a little, and looked at once more behind the last wait.
func TestAPredecessorMayStillBeGoing(t *testing.T) {
	for waits := range 3 {
		predecessor, err := httpd.Listen(t.Context(), "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		waited := 0
		successor, err := httpd.ListenPausing(t.Context(), predecessor.Addr().String(), func(context.Context) bool {
			if waited++; waited > waits {
				predecessor.Close()
			}
			return waited <= waits
		})
		if err != nil || waited != waits+1 {
			t.Fatalf("after %d waits: %v", waited, err)
		}
		successor.Close()
	}
}
