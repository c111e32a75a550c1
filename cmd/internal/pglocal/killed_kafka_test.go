//go:build kafka

package pglocal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

func TestKilledServerIsToldAndRecovers(t *testing.T) {
	dataDir := madeFolder(t)
	s := started(t, dataDir)
	ask(t, s, "CREATE TABLE kept AS SELECT 7 AS n")
	if err := s.child.process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if err := s.Err(); !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "killed") {
		t.Errorf("it says %v", err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("stopping what has ended: %v", err)
	}
	if got := ask(t, started(t, dataDir), "SELECT n FROM kept"); got != "7" {
		t.Errorf("kept %q", got)
	}
}

// TestEarlierServerIsEnded: one that did not die with its campaignd, as where there is no parent-death signal; also one that
// stands still and hears nothing, whose sessions see in the end that it is gone.
func TestEarlierServerIsEnded(t *testing.T) {
	for name, stands := range map[string]bool{"running": false, "standing": true} {
		t.Run(name, func(t *testing.T) {
			dataDir := madeFolder(t)
			s := started(t, dataDir)
			stopped(t, s)
			earlier := exec.Command(filepath.Join(s.at.folder, "postgres"), serverArguments(s.folder, s.socket)...)
			earlier.Env, earlier.Dir, earlier.SysProcAttr = environment(), "/", attributes(s.who)
			if err := earlier.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- earlier.Wait() }()
			t.Cleanup(func() { _ = earlier.Process.Kill() })
			await(t, t.Context(), func() error { return pgstore.Ping(t.Context(), s.URL()) })
			if stands {
				if err := earlier.Process.Signal(syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
			}
			next := started(t, dataDir)
			if err := <-ended; (err != nil) != stands {
				t.Errorf("the earlier one's end: %v", err)
			}
			if got := ask(t, next, "SELECT 1"); got != "1" {
				t.Errorf("answered %q", got)
			}
		})
	}
}

// TestNumberOfAnotherProgram: after a kill the number in postmaster.pid may have become another program's, of the same
// account even, which Postgres would take for a server's.
func TestNumberOfAnotherProgram(t *testing.T) {
	dataDir := madeFolder(t)
	s := started(t, dataDir)
	file := postmasterFile(s.folder)
	note, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, s)
	other := exec.Command("sleep", "1000")
	other.SysProcAttr = attributes(s.who)
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	_, rest, _ := strings.Cut(string(note), "\n")
	if err := os.WriteFile(file, []byte(strconv.Itoa(other.Process.Pid)+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Lchown(file, int(s.who.uid), int(s.who.gid)); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, started(t, dataDir), "SELECT 1"); got != "1" {
		t.Errorf("answered %q", got)
	}
	if err := other.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the other program: %v", err)
	}
}

func TestKilledWhileMakingLeavesNothingHalfMade(t *testing.T) {
	dataDir := dataFolder(t)
	p := victim(t, dataDir)
	ctx, stop := p.Context(t.Context())
	defer stop()
	await(t, ctx, isMaking(t, dataDir))
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(dataDir, folderName)); err == nil {
		t.Fatal("it was made before the kill")
	}
	started(t, dataDir)
	await(t, t.Context(), func() error { // what was killed may have been writing until now
		removeUnfinished(dataDir)
		if left := making(t, dataDir); len(left) > 0 {
			return fmt.Errorf("left: %q", left)
		}
		return nil
	})
}

// TestEndedWhileStarting: a start that is called off, at either of its halves, leaves neither a process nor half a folder.
func TestEndedWhileStarting(t *testing.T) {
	dataDir := dataFolder(t)
	folder := filepath.Join(dataDir, folderName)
	off := func(when func() error) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		result := make(chan error, 1)
		go func() {
			s, err := Start(ctx, options(t, dataDir))
			if err == nil { // it was quicker
				err = s.Stop(context.Background())
			}
			result <- err
		}()
		await(t, t.Context(), when)
		cancel()
		return <-result
	}
	if err := off(isMaking(t, dataDir)); !errors.Is(err, context.Canceled) {
		t.Errorf("while making: %v", err)
	}
	if left := making(t, dataDir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if _, err := os.Lstat(folder); err == nil {
		t.Error("a folder is there")
	}
	stopped(t, started(t, dataDir))
	err := off(func() error { _, err := os.Stat(postmasterFile(folder)); return err })
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("while starting: %v", err)
	}
	if pid, err := readPostmaster(folder); err != nil || pid != 0 {
		t.Errorf("process %d is left, %v", pid, err)
	}
	started(t, dataDir)
}
