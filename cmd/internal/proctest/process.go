package proctest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

const (
	outputMaxBytes  = 256 << 10       // kept of each of a process's two outputs
	pipeWaitMax     = 2 * time.Second // for output pipes that grandchildren hold open
	reapWaitMax     = time.Minute     // only to end what hangs: a killed broker goes when its last write to a busy disk is done
	failureMaxBytes = 8 << 10         // of each output shown when a test failed
)

// ErrRunning says that a process had not ended when the waiting for it did; ErrEnded that it has ended.
var (
	ErrRunning = errors.New("process is still running")
	ErrEnded   = errors.New("process has ended")
)

// Command says what to start.
type Command struct {
	Path string // of the executable, or a name to look up in PATH
	Args []string
	Env  []string // NAME=value, added to the environment of the test
	Dir  string   // working folder; empty = that of the test
	Name string   // in messages; empty = the base name of Path
	// Output is a file to which all that the process prints is appended as it comes, beside the ends that are kept of it;
	// empty = none.
	Output string
}

// Process is a started command. Its methods may be called from any goroutine.
type Process struct {
	name           string
	cmd            *exec.Cmd
	done           chan struct{} // closed once the process has been reaped
	stdout, stderr tail
	output         *os.File // nil: none
}

// Start launches a command for a test. When the test ends it kills the command and what that started (as far as it
// stayed in its process group), and shows the end of its output if the test failed.
func Start(t TB, c Command) *Process {
	t.Helper()
	p, err := Launch(c)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := p.KillGroup(); err != nil {
			t.Errorf("%v", err)
		}
		if t.Failed() {
			t.Logf("%s", p.Report())
		}
	})
	return p
}

// Launch starts a command. The caller ends it with Kill or KillGroup; at the latest it dies with the calling process.
func Launch(c Command) (*Process, error) {
	p := &Process{name: c.Name, done: make(chan struct{})}
	if p.name == "" {
		p.name = filepath.Base(c.Path)
	}
	p.stdout.limit, p.stderr.limit = outputMaxBytes, outputMaxBytes
	p.cmd = exec.Command(c.Path, c.Args...)
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.Dir = c.Dir
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if c.Output != "" {
		file, err := os.OpenFile(c.Output, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, fmt.Errorf("starting %s: %w", p.name, err)
		}
		p.cmd.Stdout, p.cmd.Stderr, p.output = io.MultiWriter(&p.stdout, file), io.MultiWriter(&p.stderr, file), file
	}
	p.cmd.WaitDelay = pipeWaitMax
	p.cmd.SysProcAttr = guarded()
	started := make(chan error, 1)
	go p.live(started)
	if err := <-started; err != nil {
		p.output.Close()
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	return p, nil
}

// live starts and reaps the process on one thread that lasts as long as the process does: the parent-death signal fires
// at the end of the thread that started the child, not of the process (prctl(2), PR_SET_PDEATHSIG), and Go ends idle
// threads. The thread is never unlocked, so it ends with this goroutine.
func (p *Process) live(started chan<- error) {
	runtime.LockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // how it ended stands in ProcessState
	p.output.Close()
	close(p.done)
}

// PID returns the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Kill ends the process with SIGKILL and waits until it is gone. It is no error if it had ended before.
func (p *Process) Kill() error { return p.killed(p.cmd.Process.Kill) }

// KillGroup is Kill for the process and whatever it started that stayed in its process group. Once the process has
// ended, its group is not touched: the number may be another's by now.
func (p *Process) KillGroup() error {
	return p.killed(func() error { return syscall.Kill(-p.PID(), syscall.SIGKILL) })
}

func (p *Process) killed(kill func() error) error {
	if p.ended() {
		return nil
	}
	if err := kill(); err != nil && !p.ended() {
		if _, waitErr := p.Wait(reapWaitMax); waitErr != nil { // it may have ended just before it was killed
			return fmt.Errorf("killing %s: %w", p.name, err)
		}
		return nil
	}
	if _, err := p.Wait(reapWaitMax); err != nil {
		return fmt.Errorf("killing %s: %w", p.name, err)
	}
	return nil
}

// Terminate sends SIGTERM and does not wait.
func (p *Process) Terminate() error { return p.signal(syscall.SIGTERM) }

// Pause sends SIGSTOP: the process stands still until Continue. Kill works on it, Terminate waits for Continue.
func (p *Process) Pause() error { return p.signal(syscall.SIGSTOP) }

// Quit sends SIGQUIT, at which a Go program tells what its goroutines do, and ends.
func (p *Process) Quit() error { return p.signal(syscall.SIGQUIT) }

// Continue sends SIGCONT.
func (p *Process) Continue() error { return p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) error {
	if p.ended() {
		return fmt.Errorf("sending %v to %s: %w", s, p.name, ErrEnded)
	}
	if err := p.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("sending %v to %s: %w", s, p.name, err)
	}
	return nil
}

func (p *Process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Wait waits for the process to end and returns its exit code, -1 if a signal ended it. Error: ErrRunning.
func (p *Process) Wait(timeout time.Duration) (exitCode int, err error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		if !p.ended() { // both may be ready, and then select takes either
			return 0, fmt.Errorf("waiting %v for the end of %s: %w", timeout, p.name, ErrRunning)
		}
	}
	return p.cmd.ProcessState.ExitCode(), nil
}

// Context returns a context that ends with the process too; its cause is then ErrEnded with the end of the output.
func (p *Process) Context(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		select {
		case <-p.done:
			cancel(fmt.Errorf("%w\n%s", ErrEnded, p.Report()))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// Stdout and Stderr return the last 256 KiB that the process printed there.
func (p *Process) Stdout() string { return p.stdout.String() }

// Stderr is Stdout's other half.
func (p *Process) Stderr() string { return p.stderr.String() }

// Report describes the process for a person who looks for the cause of a failure: state and end of the outputs.
func (p *Process) Report() string {
	state := "running"
	if p.ended() {
		state = p.cmd.ProcessState.String()
	}
	return fmt.Sprintf("%s (pid %d): %s\n--- stdout\n%s\n--- stderr\n%s",
		p.name, p.PID(), state, last(p.Stdout(), failureMaxBytes), last(p.Stderr(), failureMaxBytes))
}

func last(text string, limit int) string { return text[max(0, len(text)-limit):] }
