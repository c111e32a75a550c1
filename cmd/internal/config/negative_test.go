package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
)

func TestValuesBelowZeroAreTheirSwitchs(t *testing.T) {
	for given, want := range map[string]string{
		"list --limit -1":              "list --limit=-1",
		"run --lead -1h30m --rate -.5": "run --lead=-1h30m --rate=-.5",
		"publish --force - x":          "publish --force - x",
		"run --lead=1h -1":             "run --lead=1h -1",
		"-1 --a --b -c":                "-1 --a --b -c",
		"list -- -1":                   "list -- -1",
		"list --a -1 -2":               "list --a=-1 -2",
	} {
		if got := config.JoinNegative(strings.Fields(given)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s becomes %v, want %s", given, got, want)
		}
	}
}
