package torture

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	// stopMax is how long a process may take to end after SIGTERM; it promises 10 s on a machine with time for it.
	stopMax = 20 * time.Second
	// rssMaxMiB is what a process may hold of memory, memoryLimit what its collector is told: nine tenths of that, as the README
	// advises for a container. What is pending here needs a fraction of it.
	rssMaxMiB   = 512
	memoryLimit = "460MiB"
)

// engine is one campaignd, through all its lives.
type engine struct {
	instance string
	binary   string
	brokers  []string
	http     string
	args     []string
	log      string // file that all its lives write to
	keys     string // what commands are signed with, by all engines

	mu      sync.Mutex
	process *proctest.Process // nil: down
	rssMiB  int64             // the most seen
	failure []string          // what it did that it should not have
}

func newEngine(t proctest.TB, binary, instance, logs string, brokers []string, args ...string) *engine {
	t.Helper()
	e := &engine{
		instance: instance, binary: binary, brokers: brokers, args: args,
		http: fmt.Sprintf("127.0.0.1:%d", proctest.Port(t)), log: filepath.Join(logs, instance+".log"),
		keys: filepath.Join(logs, "signing-keys.json"),
	}
	if _, _, err := signing.ReadOrCreateFile(e.keys); err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := e.kill(); err != nil && !errors.Is(err, errDown) {
			t.Errorf("%v", err)
		}
	})
	return e
}

// tortured are the processors that run: those that answer for something by Kafka's transactions alone.
func tortured() string {
	var names []string
	for _, group := range topics.Transacted() {
		names = append(names, group.Short)
	}
	return strings.Join(names, ",")
}

var errDown = errors.New("process is down")

// start begins a new life. Error: it has not ended the last one.
func (e *engine) start() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.process != nil {
		return fmt.Errorf("starting %s: %w", e.instance, proctest.ErrRunning)
	}
	if err := e.note("---- started"); err != nil {
		return err
	}
	process, err := proctest.Launch(proctest.Command{
		Path: e.binary, Name: e.instance, Output: e.log, Env: []string{"GOMEMLIMIT=" + memoryLimit, "CAMPAIGN_SIGNING_KEYS=" + e.keys},
		Args: append([]string{
			"run", "--brokers", strings.Join(e.brokers, ","), "--instance-id", e.instance, "--http-listen", e.http,
			"--processors", tortured(),
		}, e.args...),
	})
	if err != nil {
		return err
	}
	e.process = process
	return nil
}

// note writes a line into the process's log, so that one sees there what was done to it.
func (e *engine) note(text string) error {
	f, err := os.OpenFile(e.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing the log of %s: %w", e.instance, err)
	}
	_, err = fmt.Fprintf(f, "%s %s\n", time.Now().UTC().Format("15:04:05.000"), text)
	return errors.Join(err, f.Close())
}

// take hands the process over to somebody who ends it. Error: errDown. One that has ended by itself, which it must not, and
// that watch has not looked at since then, is blamed for it here.
func (e *engine) take() (*proctest.Process, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.process == nil {
		return nil, fmt.Errorf("ending %s: %w", e.instance, errDown)
	}
	process := e.process
	e.process = nil
	select {
	case <-process.Done():
		e.failure = append(e.failure, e.instance+": ended by itself: "+process.Report())
	default:
	}
	return process, nil
}

// kill ends the process with SIGKILL.
func (e *engine) kill() error {
	process, err := e.take()
	if err != nil {
		return err
	}
	return errors.Join(process.Kill(), e.note("---- kill -9"))
}

// stop ends the process with SIGTERM; it must end by itself, in time and with exit code 0.
func (e *engine) stop() error {
	process, err := e.take()
	if err != nil {
		return err
	}
	if err := errors.Join(e.note("---- SIGTERM"), process.Terminate()); err != nil {
		return err
	}
	began := time.Now()
	code, err := process.Wait(stopMax)
	if err != nil || code != 0 {
		e.blame("SIGTERM: %d after %v, %v", code, time.Since(began).Round(time.Millisecond), err)
		return process.Kill()
	}
	return nil
}

// pause and resume are SIGSTOP and SIGCONT.
func (e *engine) pause() error { return e.signal("---- SIGSTOP", (*proctest.Process).Pause) }

func (e *engine) resume() error { return e.signal("---- SIGCONT", (*proctest.Process).Continue) }

func (e *engine) signal(note string, send func(*proctest.Process) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.process == nil {
		return fmt.Errorf("signalling %s: %w", e.instance, errDown)
	}
	return errors.Join(send(e.process), e.note(note))
}

func (e *engine) blame(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failure = append(e.failure, e.instance+": "+fmt.Sprintf(format, args...))
}

// watch looks at the process: what memory it holds, and whether it has ended by itself, which it must not. Then it is
// started again.
func (e *engine) watch() error {
	e.mu.Lock()
	process := e.process
	e.mu.Unlock()
	if process == nil {
		return nil
	}
	select {
	case <-process.Done():
		e.mu.Lock()
		gone := e.process == process
		if gone {
			e.process = nil
		}
		e.mu.Unlock()
		if gone {
			e.blame("ended by itself: %s", process.Report())
			return e.start()
		}
		return nil
	default:
	}
	usage, err := process.Usage()
	if err != nil {
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			return nil // it has just been killed
		}
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rssMiB = max(e.rssMiB, usage.RSSBytes>>20)
	return nil
}

// failures says what the process did that it should not have, and how much memory it held at most.
func (e *engine) failures() ([]string, int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	failures := e.failure
	if e.rssMiB > rssMaxMiB {
		failures = append(failures, fmt.Sprintf("%s: held %d MiB of memory, more than %d", e.instance, e.rssMiB, rssMaxMiB))
	}
	return failures, e.rssMiB
}

// ready waits until the process owns its partitions.
func (e *engine) ready(timeout time.Duration) error {
	e.mu.Lock()
	process := e.process
	e.mu.Unlock()
	if process == nil {
		return fmt.Errorf("waiting for %s: %w", e.instance, errDown)
	}
	return process.AwaitHTTP("http://"+e.http+"/readyz", timeout)
}
