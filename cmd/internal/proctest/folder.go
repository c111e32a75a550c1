package proctest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// folderRemovalMax is only to end what hangs: a hundred thousand files are slow to go on a busy machine.
const folderRemovalMax = 2 * time.Minute

// removal waits until its input ends, which the kernel sees to when the test is killed, then removes the folder $1. It
// tries for some seconds, because processes killed in the same moment may still be writing there.
const removal = `trap '' HUP INT TERM
cat >/dev/null
n=0
while [ -e "$1" ] && [ $n -lt 50 ]; do
	rm -rf -- "$1" 2>/dev/null || sleep 0.1
	n=$((n+1))
done`

// Folder makes a temporary folder and removes it when the test ends, also when the test binary is killed with SIGKILL
// (testing.T.TempDir does not). Start what writes into it after this call, so that it is ended before the removal.
func Folder(t TB, name string) string {
	t.Helper()
	return FolderIn(t, "", name)
}

// FolderIn is Folder in another place than the usual one.
func FolderIn(t TB, place, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp(place, "campaign-"+name+"-")
	if err != nil {
		t.Fatalf("making a temporary folder: %v", err)
	}
	remove, err := removeAtEnd(dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := remove(); err != nil {
			t.Errorf("%v", err)
		}
	})
	return dir
}

// removeAtEnd starts the shell that removes the folder. The function returned makes it do so now, and waits for it.
func removeAtEnd(dir string) (remove func() error, err error) {
	shell := exec.Command("/bin/sh", "-c", removal, "sh", dir)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // out of reach of the terminal's signals
	input, err := shell.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("guarding %s: %w", dir, err)
	}
	if err := shell.Start(); err != nil {
		return nil, fmt.Errorf("guarding %s: %w", dir, err)
	}
	return func() error { return endRemoval(shell, input, dir) }, nil
}

func endRemoval(shell *exec.Cmd, input io.Closer, dir string) error {
	stop := time.AfterFunc(folderRemovalMax, func() { _ = shell.Process.Kill() })
	defer stop.Stop()
	if err := input.Close(); err != nil {
		return fmt.Errorf("removing %s: %w", dir, err)
	}
	_ = shell.Wait() // what counts is whether the folder is gone
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		return fmt.Errorf("removing %s: it is still there", dir)
	}
	return nil
}
