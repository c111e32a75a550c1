package main

import (
	"io"
	"os"
	"strings"
	"testing"
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
		{[]string{"run", "--brokers", "127.0.0.1:1", "--demo"}, "--demo: "},
		{[]string{"topics", "plan", "--brokers", "127.0.0.1:1", "--replication-factor", "0"}, "--replication-factor: "},
	} {
		if code, said := ended(t, c.args...); code != exitSwitches || !strings.Contains(said, c.says) {
			t.Errorf("%v ends with %d and says\n%s\nwant %d and %q", c.args, code, said, exitSwitches, c.says)
		}
	}
}
