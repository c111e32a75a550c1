package pglocal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// drainMax is how long what a child has started may hold its output open after its end.
const drainMax = time.Second

// step is one way to end a server, and how long it may take.
type step struct {
	signal syscall.Signal
	max    time.Duration
}

// ladder are Postgres's ways to end: fast (sessions are cut, all is written down), immediate (the next start recovers), and
// by the kernel. Together they leave time within the 10 s in which campaignd ends.
var ladder = []step{{syscall.SIGINT, 4 * time.Second}, {syscall.SIGQUIT, 2 * time.Second}, {syscall.SIGKILL, time.Second}}

// attributes returns those of a child: another account's if need be, and out of reach of the terminal's signals.
func attributes(who account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if who.stepDown {
		attr.Credential = &syscall.Credential{Uid: who.uid, Gid: who.gid}
	}
	return attr
}

// child is a started program.
type child struct {
	process *os.Process
	state   *os.ProcessState // once it has ended
	done    chan struct{}    // closed when it has ended
	drained chan struct{}    // closed when nobody holds its output open any more
}

// launch starts a program whose output goes to a writer, and which gets a signal when this process dies.
func launch(cmd *exec.Cmd, onDeath syscall.Signal, output io.Writer) (*child, error) {
	dieWithUs(cmd.SysProcAttr, onDeath)
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	c := &child{done: make(chan struct{}), drained: make(chan struct{})}
	started := make(chan error, 1)
	go c.live(cmd, started)
	err = <-started
	_ = writer.Close() // the child has its own
	if err != nil {
		_ = reader.Close()
		return nil, err
	}
	go func() {
		_, _ = io.Copy(output, reader) // ends with the last who writes
		_ = reader.Close()
		close(c.drained)
	}()
	return c, nil
}

// live starts the child and stays on that thread until its end.
func (c *child) live(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread() // for ever: the thread ends with this goroutine
	err := cmd.Start()
	c.process = cmd.Process
	started <- err
	if err != nil {
		return
	}
	_ = cmd.Wait() // how it ended stands in the state
	c.state = cmd.ProcessState
	close(c.done)
}

// awaitOutput waits until all that was said is written down, for a bounded time.
func (c *child) awaitOutput() {
	timer := time.NewTimer(drainMax)
	defer timer.Stop()
	select {
	case <-c.drained:
	case <-timer.C:
	}
}

// end goes down the ladder until the child has ended; when the context ends, the first step does, too. hard says that
// it took more than the first.
func (c *child) end(ctx context.Context) (hard bool, err error) {
	for i, s := range ladder {
		if err := c.process.Signal(s.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return false, fmt.Errorf("sending %v to process %d: %w", s.signal, c.process.Pid, err)
		}
		until := ctx
		if i > 0 {
			until = context.WithoutCancel(ctx)
		}
		if c.endsWithin(until, s.max) {
			return i > 0, nil
		}
	}
	return true, fmt.Errorf("process %d does not end", c.process.Pid)
}

func (c *child) endsWithin(ctx context.Context, most time.Duration) bool {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-c.done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
