// Command campaignctl is the hand of operators and analysts: it publishes events, watches topics, tells a campaign's
// story, and makes campaigns to try things with.
//
//	main.go      the command line and the exit codes
//	connect.go   a client of the brokers, and the errors of reaching them
//	publish.go   publish; lines.go and array.go read its input, progress.go shows how far it is
//	tail.go      tail; describe.go, describe_money.go and describe_devices.go tell a record in a line, unfold.go as JSON
//	story.go     show and timeline
//	statement.go statement
//	readiness.go readiness
//	store.go     store and device
//	wallet.go    wallet
//	mails.go     mails
//	reconcile.go reconcile
//	database.go  the tables in Postgres, for reading
//	list.go      list
//	read.go      reading partitions to the end that they have now
//	generate.go  generate
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
	"github.com/rmn-arms/campaign-engine/topics"
)

// The exit codes.
const (
	exitClean    = 0
	exitFailed   = 1
	exitSwitches = 2
)

type program struct {
	Publish   publishCommand   `cmd:"" help:"Publish events, one JSON line each or in an array."`
	Tail      tailCommand      `cmd:"" help:"Show what comes on topics."`
	Show      showCommand      `cmd:"" help:"Show what a campaign is now, and what comes next."`
	List      listCommand      `cmd:"" help:"Show the campaigns that there are, and what comes next."`
	Timeline  timelineCommand  `cmd:"" help:"Show all that happened to a campaign, and how late."`
	Statement statementCommand `cmd:"" help:"Show what a campaign has come to: its plays, what was spent and released."`
	Readiness readinessCommand `cmd:"" help:"Show on how many devices a campaign's content is, and which are not ready."`
	Device    deviceCommand    `cmd:"" help:"Show what is to be on a device, what is, and why not."`
	Store     storeCommand     `cmd:"" help:"Show a store's campaigns and devices, and how ready they are."`
	Wallet    walletCommand    `cmd:"" help:"Show what came back to an advertiser, and what is held."`
	Mails     mailsCommand     `cmd:"" help:"Show the mails to campaigns' contacts, and what became of them."`
	Reconcile reconcileCommand `cmd:"" help:"Hold the ledger in Postgres against the topics."`
	Generate  generateCommand  `cmd:"" help:"Make realistic campaigns, one JSON line per event."`
	Version   versionFlag      `name:"version" help:"Print the version."`
}

// console is what a command reads, writes and asks for the time.
type console struct {
	in        io.Reader
	out, errs io.Writer
	// outIsTerminal allows colours on out, errsIsTerminal a progress bar on errs.
	outIsTerminal, errsIsTerminal bool
	now                           func() time.Time
}

func main() {
	config.DropEmptyVariables()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	plain := os.Getenv("NO_COLOR") != ""
	code := realMain(ctx, os.Args[1:], console{
		in: os.Stdin, out: os.Stdout, errs: os.Stderr,
		outIsTerminal: isTerminal(os.Stdout) && !plain, errsIsTerminal: isTerminal(os.Stderr), now: time.Now,
	})
	stop()
	os.Exit(code)
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func realMain(ctx context.Context, args []string, c console) int {
	var p program
	ended := false // --help and --version end the parsing
	parser, err := kong.New(&p,
		kong.Name("campaignctl"), kong.Description("Publishes, watches and explains campaigns. Without --brokers it speaks to "+
			"the embedded broker of a campaignd on this machine, at "+embed.DefaultAddress+"."),
		kong.Writers(c.out, c.errs), kong.Exit(func(int) { ended = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Vars{"events": string(topics.CampaignEvents)},
	)
	if err != nil {
		fmt.Fprintln(c.errs, "campaignctl:", err)
		return exitFailed
	}
	nameDefaultBroker(parser.Model.Node)
	if len(args) > 0 && args[0] == "statement" { // it has a --version of its own
		parser.Model.Flags = slices.DeleteFunc(parser.Model.Flags, func(f *kong.Flag) bool { return f.Name == "version" })
	}
	parsed, err := parser.Parse(config.JoinNegative(args))
	switch {
	case ended:
		return exitClean
	case err != nil:
		fmt.Fprintf(c.errs, "campaignctl: %s\ncampaignctl --help shows the commands and their switches.\n", config.Plainly(err))
		return exitSwitches
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	switch err := parsed.Run(c); {
	case err == nil:
		return exitClean
	case errors.Is(err, errSwitches):
		fmt.Fprintln(c.errs, "campaignctl:", err)
		return exitSwitches
	default:
		fmt.Fprintln(c.errs, "campaignctl:", err)
		return exitFailed
	}
}

// nameDefaultBroker has the help of all commands say which brokers are reached without the switch: unlike campaignd, which
// shares it, this program starts none.
func nameDefaultBroker(node *kong.Node) {
	for _, flag := range node.Flags {
		if flag.Name == "brokers" {
			flag.Help = "Kafka brokers (default " + embed.DefaultAddress + ", the embedded broker of a campaignd on this machine)."
		}
	}
	for _, child := range node.Children {
		nameDefaultBroker(child)
	}
}

// errSwitches says that the command line cannot be meant.
var errSwitches = errors.New("wrong switches")

func wrongSwitches(err error) error { return fmt.Errorf("%w: %w", errSwitches, err) }
