package proctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func shell(t *testing.T, script string) *Process {
	t.Helper()
	return Start(t, Command{Path: "/bin/sh", Args: []string{"-c", script}})
}

func awaitOutput(t *testing.T, p *Process, text string) {
	t.Helper()
	await(t, func() error {
		if !strings.Contains(p.Stdout(), text) {
			return fmt.Errorf("no %q yet: %s", text, p.Report())
		}
		return nil
	})
}

// stateOf returns the process's state letter of proc_pid_stat(5), Z when there is no such process: an orphan that has
// ended stays until the machine's first process has taken notice, which in a container may be never.
func stateOf(t *testing.T, pid int) byte {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return 'Z'
	}
	if err != nil {
		t.Fatal(err)
	}
	return stat[bytes.LastIndexByte(stat, ')')+2]
}

func dead(t *testing.T, pid int) error {
	t.Helper()
	if s := stateOf(t, pid); s != 'Z' {
		return fmt.Errorf("process %d is in state %c", pid, s)
	}
	return nil
}

func gone(path string) error {
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		return fmt.Errorf("%s is there (%v)", path, err)
	}
	return nil
}

func TestTerminateGivesTheProgramTheLastWord(t *testing.T) {
	p := shell(t, `trap 'echo bye; echo why >&2; exit 7' TERM; echo ready; while :; do sleep 0.01; done`)
	awaitOutput(t, p, "ready")
	if err := p.Terminate(); err != nil {
		t.Fatal(err)
	}
	code, err := p.Wait(patience)
	if err != nil || code != 7 {
		t.Errorf("exit code %d, %v; want 7", code, err)
	}
	if p.Stdout() != "ready\nbye\n" || p.Stderr() != "why\n" {
		t.Errorf("outputs %q and %q", p.Stdout(), p.Stderr())
	}
	if err := p.Terminate(); !errors.Is(err, ErrEnded) {
		t.Errorf("signal to an ended process: %v, want ErrEnded", err)
	}
	if err := p.Kill(); err != nil {
		t.Errorf("killing an ended process: %v", err)
	}
}

func TestKillLeavesNoProcess(t *testing.T) {
	p := shell(t, `trap '' TERM; echo ready; while :; do sleep 0.01; done`)
	awaitOutput(t, p, "ready")
	if _, err := p.Wait(time.Millisecond); !errors.Is(err, ErrRunning) {
		t.Errorf("waiting for a running process: %v, want ErrRunning", err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if code, err := p.Wait(0); err != nil || code != -1 {
		t.Errorf("exit code %d, %v; want -1", code, err)
	}
	if err := gone(fmt.Sprintf("/proc/%d", p.PID())); err != nil {
		t.Error(err)
	}
}

func TestKillGroupReachesGrandchildren(t *testing.T) {
	p := shell(t, `sleep 1000 & echo $!; wait`)
	awaitOutput(t, p, "\n")
	var grandchild int
	if _, err := fmt.Sscan(p.Stdout(), &grandchild); err != nil {
		t.Fatal(err)
	}
	if err := p.KillGroup(); err != nil {
		t.Fatal(err)
	}
	await(t, func() error { return dead(t, grandchild) })
}

func TestPauseAndContinue(t *testing.T) {
	p := shell(t, `echo ready; while :; do :; done`)
	awaitOutput(t, p, "ready")
	if err := p.Pause(); err != nil {
		t.Fatal(err)
	}
	await(t, func() error {
		if s := stateOf(t, p.PID()); s != 'T' {
			return fmt.Errorf("state %c, want T", s)
		}
		return nil
	})
	before, err := p.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Continue(); err != nil {
		t.Fatal(err)
	}
	await(t, func() error {
		if now, err := p.Usage(); err != nil || now.CPU <= before.CPU {
			return fmt.Errorf("CPU %v after the pause, %v before (%v)", now.CPU, before.CPU, err)
		}
		return nil
	})
	if err := errors.Join(p.Pause(), p.Kill()); err != nil {
		t.Errorf("killing a paused process: %v", err)
	}
}

func TestUsageOutlivesTheProcess(t *testing.T) {
	p := shell(t, `while :; do :; done`)
	var running Usage
	await(t, func() (err error) {
		if running, err = p.Usage(); err == nil && running.CPU < 50*time.Millisecond {
			err = fmt.Errorf("used %v", running.CPU)
		}
		return err
	})
	if running.RSSBytes < 100<<10 {
		t.Errorf("resident memory %d bytes", running.RSSBytes)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	ended, err := p.Usage()
	if err != nil || ended.CPU < running.CPU || ended.RSSBytes != 0 {
		t.Errorf("used %+v, %v; while it ran %+v", ended, err, running)
	}
}

func TestLaunchNamesWhatIsMissing(t *testing.T) {
	_, err := Launch(Command{Path: "/no/such/program"})
	if err == nil || !strings.HasPrefix(err.Error(), "starting program: ") {
		t.Errorf("error %v", err)
	}
}

// unready serves what is never ready. again is called with each question that is not the first: that one was answered then.
func unready(t *testing.T, again func()) (url string) {
	t.Helper()
	var asked atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Swap(true) {
			again()
		}
		http.Error(w, "recovering", http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAwaitHTTP(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			http.Error(w, "recovering", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	p := shell(t, `exec sleep 1000`)
	if err := p.AwaitHTTP(server.URL, patience); err != nil || asked.Load() != 3 {
		t.Errorf("%v after %d requests, want none after 3", err, asked.Load())
	}
	if err := p.AwaitHTTP(unready(t, func() {}), time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline", err)
	}
	ctx, tire := context.WithCancelCause(t.Context())
	tired := errors.New("had enough")
	err := p.awaitHTTP(ctx, unready(t, func() { tire(tired) }))
	if !errors.Is(err, tired) || !strings.Contains(err.Error(), "recovering") {
		t.Errorf("error %v, want why it waits no more, and the last answer", err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.AwaitHTTP(server.URL, patience); !errors.Is(err, ErrEnded) {
		t.Errorf("error %v, want ErrEnded", err)
	}
}

func TestKilledTestLeavesNothing(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := Start(t, Command{Path: self, Env: []string{victimEnv + "=1"}, Name: "victim"})
	awaitOutput(t, p, "\n")
	var pid, port int
	var dir string
	if _, err := fmt.Sscan(p.Stdout(), &pid, &port, &dir); err != nil {
		t.Fatal(err)
	}
	if gone(dir) == nil || dead(t, pid) == nil {
		t.Fatalf("process %d or folder %s is not there before the kill", pid, dir)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	await(t, func() error { return errors.Join(dead(t, pid), gone(dir)) })
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatalf("the port is still taken: %v", err)
	}
	listener.Close()
}
