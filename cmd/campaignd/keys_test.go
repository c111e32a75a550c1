package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestARotationByHand goes through all commands of campaignd keys.
func TestARotationByHand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	ids := func() []string {
		t.Helper()
		keys, err := signing.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return keys.IDs()
	}
	run := func(want int, args ...string) string {
		t.Helper()
		code, said := ended(t, append([]string{"keys"}, args...)...)
		if code != want {
			t.Fatalf("%v ends with %d, and says %s", args, code, said)
		}
		return said
	}
	says := func(said, what string) {
		t.Helper()
		if !strings.Contains(said, what) {
			t.Errorf("it says %q, and not %q", said, what)
		}
	}
	says(run(exitFailed, "list", path), "campaignd keys init "+path)
	run(exitClean, "init", path)
	first := ids()[0]
	run(exitClean, "init", path)
	run(exitClean, "add", path)
	if all := ids(); len(all) != 2 || all[0] != first {
		t.Fatalf("the keys are %v, and %s was the first", all, first)
	}
	second := ids()[1]
	run(exitFailed, "retire", path, first)
	run(exitClean, "promote", path, second)
	run(exitClean, "list", path)
	run(exitClean, "retire", path, first)
	says(run(exitSwitches, "promote", path, first), "campaignd keys list "+path)
	run(exitSwitches, "retire", path)
	if all := ids(); len(all) != 1 || all[0] != second {
		t.Errorf("at the end the keys are %v", all)
	}
}

// TestOpenKeys: the file in the data folder is made, one that is named is not, and who signs nothing needs none.
func TestOpenKeys(t *testing.T) {
	folder := t.TempDir()
	open := func(processor, file string) (*signing.Ring, bool, error) {
		e := &config.Engine{Processors: []string{processor}, SigningKeys: file}
		e.DataDir = folder
		return openKeys(e)
	}
	if ring, _, err := open(topics.Timers, ""); ring != nil || err != nil {
		t.Errorf("timers: %v, %v", ring, err)
	}
	ring, made, err := open(topics.Router, "")
	if err != nil || !made {
		t.Fatal(made, err)
	}
	if _, made, err := open(topics.Router, ""); err != nil || made {
		t.Errorf("the second time: %v, %v", made, err)
	}
	named := filepath.Join(folder, "signing-keys.json")
	if again, made, err := open(topics.Router, named); err != nil || made || string(again.Public()) != string(ring.Public()) {
		t.Errorf("by its name: %v, %v", made, err)
	}
	if _, _, err := open(topics.Router, filepath.Join(folder, "none.json")); err == nil || !strings.Contains(err.Error(), "campaignd keys init") {
		t.Errorf("one that there is not: %v", err)
	}
	if info, err := os.Stat(named); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
