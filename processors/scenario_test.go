package processors_test

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expectations of testdata/scenarios; then read them")

// TestScenarios plays each script of testdata/scenarios on goka's tester, on the in-process broker and in a simulation, and wants
// the same facts from all: those of the script, and byte for byte the same records.
func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			if *update {
				rewriteScript(t, path)
			}
			testScript(t, path)
		})
	}
}

// deploymentKind is one way to run the processors.
type deploymentKind struct {
	name   string
	deploy func(*testing.T, setup) deployment
}

func deployments() []deploymentKind {
	return []deploymentKind{{"tester", deployOnTester}, {"broker", deployOnBroker}, {"simulation", deploySimulated}}
}

// testScript plays a script on each kind of deployment that it is for.
func testScript(t *testing.T, path string) {
	s := loadScript(t, path)
	var told []map[string][]string
	var by []string
	for _, kind := range deployments() {
		if s.isFor(kind) {
			t.Run(kind.name, func(t *testing.T) {
				told, by = append(told, playScript(t, s, kind, checking).chronicle.values), append(by, kind.name)
			})
		}
	}
	for i := 1; i < len(told); i++ {
		if diff := cmp.Diff(told[0], told[i]); diff != "" {
			t.Errorf("%s: the %s tells other records than the %s:\n%s", path, by[i], by[0], diff)
		}
	}
}

// rewriteScript plays a script on the first kind of deployment that it is for and writes down what is found.
func rewriteScript(t *testing.T, path string) {
	s := loadScript(t, path)
	for _, kind := range deployments() {
		if !s.isFor(kind) {
			continue
		}
		t.Run("rewriting", func(t *testing.T) { playScript(t, s, kind, rewriting) })
		if t.Failed() {
			return
		}
		if err := s.rewrite(); err != nil {
			t.Fatal(err)
		}
		return
	}
}

func loadScript(t *testing.T, path string) *script {
	t.Helper()
	s, err := readScript(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// isFor says whether a script is to be played on a kind of deployment.
func (s *script) isFor(kind deploymentKind) bool {
	only := ""
	if len(s.steps) > 0 && s.steps[0].verb == "deployment" {
		only = s.steps[0].named["only"]
	}
	return only == "" || only == kind.name
}
