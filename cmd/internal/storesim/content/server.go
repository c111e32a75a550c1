package content

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Faults are what a server does wrong. The zero value does nothing wrong.
type Faults struct {
	// Cut, Corrupt and Refuse are probabilities, of each answer: the connection ends in the middle of it, a byte of it is
	// wrong, it is 503 Service Unavailable.
	Cut, Corrupt, Refuse float64
	Seed                 uint64
}

// pathOfFiles begins the paths of the files of a folder.
const pathOfFiles = "/files/"

// Handler serves generated files at their paths, and under /files/ what is in a folder, if one is named.
func Handler(folder string, faults Faults) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /", serveGenerated)
	if folder != "" {
		mux.Handle("GET "+pathOfFiles, http.StripPrefix(pathOfFiles, http.FileServer(http.Dir(folder))))
	}
	if faults == (Faults{Seed: faults.Seed}) {
		return mux
	}
	return &faulty{faults: faults, next: mux, asked: map[string]uint64{}}
}

const (
	stopTimeout   = time.Second
	headerTimeout = 5 * time.Second
)

// Serve answers on listener by a Handler until ctx ends.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	stop := context.AfterFunc(ctx, func() {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if server.Shutdown(within) != nil {
			server.Close()
		}
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving contents: %w", err)
	}
	return nil
}

func serveGenerated(w http.ResponseWriter, r *http.Request) {
	file, err := fileAt(r.URL.Path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", strconv.Quote(file.Path()))
	http.ServeContent(w, r, "", time.Time{}, file.Open())
}

// faulty does wrong what its faults say. What happens to the n-th request of a path follows from the seed.
type faulty struct {
	faults Faults
	next   http.Handler
	mu     sync.Mutex
	asked  map[string]uint64
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	draw := f.draw(r.URL.Path)
	refuse, cut, corrupt := draw.Float64() < f.faults.Refuse, draw.Float64() < f.faults.Cut, draw.Float64() < f.faults.Corrupt
	if refuse {
		http.Error(w, "it is drawn so", http.StatusServiceUnavailable)
		return
	}
	broken := &brokenWriter{ResponseWriter: w, cutAt: -1, wrongAt: -1}
	if cut {
		broken.cutAt = draw.Int64N(cutWithin)
	}
	if corrupt {
		broken.wrongAt = draw.Int64N(wrongWithin)
	}
	f.next.ServeHTTP(broken, r)
	if broken.cutAt >= 0 && broken.at >= broken.cutAt {
		panic(http.ErrAbortHandler)
	}
}

// Where in an answer it is cut, or a byte is wrong: within so many bytes from its beginning.
const (
	cutWithin   = 64 << 10
	wrongWithin = 512
)

func (f *faulty) draw(path string) *rand.Rand {
	f.mu.Lock()
	f.asked[path]++
	n := f.asked[path]
	f.mu.Unlock()
	sum := fnv.New64a()
	_, _ = io.WriteString(sum, path)
	return rand.New(rand.NewPCG(f.faults.Seed^sum.Sum64(), n))
}

// brokenWriter ends an answer before its time, or gets a byte of it wrong.
type brokenWriter struct {
	http.ResponseWriter
	at, cutAt, wrongAt int64 // bytes from the beginning; -1: never
}

func (b *brokenWriter) Write(p []byte) (int, error) {
	if b.cutAt >= 0 && b.at+int64(len(p)) >= b.cutAt {
		n, err := b.ResponseWriter.Write(p[:max(b.cutAt-b.at, 0)])
		b.at += int64(n)
		if err == nil {
			err = http.ErrAbortHandler
		}
		_ = http.NewResponseController(b.ResponseWriter).Flush()
		return n, err
	}
	if i := b.wrongAt - b.at; b.wrongAt >= 0 && i >= 0 && i < int64(len(p)) {
		p = append([]byte(nil), p...)
		p[i] ^= 0xff
	}
	n, err := b.ResponseWriter.Write(p)
	b.at += int64(n)
	return n, err
}
