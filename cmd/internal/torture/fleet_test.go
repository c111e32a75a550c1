package torture

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestAProcessThatEndedByItselfIsBlamed, whoever comes first then: who watches the processes, or who is about to kill it.
func TestAProcessThatEndedByItselfIsBlamed(t *testing.T) {
	binary, err := exec.LookPath("true") // it ends at once
	if err != nil {
		t.Fatal(err)
	}
	for name, find := range map[string]func(*engine) error{"watched": (*engine).watch, "killed": (*engine).kill} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, binary, "one", t.TempDir(), []string{"nowhere:1"})
			if err := e.start(); err != nil {
				t.Fatal(err)
			}
			if _, err := e.process.Wait(10 * time.Second); err != nil {
				t.Fatal(err)
			}
			if err := find(e); err != nil {
				t.Fatal(err)
			}
			if failures, _ := e.failures(); len(failures) != 1 || !strings.Contains(failures[0], "ended by itself") {
				t.Errorf("it is blamed for %q", failures)
			}
		})
	}
}
