package proctest

import "sync"

// tail keeps the last bytes written to it.
type tail struct {
	limit int // bytes

	mu  sync.Mutex
	buf []byte
}

// Write implements io.Writer; it never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	if n > t.limit {
		p = p[n-t.limit:]
	}
	if len(t.buf)+len(p) > 2*t.limit { // cutting in steps of a whole limit keeps Write O(len(p)) on average
		keep := max(0, t.limit-len(p))
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-keep:]...)
	}
	t.buf = append(t.buf, p...)
	return n, nil
}

// String returns at most the last limit bytes.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf[max(0, len(t.buf)-t.limit):])
}
