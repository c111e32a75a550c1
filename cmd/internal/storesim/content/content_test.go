package content_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/cache"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
)

var spring = content.File{CreativeID: "cr-1", Version: 2, Bytes: 100_001}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func wanted(base string, f content.File) cache.File {
	c := f.Creative(base, "video/mp4", 1000)
	return cache.File{SHA256: c.SHA256, Bytes: c.Bytes, URL: c.URL}
}

func fetcher(t *testing.T) *content.Fetcher {
	t.Helper()
	f := content.NewFetcher(clock.System(), 2)
	t.Cleanup(f.Close)
	return f
}

func folder(t *testing.T) cache.Folder {
	t.Helper()
	f := cache.Folder(t.TempDir())
	if _, err := f.Open(); err != nil {
		t.Fatal(err)
	}
	return f
}

func nothing(int64) {}

// The bytes of a file are fixed for ever: definitions that name its sha256 are kept for longer than any version of this.
func TestAFileIsAlwaysTheSame(t *testing.T) {
	if sum := spring.SHA256(); sum != "50c3161543c70dbed2249b9809ae4ef45e2ac9fe9b552c00735e0664a53cb36a" {
		t.Errorf("its sha256 is %s", sum)
	}
	text, err := io.ReadAll(spring.Open())
	if err != nil || int64(len(text)) != spring.Bytes {
		t.Fatalf("%d bytes: %v", len(text), err)
	}
	if err := iotest.TestReader(spring.Open(), text); err != nil {
		t.Error(err)
	}
	other := spring
	other.Version = 3
	if other.SHA256() == spring.SHA256() {
		t.Error("another version has the same content")
	}
}

func TestRangesAreOfTheSameFile(t *testing.T) {
	text, _ := io.ReadAll(spring.Open())
	handler := content.Handler("", content.Faults{})
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Int64Range(0, spring.Bytes-1).Draw(t, "from")
		to := rapid.Int64Range(from, spring.Bytes-1).Draw(t, "to")
		request := httptest.NewRequest(http.MethodGet, spring.Path(), nil)
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to))
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != http.StatusPartialContent || !bytes.Equal(answer.Body.Bytes(), text[from:to+1]) {
			t.Fatalf("bytes %d to %d: %d", from, to, answer.Code)
		}
	})
}

func TestServer(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.mp4"), []byte("film"), 0o644); err != nil {
		t.Fatal(err)
	}
	handler := content.Handler(dir, content.Faults{})
	for path, want := range map[string]int{
		spring.Path(): 200, "/files/a.mp4": 200, "/healthz": 200, "/files/b.mp4": 404, "/cr-1/0/10": 404, "/cr-1/1/0": 404,
		"/cr-1/01/10": 404, "/cr-1/1/99999999999999": 404, "/.cr/1/10": 404, "/cr-1/1": 404,
	} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != want {
			t.Errorf("%s: %d, want %d", path, answer.Code, want)
		}
	}
}

func TestFetch(t *testing.T) {
	file := wanted(serve(t, content.Handler("", content.Faults{})), spring)
	into := folder(t)
	if err := fetcher(t).Fetch(t.Context(), file, into, content.Link{}, nothing); err != nil {
		t.Fatal(err)
	}
	held, err := into.Open()
	if err != nil || len(held) != 1 || held[file.SHA256].Bytes != file.Bytes {
		t.Errorf("the cache has %v: %v", held, err)
	}
	if err := into.Evict(file.SHA256); err != nil {
		t.Fatal(err)
	}
	if held, _ := into.Open(); len(held) != 0 {
		t.Errorf("after it was evicted the cache has %v", held)
	}
}

// A server that cuts most connections is asked for what lacks, not for everything again.
func TestACutDownloadGoesOn(t *testing.T) {
	file := wanted(serve(t, content.Handler("", content.Faults{Cut: 0.9, Seed: 1})), spring)
	into := folder(t)
	from, tries := []int64{}, 0
	for {
		tries++
		err := fetcher(t).Fetch(t.Context(), file, into, content.Link{}, func(at int64) { from = append(from, at) })
		if err == nil {
			break
		}
		if tries > 50 || errors.Is(err, cache.ErrCorrupt) {
			t.Fatalf("try %d: %v", tries, err)
		}
	}
	if tries < 2 {
		t.Fatal("nothing was cut")
	}
	for i := 1; i < len(from); i++ {
		if from[i] <= from[i-1] {
			t.Errorf("downloads began at %v", from)
		}
	}
}

