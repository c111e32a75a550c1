package simulate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is called like the mark, and is none, leads perhaps out of the folder: nothing is written through it.
func TestAMarkThatIsALink(t *testing.T) {
	t.Parallel()
	folder, other := t.TempDir(), filepath.Join(t.TempDir(), "other")
	if err := errors.Join(os.WriteFile(other, []byte("other"), 0o644), os.Symlink(other, filepath.Join(folder, mark))); err != nil {
		t.Fatal(err)
	}
	_, err := openFolder(folder, nil, "")
	if err == nil || !strings.Contains(err.Error(), "no simulation has made it") {
		t.Errorf("the folder is taken: %v", err)
	}
	if text, err := os.ReadFile(other); err != nil || string(text) != "other" {
		t.Errorf("what the link leads to is %q now: %v", text, err)
	}
}

// Of two simulations in one folder each would remove, and give names to, what the other one writes.
func TestOneSimulationAFolder(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	for range 2 { // in a new folder, and in one that is a simulation's own
		first, err := openFolder(path, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(first.write("plays", []byte("{}\n")), first.flush()); err != nil {
			t.Fatal(err)
		}
		if _, err := openFolder(path, nil, ""); err == nil || !strings.Contains(err.Error(), "another simulation") {
			t.Errorf("a second one takes the folder: %v", err)
		}
		if err := errors.Join(first.publish(), first.mark.Close()); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(filepath.Join(path, "plays.jsonl")); err != nil || string(text) != "{}\n" {
			t.Errorf("the result is %q: %v", text, err)
		}
	}
}
