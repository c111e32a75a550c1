// Command storesim plays stores and their devices, as real clients of the engine: they obey the engine's commands, fetch
// contents, show them in their windows, and report plays. It also serves contents to fetch.
//
//	main.go     the command line and the exit codes
//	run.go      run: stores and devices
//	faults.go   the switches of what goes wrong
//	stores.go   which stores and devices there are
//	content.go  content: a server of contents, and creative: what a definition says of one
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
)

// The exit codes.
const (
	exitClean    = 0
	exitFailed   = 1
	exitSwitches = 2
)

type program struct {
	Run      runCommand      `cmd:"" help:"Play stores and their devices, until interrupted."`
	Content  contentCommand  `cmd:"" help:"Serve contents for devices to fetch."`
	Creative creativeCommand `cmd:"" help:"Print what a campaign's definition says of a content that storesim content serves."`
}

// console is what a command writes to.
type console struct{ out, errs io.Writer }

func main() {
	config.DropEmptyVariables()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := realMain(ctx, os.Args[1:], console{out: os.Stdout, errs: os.Stderr})
	stop()
	os.Exit(code)
}

func realMain(ctx context.Context, args []string, c console) int {
	var p program
	ended := false // --help ends the parsing
	parser, err := kong.New(&p,
		kong.Name("storesim"), kong.Description("Plays stores and their devices. Without --brokers they speak to the embedded broker "+
			"of a campaignd on this machine, at "+embed.DefaultAddress+"."),
		kong.Writers(c.out, c.errs), kong.Exit(func(int) { ended = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		fmt.Fprintln(c.errs, "storesim:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(config.JoinNegative(args))
	switch {
	case ended:
		return exitClean
	case err != nil:
		fmt.Fprintf(c.errs, "storesim: %s\nstoresim --help shows the commands and their switches.\n", config.Plainly(err))
		return exitSwitches
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	switch err := parsed.Run(c); {
	case err == nil:
		return exitClean
	case errors.Is(err, errSwitches):
		fmt.Fprintln(c.errs, "storesim:", err)
		return exitSwitches
	default:
		fmt.Fprintln(c.errs, "storesim:", err)
		return exitFailed
	}
}

// errSwitches says that the command line cannot be meant.
var errSwitches = errors.New("wrong switches")

func wrongSwitches(err error) error { return fmt.Errorf("%w: %w", errSwitches, err) }
