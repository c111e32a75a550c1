package post

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

func carry(f *Folder, id string, commit func() error) Answer {
	m := &pgstore.ClaimedMail{Mail: mailTo(id)}
	m.MessageID = id
	return f.Carry(context.Background(), context.Background(), m, commit)
}

func TestFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "mails")
	f := NewFolder(path)
	pass := func() error { return nil }
	const killed, writing = ".draft-1", ".draft-2" // by a process that was killed long ago, and by another one now
	if err := errors.Join(os.MkdirAll(path, 0o700), os.WriteFile(filepath.Join(path, killed), nil, 0o600),
		os.WriteFile(filepath.Join(path, writing), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(path, killed), time.Time{}, time.Unix(1_700_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	if a := carry(f, "a@engine.example", pass); a.Verdict != Accepted || !strings.Contains(a.Text, path) {
		t.Errorf("got %+v", a)
	}
	if a := carry(f, "../../b@engine.example", pass); a.Verdict != Accepted {
		t.Errorf("got %+v", a)
	}
	if a := carry(f, "c@engine.example", func() error { return errWithheld }); a.Verdict != Withheld {
		t.Errorf("got %+v", a)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if diff := cmp.Diff([]string{".._.._b@engine.example.eml", writing, "a@engine.example.eml"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	text, err := os.ReadFile(filepath.Join(path, "a@engine.example.eml"))
	if err != nil || string(text) != string(mailTo("a@engine.example").Message) {
		t.Errorf("%q, %v", text, err)
	}
}

// TestFolderThatCannotBe: all mails wait, as for a server that is away.
func TestFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	asked := false
	a := carry(NewFolder(filepath.Join(file, "mails")), "a", func() error { asked = true; return errors.New("asked") })
	if a.Verdict != Unreachable || asked {
		t.Errorf("got %+v, asked %t", a, asked)
	}
}

// TestFolderThatTakesNoNames: what cannot be kept is no trouble of the mail's own, and is tried again.
func TestFolderThatTakesNoNames(t *testing.T) {
	path := t.TempDir()
	if err := os.Mkdir(filepath.Join(path, "a.eml"), 0o700); err != nil {
		t.Fatal(err)
	}
	if a := carry(NewFolder(path), "a", func() error { return nil }); a.Verdict != Unreachable {
		t.Errorf("got %+v", a)
	}
}
