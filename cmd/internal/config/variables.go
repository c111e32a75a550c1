package config

import (
	"os"
	"strings"
)

// variablePrefix begins the name of each of the programs' environment variables.
const variablePrefix = "CAMPAIGN_"

// DropEmptyVariables takes those of the programs' environment variables away that are empty, so that they count as unset: who
// writes NAME= in a file of variables means the default. It is for main, before the switches are read.
func DropEmptyVariables() {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); value == "" && strings.HasPrefix(name, variablePrefix) {
			_ = os.Unsetenv(name) // fails only for a name that cannot stand in the environment
		}
	}
}
