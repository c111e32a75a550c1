package processors_test

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expectations of testdata/scenarios; then read them")

// TestScenarios plays each script of testdata/scenarios on goka's tester and on the in-process broker, and wants the
// same facts from both: those of the script, and byte for byte the same records.
func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			testScript(t, path)
		})
	}
}

func testScript(t *testing.T, path string) {
	s, err := readScript(path)
	if err != nil {
		t.Fatal(err)
	}
	var heard []*play
	for _, kind := range deployments() {
		if only := s.onlyOn(); only != "" && only != kind.name {
			continue
		}
		t.Run(kind.name, func(t *testing.T) { heard = append(heard, playScript(t, s, *update && len(heard) == 0, kind.deploy)) })
	}
	if *update && !t.Failed() {
		if err := s.rewrite(); err != nil {
			t.Fatal(err)
		}
	}
	if len(heard) == 2 {
		if diff := cmp.Diff(heard[0].chronicle.values, heard[1].chronicle.values); diff != "" {
			t.Errorf("%s: the deployments tell other records (-tester +broker):\n%s", path, diff)
		}
	}
}

// deploymentKind is one way to run the processors.
type deploymentKind struct {
	name   string
	deploy func(*testing.T, setup) deployment
}

func deployments() []deploymentKind {
	return []deploymentKind{{"tester", deployOnTester}, {"broker", deployOnBroker}}
}
