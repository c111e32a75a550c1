package proctest

import (
	"fmt"
	"io"
	"runtime"
	"sync"
)

// TB is what the harness needs of a testing.TB, so that a benchmark command can stand in for a test (see Run).
type TB interface {
	Helper()
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	// Fatalf must be called from the goroutine that runs the test.
	Fatalf(format string, args ...any)
}

// command is the TB of a program that is no test.
type command struct {
	out io.Writer

	mu       sync.Mutex
	cleanups []func()
	failure  error
}

// Run calls body with a TB that prints to out, then what body registered with Cleanup, last first. It returns the first
// failure that body or a cleanup reported, as an error.
func Run(out io.Writer, body func(TB)) error {
	c := &command{out: out}
	c.guarded(func() { body(c) })
	for cleanup := c.pop(); cleanup != nil; cleanup = c.pop() {
		c.guarded(cleanup)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// guarded runs f in a goroutine of its own, because Fatalf ends the goroutine that calls it.
func (c *command) guarded(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

func (c *command) pop() func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.cleanups) == 0 {
		return nil
	}
	last := c.cleanups[len(c.cleanups)-1]
	c.cleanups = c.cleanups[:len(c.cleanups)-1]
	return last
}

func (c *command) Helper() {}

func (c *command) Cleanup(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cleanups = append(c.cleanups, f)
}

func (c *command) Failed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure != nil
}

func (c *command) Logf(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

func (c *command) Errorf(format string, args ...any) {
	c.mu.Lock()
	first := c.failure == nil
	if first {
		c.failure = fmt.Errorf(format, args...)
	}
	c.mu.Unlock()
	if !first { // the first failure is returned by Run; later ones would be lost
		c.Logf(format, args...)
	}
}

func (c *command) Fatalf(format string, args ...any) {
	c.Errorf(format, args...)
	runtime.Goexit()
}