func TestWhatGoesWrongWithAFetch(t *testing.T) {
	good := serve(t, content.Handler("", content.Faults{}))
	fixed := func(status int, body string) string {
		return serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
	}
	for _, c := range []struct {
		name string
		base string
		link content.Link
		want error
	}{
		{"corrupt by the server", serve(t, content.Handler("", content.Faults{Corrupt: 1})), content.Link{}, cache.ErrCorrupt},
		{"corrupt on the way", good, content.Link{Corrupt: true}, cache.ErrCorrupt},
		{"disk full", good, content.Link{DiskFull: func() bool { return true }}, cache.ErrDiskFull},
		{"not there", fixed(404, ""), content.Link{}, cache.ErrNoSuch},
		{"too short", fixed(200, "short"), content.Link{}, cache.ErrCorrupt},
		{"too long", fixed(200, strings.Repeat("x", 200_000)), content.Link{}, cache.ErrCorrupt},
		{"no server", "http://127.0.0.1:1", content.Link{}, nil},
		{"no URL", "gopher://x", content.Link{}, nil},
		{"out of order", fixed(503, ""), content.Link{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			into := folder(t)
			err := fetcher(t).Fetch(t.Context(), wanted(c.base, spring), into, c.link, nothing)
			known := ""
			for _, word := range []error{cache.ErrCorrupt, cache.ErrDiskFull, cache.ErrNoSuch} {
				if errors.Is(err, word) {
					known += word.Error()
				}
			}
			if err == nil || c.want == nil && known != "" || c.want != nil && known != c.want.Error() {
				t.Fatalf("%v", err)
			}
			if held, _ := into.Open(); len(held) != 0 {
				t.Errorf("the cache has %v", held)
			}
			if left, _ := os.ReadDir(string(into)); errors.Is(err, cache.ErrCorrupt) && len(left) != 0 {
				t.Errorf("of what is corrupt there is left %v", left)
			}
		})
	}
}

// What a wrong part has left behind does not stay for ever.
func TestAWrongPartIsNoticed(t *testing.T) {
	file := wanted(serve(t, content.Handler("", content.Faults{})), spring)
	for name, part := range map[string]string{"wrong": "wrong", "too long": strings.Repeat("x", 200_000)} {
		t.Run(name, func(t *testing.T) {
			into := folder(t)
			path, err := into.Part(file.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(part), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := fetcher(t).Fetch(t.Context(), file, into, content.Link{}, nothing); !errors.Is(err, cache.ErrCorrupt) {
				t.Fatalf("%v", err)
			}
			if err := fetcher(t).Fetch(t.Context(), file, into, content.Link{}, nothing); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A slow link takes as long as it would; here the time is moved by hand.
func TestASlowLink(t *testing.T) {
	file := wanted(serve(t, content.Handler("", content.Faults{})), spring)
	began := time.Unix(0, 0)
	v := clock.NewVirtual(began)
	f := content.NewFetcher(&eager{v}, 1)
	defer f.Close()
	link := content.Link{BytesPerSecond: func() int64 { return 1000 }}
	if err := f.Fetch(t.Context(), file, folder(t), link, nothing); err != nil {
		t.Fatal(err)
	}
	if took := v.Now().Sub(began); took < 100*time.Second || took > 101*time.Second {
		t.Errorf("100,001 bytes at 1,000 a second took %s", took)
	}
}

// eager lets the time of whoever waits for less than a stalled download be over at once.
type eager struct{ *clock.Virtual }

func (e *eager) AfterFunc(at time.Time, wake func()) func() {
	if wait := at.Sub(e.Now()); wait != 20*time.Second {
		e.Advance(wait)
	}
	return e.Virtual.AfterFunc(at, wake)
}

func TestAStalledDownloadIsGivenUp(t *testing.T) {
	stalled, release := make(chan struct{}), make(chan struct{})
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "some")
		_ = http.NewResponseController(w).Flush()
		close(stalled)
		<-release
	}))
	defer close(release)
	v := clock.NewVirtual(time.Unix(0, 0))
	f := content.NewFetcher(v, 1)
	defer f.Close()
	ended := make(chan error, 1)
	go func() {
		ended <- f.Fetch(context.Background(), wanted(base, spring), folder(t), content.Link{}, nothing)
	}()
	<-stalled
	for {
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), "nothing came") {
				t.Error(err)
			}
			return
		default:
			v.Advance(time.Second)
			runtime.Gosched()
		}
	}
}
