package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/cache"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
)

// Link is the network and the disk of a device as far as they are bad. The zero value is good ones.
type Link struct {
	// BytesPerSecond bounds how fast contents come, 0 for no bound.
	BytesPerSecond func() int64
	// DiskFull says that the disk takes nothing now.
	DiskFull func() bool
	// Corrupt has a byte of what is fetched be wrong.
	Corrupt bool
}

// stalledMax is how long a download may bring nothing.
const stalledMax = 20 * time.Second

var errStalled = errors.New("nothing came for " + stalledMax.String())

// Fetcher fetches contents. It may be used from many goroutines.
type Fetcher struct {
	client *http.Client
	clock  clock.Clock
	slots  chan struct{}
}

// NewFetcher returns a fetcher of at most parallel contents at once.
func NewFetcher(c clock.Clock, parallel int) *Fetcher {
	return &Fetcher{
		clock: c, slots: make(chan struct{}, max(parallel, 1)),
		client: &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: parallel, IdleConnTimeout: time.Minute,
			ResponseHeaderTimeout: stalledMax, DisableCompression: true,
		}},
	}
}

// Close gives up connections that nobody uses.
func (f *Fetcher) Close() { f.client.CloseIdleConnections() }

// Fetch gets a content into a folder, and goes on with what is there of it. began is told at which byte. Errors:
// cache.ErrCorrupt, ErrDiskFull and ErrNoSuch; others are the network's. What came is kept for the next try, unless it is
// corrupt.
func (f *Fetcher) Fetch(ctx context.Context, file cache.File, into cache.Folder, link Link, began func(from int64)) error {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return fmt.Errorf("fetching %s: %w", file.URL, ctx.Err())
	}
	err := f.fetch(ctx, file, into, link, began)
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("%w: %w", cache.ErrDiskFull, err)
	}
	if err != nil {
		return fmt.Errorf("fetching %s: %w", file.URL, err)
	}
	return nil
}

func (f *Fetcher) fetch(ctx context.Context, file cache.File, into cache.Folder, link Link, began func(from int64)) error {
	path, err := into.Part(file.SHA256)
	if err != nil {
		return err
	}
	part, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer part.Close()
	from, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if from < file.Bytes {
		if err := f.download(ctx, file, part, from, link, began); err != nil {
			if errors.Is(err, cache.ErrCorrupt) {
				err = errors.Join(err, os.Remove(path))
			}
			return err
		}
	}
	if err := verify(part, file); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return os.Rename(path, into.Path(file.SHA256))
}

// download adds to a part what lacks from a byte on.
func (f *Fetcher) download(ctx context.Context, file cache.File, part *os.File, from int64, link Link, began func(int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, file.URL, http.NoBody)
	if err != nil {
		return fmt.Errorf("%w: %w", cache.ErrNoSuch, err)
	}
	if from > 0 {
		request.Header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-")
	}
	response, err := f.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if from, err = begin(response, part, from); err != nil {
		return err
	}
	began(from)
	p := &pipe{fetcher: f, from: response.Body, to: part, link: link, began: f.clock.Now(), cancel: cancel}
	came, err := p.copy(ctx, file.Bytes-from+1)
	switch {
	case err != nil && context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case from+came != file.Bytes: // the server is done, and has said so
		return fmt.Errorf("%w: it has other than %d bytes", cache.ErrCorrupt, file.Bytes)
	}
	return nil
}

// begin looks at what a server answers, and puts the part to where the answer goes on.
func begin(response *http.Response, part *os.File, from int64) (int64, error) {
	switch response.StatusCode {
	case http.StatusPartialContent:
		if !strings.HasPrefix(response.Header.Get("Content-Range"), "bytes "+strconv.FormatInt(from, 10)+"-") {
			sent := response.Header.Get("Content-Range")
			return 0, fmt.Errorf("%w: asked for byte %d, the server sends %q", cache.ErrCorrupt, from, sent)
		}
	case http.StatusOK: // from the beginning: the server knows no ranges
		from = 0
	case http.StatusNotFound, http.StatusGone, http.StatusForbidden, http.StatusUnauthorized:
		return 0, fmt.Errorf("%w: the server says %s", cache.ErrNoSuch, response.Status)
	case http.StatusRequestedRangeNotSatisfiable:
		return 0, fmt.Errorf("%w: the server has fewer bytes", cache.ErrCorrupt)
	default:
		return 0, fmt.Errorf("the server says %s", response.Status)
	}
	if err := part.Truncate(from); err != nil {
		return 0, err
	}
	_, err := part.Seek(from, io.SeekStart)
	return from, err
}

// pipe copies a body to the disk as fast as the link is.
type pipe struct {
	fetcher *Fetcher
	from    io.Reader
	to      io.Writer
	link    Link
	began   time.Time
	cancel  context.CancelCauseFunc
	came    int64
}

func (p *pipe) copy(ctx context.Context, most int64) (came int64, err error) {
	buffer := make([]byte, 32<<10)
	for p.came < most {
		n, err := p.read(buffer[:min(int64(len(buffer)), most-p.came)])
		if p.link.DiskFull != nil && p.link.DiskFull() {
			return p.came, cache.ErrDiskFull
		}
		if n > 0 {
			if p.link.Corrupt && p.came == 0 {
				buffer[0] ^= 0xff
			}
			if _, err := p.to.Write(buffer[:n]); err != nil {
				return p.came, err
			}
			p.came += int64(n)
		}
		if slow := p.pace(ctx); slow != nil {
			return p.came, slow
		}
		if errors.Is(err, io.EOF) {
			return p.came, nil
		}
		if err != nil {
			return p.came, err
		}
	}
	return p.came, nil
}

// read gives up when nothing comes for too long.
func (p *pipe) read(buffer []byte) (int, error) {
	stop := p.fetcher.clock.AfterFunc(p.fetcher.clock.Now().Add(stalledMax), func() { p.cancel(errStalled) })
	defer stop()
	return p.from.Read(buffer)
}

// pace waits until a link of that speed would have brought what has come.
func (p *pipe) pace(ctx context.Context) error {
	if p.link.BytesPerSecond == nil {
		return nil
	}
	speed := p.link.BytesPerSecond()
	if speed <= 0 {
		return nil
	}
	due := p.began.Add(time.Duration(float64(p.came) / float64(speed) * float64(time.Second)))
	if !due.After(p.fetcher.clock.Now()) {
		return nil
	}
	came := make(chan struct{})
	stop := p.fetcher.clock.AfterFunc(due, func() { close(came) })
	defer stop()
	select {
	case <-came:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func verify(part *os.File, file cache.File) error {
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, part)
	if err != nil {
		return err
	}
	if n != file.Bytes || hex.EncodeToString(sum.Sum(nil)) != file.SHA256 {
		return fmt.Errorf("%w: its sha256 is another", cache.ErrCorrupt)
	}
	return nil
}
