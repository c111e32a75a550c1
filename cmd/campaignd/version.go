package main

import (
	"fmt"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"github.com/rmn-arms/campaign-engine/state/zone"
)

// versionFlag prints what the binary was built from.
type versionFlag bool

// BeforeReset implements kong's hook: it prints and ends before required arguments are asked for.
func (versionFlag) BeforeReset(app *kong.Kong) error { //nolint:unparam // the signature is kong's
	fmt.Fprintf(app.Stdout, "campaignd %s, time zones of tzdb %s\n", version(), zone.DatabaseVersion)
	app.Exit(exitClean)
	return nil
}

// version returns the version of the module that the binary was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
