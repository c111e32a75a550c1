package pglocal

import (
	"bytes"
	"errors"
	"os"
	"sync"
)

const (
	logMaxBytes  = 1 << 20 // of postgres.log, and again of postgres.log.1
	tailMaxBytes = 2 << 10 // of the log that errors show
)

// serverLog is what the server says: in a file, whose predecessor is kept once it is full, and the end of it in memory.
// Writing never fails: a server must not stand still because its log does.
type serverLog struct {
	path string
	max  int64

	mu   sync.Mutex
	file *os.File
	size int64
	tail []byte
}

// openLog appends to a log, or begins one.
func openLog(path string, maxBytes int64) (*serverLog, error) {
	l := &serverLog{path: path, max: maxBytes}
	return l, l.open()
}

func (l *serverLog) open() error {
	file, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	l.file, l.size = file, info.Size()
	return nil
}

// Write implements io.Writer.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, p...)
	l.tail = l.tail[max(0, len(l.tail)-tailMaxBytes):]
	if l.file == nil {
		return len(p), nil
	}
	if l.size > 0 && l.size+int64(len(p)) > l.max {
		l.turn()
	}
	if l.file != nil {
		n, _ := l.file.Write(p) // the disk may be full
		l.size += int64(n)
	}
	return len(p), nil
}

// turn begins a new file, beside the old one if that can be kept.
func (l *serverLog) turn() {
	_ = l.file.Close()
	l.file = nil
	if os.Rename(l.path, l.path+".1") != nil {
		_ = os.Remove(l.path)
	}
	_ = l.open()
}

// mark forgets the end of the log, so that Tail shows what comes from now on.
func (l *serverLog) mark() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = nil
}

// Tail returns the last lines.
func (l *serverLog) Tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.tail
	if len(text) == tailMaxBytes { // its first line is cut
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return string(bytes.TrimRight(text, "\n"))
}

// Close closes the file; what is written later is only kept in memory.
func (l *serverLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
