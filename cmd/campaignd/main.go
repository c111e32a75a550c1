// Command campaignd is the campaign scheduling engine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/story"
)

// The exit codes.
const (
	exitClean    = 0
	exitFailed   = 1
	exitSwitches = 2
	exitDiffers  = 3 // topics plan only: there is something to mend, but the engine starts with it
)

type program struct {
	Run      runCommand      `cmd:"" help:"Run the engine. Without --brokers it brings a broker of its own, kept in the data folder."`
	Demo     demoCommand     `cmd:"" help:"Tell one night of three campaigns under a clock that flies, and compare what came of it with what must; 1 when something differs."`
	Simulate simulateCommand `cmd:"" help:"Simulate the engine over a file of events, without a broker, as fast as the machine can."`
	Ready    readyCommand    `cmd:"" help:"Ask the engine that runs here whether it is ready; 1 and the reasons when it is not."`
	Topics   topicsCommand   `cmd:"" help:"Compare, create or draw the topics."`
	Keys     keysCommand     `cmd:"" help:"Make and change the keys that commands to devices are signed with."`
	Version  versionFlag     `name:"version" help:"Print the version."`
}

func main() {
	config.DropEmptyVariables()
	os.Exit(realMain(os.Args[1:]))
}

func realMain(args []string) int {
	parser, err := grammar()
	if err != nil {
		fmt.Fprintln(os.Stderr, "campaignd:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(config.JoinNegative(args))
	if err != nil {
		fmt.Fprintf(os.Stderr, "campaignd: %s%s\n%s --help shows what there is\n",
			config.Plainly(err), alsoMissing(err), commandOf(err))
		return exitSwitches
	}
	ctx, stop := untilSignal()
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	switch err := parsed.Run(); {
	case err == nil:
		return exitClean
	case errors.Is(err, errSwitches):
		fmt.Fprintln(os.Stderr, "campaignd:", err)
		return exitSwitches
	case errors.Is(err, errDiffers):
		fmt.Fprintln(os.Stderr, "campaignd:", err)
		return exitDiffers
	default:
		fmt.Fprintln(os.Stderr, "campaignd:", err)
		return exitFailed
	}
}

// grammar returns what the command line may hold.
func grammar() (*kong.Kong, error) {
	return kong.New(new(program),
		kong.Name("campaignd"),
		kong.Description("The campaign scheduling engine: starts and stops advertising campaigns on time."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"processors": config.ProcessorNames(), "story_rate": strconv.Itoa(story.Rate)},
	)
}

// commandOf returns how far a command line was understood that was not to its end: "campaignd topics".
func commandOf(err error) string {
	var parsing *kong.ParseError
	if errors.As(err, &parsing) && parsing.Context != nil && parsing.Context.Selected() != nil {
		return parsing.Context.Selected().FullPath()
	}
	return "campaignd"
}

// alsoMissing returns the arguments that lack beside switches, which are told of first.
func alsoMissing(err error) (text string) {
	var parsing *kong.ParseError
	if !strings.HasPrefix(err.Error(), "missing flags: ") || !errors.As(err, &parsing) || parsing.Context.Selected() == nil {
		return ""
	}
	for _, argument := range parsing.Context.Selected().Positional {
		given := slices.ContainsFunc(parsing.Context.Path, func(p *kong.Path) bool { return p.Positional == argument })
		if argument.Required && !given {
			text += ", and " + argument.Summary()
		}
	}
	return text
}

// errSwitches says that the command line cannot be meant.
var errSwitches = errors.New("wrong switches")

func wrongSwitches(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errSwitches, err)
}
