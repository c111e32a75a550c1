package config

import (
	"os"

	"github.com/alecthomas/kong"
)

// Given remembers which switches were given, and how; what is not in it has its default.
type Given struct {
	by map[string]string
}

// AfterApply implements kong's hook.
func (g *Given) AfterApply(c *kong.Context) error {
	g.by = map[string]string{}
	for _, flag := range c.Flags() {
		for _, variable := range flag.Envs {
			if os.Getenv(variable) != "" {
				g.by[flag.Name] = "$" + variable
			}
		}
	}
	for _, step := range c.Path {
		if step.Flag != nil && !step.Resolved {
			g.by[step.Flag.Name] = "--" + step.Flag.Name
		}
	}
	return nil
}

// How returns how a switch was given, "--name" or "$VARIABLE"; empty when it was not.
func (g *Given) How(name string) string { return g.by[name] }
