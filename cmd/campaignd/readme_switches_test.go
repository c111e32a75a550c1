package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestReadmeShowsTheSwitches holds the README's table against campaignd run: the same switches, variables and defaults.
func TestReadmeShowsTheSwitches(t *testing.T) {
	parser, err := grammar()
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]*kong.Flag{}
	for _, command := range parser.Model.Children {
		if command.Name == "run" {
			for _, flag := range command.Flags {
				flags["--"+flag.Name] = flag
			}
		}
	}
	if len(flags) == 0 {
		t.Fatal("campaignd run has no switches")
	}
	for _, cells := range readmeTable(t, "switches") {
		name := strings.Trim(cells[0], "`")
		flag, exists := flags[name]
		if !exists {
			t.Errorf("README: campaignd run has no switch %s", name)
			continue
		}
		delete(flags, name)
		if variable := strings.Join(flag.Envs, ","); variable != strings.Trim(cells[1], "`") {
			t.Errorf("README: %s is set by %q, not by %s", name, variable, cells[1])
		}
		if flag.HasDefault && flag.Default != "" && flag.Default != "0" && flag.Default != cells[2] {
			t.Errorf("README: %s is %q by default, not %q", name, flag.Default, cells[2])
		}
	}
	for name := range flags {
		t.Errorf("README: the switch %s is missing", name)
	}
}
