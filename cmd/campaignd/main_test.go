package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
)

// ended runs a command line that ends by itself, and returns its exit code and what it says on standard error.
func ended(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stderr
	os.Stderr = write
	defer func() { os.Stderr = before }()
	text := make(chan string)
	go func() {
		all, _ := io.ReadAll(read)
		text <- string(all)
	}()
	code = realMain(args)
	write.Close()
	return code, <-text
}

// TestWrongSwitchesEndAtOnce: nothing is started, and the switch is named.
func TestWrongSwitchesEndAtOnce(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "campaignd --help shows"},
		{[]string{"help"}, "campaignd --help shows"},
		{[]string{"topics"}, "campaignd topics --help shows"},
		{[]string{"run", "--nope"}, "campaignd run --help shows"},
		{[]string{"run", "--distribution-lead", "-1h"}, "--distribution-lead: must lie between 0s and"},
		{[]string{"run", "--replication-factor", "-1"}, "--replication-factor: must not be negative"},
		{[]string{"run", "--brokers", "127.0.0.1:1", "--demo"}, "--demo: "},
		{[]string{"run", "--demo", "--processors", "timers,lifecycle"}, "--demo: it shows what budgets does"},
		{[]string{"topics", "plan", "--brokers", "127.0.0.1:1", "--replication-factor", "0"}, "--replication-factor: "},
	} {
		if code, said := ended(t, c.args...); code != exitSwitches || !strings.Contains(said, c.says) {
			t.Errorf("%v ends with %d and says\n%s\nwant %d and %q", c.args, code, said, exitSwitches, c.says)
		}
	}
}

// TestAMismatchNamesTheCommandThatStartsIt: it is this process that is started again, not another.
func TestAMismatchNamesTheCommandThatStartsIt(t *testing.T) {
	address, _ := broker(t)
	if code, said := ended(t, "topics", "apply", "--brokers", address, "--partitions", "4"); code != exitClean {
		t.Fatalf("apply ends with %d: %s", code, said)
	}
	given := []string{
		"--brokers", address, "--http-listen", "127.0.0.1:0", "--instance-id", "engine-1", "--processors", "timers,lifecycle",
		"--distribution-lead", "1h0m0s", "--no-standby",
	}
	code, said := ended(t, append([]string{"run"}, given...)...)
	want := "campaignd run --partitions 4 " + strings.Join(given, " ") + "\n"
	if code != exitFailed || !strings.Contains(said, want) {
		t.Errorf("it ends with %d and says\n%s\nwant %d and %s", code, said, exitFailed, want)
	}
	data := t.TempDir()
	embedded := &runCommand{}
	parser, err := kong.New(embedded, kong.Vars{"processors": config.ProcessorNames()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--data-dir", data, "--log-level", "warn"}); err != nil {
		t.Fatal(err)
	}
	embedded.Brokers = []string{"127.0.0.1:19092"} // as the embedded broker's, once it runs
	if got := embedded.runSwitches(); got != "--data-dir "+data {
		t.Errorf("on the embedded broker it is started with %q", got)
	}
}
