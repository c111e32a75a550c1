package pglocal

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestNobodyRuns(t *testing.T) {
	dataDir := t.TempDir()
	folder := filepath.Join(dataDir, folderName)
	says := func(text string) {
		t.Helper()
		if url, err := Running(dataDir); !errors.Is(err, ErrNotRunning) || !strings.Contains(err.Error(), text) {
			t.Errorf("%q, %v; want %q", url, err, text)
		}
	}
	says("campaignd makes one when it runs in that data folder without --database-url")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	says("it runs as long as campaignd does")
	for _, left := range []string{"", "no number\n", strconv.Itoa(os.Getpid()) + "\n"} { // ours is no Postgres
		if err := os.WriteFile(postmasterFile(folder), []byte(left), 0o600); err != nil {
			t.Fatal(err)
		}
		says("it runs as long as campaignd does")
	}
}

func TestWhoReachesAServer(t *testing.T) {
	name := func(uid uint32) account {
		return account{uid: uid, name: map[uint32]string{7: "seven", 8: "eight"}[uid]}
	}
	for _, c := range []struct {
		me, owner uint32
		says      string
	}{{7, 7, ""}, {0, 7, ""}, {7, 8, "/d/postgres belongs to user eight, and only that user and root reach its server: run as one of them"}} {
		err := people{me: c.me, byUID: name}.mayReach(c.owner, "/d/postgres")
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d reaches that of %d: %v, want %q", c.me, c.owner, err, c.says)
		}
	}
}

func TestPrivateFolderOfAnother(t *testing.T) {
	folder := t.TempDir()
	me := uint32(os.Geteuid())
	for mode, want := range map[os.FileMode]bool{0o700: true, 0o750: false, 0o777: false} {
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
		if got := isPrivate(folder, me); got != want {
			t.Errorf("with the mode %o: %v", mode, got)
		}
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if isPrivate(folder, me+1) || isPrivate(filepath.Join(folder, "none"), me) {
		t.Error("one of another account, or none, is taken")
	}
}
