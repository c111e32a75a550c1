package config_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
)

// TestWrongValuesAreToldPlainly as the parser in use words them: a newer one with other words fails here.
func TestWrongValuesAreToldPlainly(t *testing.T) {
	t.Setenv("PLAINLY_NUMBER", "x")
	for args, want := range map[string]string{
		"--text":       "--text: wants a value behind it",
		"--whole 0.5":  `--whole: must be a whole number, and is "0.5"`,
		"--count -1":   `--count: must be a whole number that is not below zero, and is "-1"`,
		"--share much": `--share: must be a number, and is "much"`,
		"--wait 10":    `--wait: must be a duration with its unit, for example 90s, 10m or 24h, and is "10"`,
		"--wait 10x":   `--wait: must be a duration with its unit, for example 90s, 10m or 24h, and is "10x"`,
		"--wait soon":  `--wait: must be a duration with its unit, for example 90s, 10m or 24h, and is "soon"`,
		"":             `--from-outside: must be a whole number, and is "x" (from the environment, PLAINLY_NUMBER="x")`,
		"--unheard-of": "unknown flag --unheard-of",
	} {
		var command struct {
			Text        string
			Whole       int64
			Count       uint
			Share       float64
			Wait        time.Duration
			FromOutside int `env:"PLAINLY_NUMBER"`
		}
		parser, err := kong.New(&command, kong.Writers(io.Discard, io.Discard))
		if err != nil {
			t.Fatal(err)
		}
		_, err = parser.Parse(config.JoinNegative(strings.Fields(args)))
		if err == nil {
			t.Errorf("%q is taken", args)
		} else if got := config.Plainly(err); got != want {
			t.Errorf("%q: %s; want %s", args, got, want)
		}
	}
}
