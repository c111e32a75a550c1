//go:build kafka

package pglocal

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestKilledProcessTakesItsServerAlong by the parent-death signal.
func TestKilledProcessTakesItsServerAlong(t *testing.T) {
	dataDir := madeFolder(t)
	folder := filepath.Join(dataDir, folderName)
	p := victim(t, dataDir)
	awaitUp(t, p)
	pid := postmaster(t, folder)
	if v := look(pid, folder).judge(); v != serving {
		t.Fatalf("process %d is seen as %v", pid, v)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	await(t, t.Context(), func() error {
		if v := look(pid, folder).judge(); v == serving {
			return fmt.Errorf("process %d still serves", pid)
		}
		return nil
	})
	started(t, dataDir)
}

func postmaster(t *testing.T, folder string) int {
	t.Helper()
	pid, err := readPostmaster(folder)
	if err != nil || pid == 0 {
		t.Fatalf("no server: %v", err)
	}
	return pid
}
