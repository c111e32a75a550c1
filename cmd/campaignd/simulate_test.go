package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// TestReadmeSimulates runs the README's example: what it says, and what it shows of the topic, is what stands there.
func TestReadmeSimulates(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	section := regexp.MustCompile(`(?s)<!-- checked:simulate -->(.*?)<!-- /checked -->`).FindSubmatch(text)
	if section == nil {
		t.Fatal("README: nothing stands between <!-- checked:simulate --> and <!-- /checked -->")
	}
	command := regexp.MustCompile(`(?m)^bin/campaignd (simulate .*) --out simulated$`).FindSubmatch(section[1])
	if command == nil {
		t.Fatal("README: there is no simulation")
	}
	args := strings.Fields(strings.Replace(string(command[1]), "cmd/campaignd/", "", 1))
	folder := filepath.Join(t.TempDir(), "simulated")
	code, said := ended(t, append(args, "--out", folder)...)
	if code != exitClean {
		t.Fatalf("it ends with %d: %s", code, said)
	}
	for line := range strings.Lines(said + shownOf(t, filepath.Join(folder, "transitions-applied.jsonl"))) {
		if !strings.Contains(string(section[1]), "\n    "+line) {
			t.Errorf("README: the example does not show\n    %s", line)
		}
	}
	if shown, is := strings.Count(string(section[1]), "\n    "), strings.Count(said, "\n")+7; shown != is {
		t.Errorf("README: the example shows %d lines, not %d", shown, is)
	}
}

// shownOf shows transitions as the README has it done by jq.
func shownOf(t *testing.T, path string) (shown string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var record struct {
			Event schemas.Event[schemas.Applied] `json:"event"`
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		data := record.Event.Data
		shown += fmt.Sprintf("%s  %s  %s\n", data.AppliedAt, data.Transition, data.To)
	}
	return shown
}

// TestSimulateEnds: with 2 where the command line cannot be meant, with 1 where something cannot be done, each naming it.
func TestSimulateEnds(t *testing.T) {
	lines := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(lines, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const until = "2026-11-30T00:00:00Z"
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--until", until}, exitSwitches, "<file>"},
		{[]string{lines}, exitSwitches, "--until"},
		{[]string{lines, "--until", "soon"}, exitSwitches, `--until: "soon" is no instant of RFC 3339, for example 2026-12-31T00:00:00Z` + "\n"},
		{[]string{lines, "--until", until, "--from", "now"}, exitSwitches, `--from: "now" is no instant of RFC 3339, for example`},
		{nil, exitSwitches, "missing flags: --until=INSTANT, and <file>\n"},
		{[]string{lines}, exitSwitches, "missing flags: --until=INSTANT\n"},
		{[]string{lines, "--until", until, "--settlement-grace", "-1s"}, exitSwitches, "--settlement-grace: must lie between"},
		{[]string{lines, "--until", until, "--from", "2026-12-30T00:00:00Z"}, exitSwitches, "--from: must not be later"},
		{[]string{lines, "--until", until, "--devices", "sleep"}, exitSwitches, "--devices"},
		{[]string{lines, "--until", until, "--settlement-grace=-1s"}, exitSwitches, "--settlement-grace: must lie between"},
		{[]string{lines, "--until", until, "--brokers", "k:1"}, exitSwitches, "--brokers"},
		{[]string{lines + ".none", "--until", until}, exitFailed, "opening the events"},
		{[]string{lines, "--until", until, "--out", lines}, exitFailed, "making the folder"},
		{[]string{lines, "--until", until, "--signing-keys", lines}, exitFailed, "reading the keys"},
		{[]string{lines, "--until", until}, exitFailed, "line 1: no line up to here has a time"},
		{[]string{lines, "--until", until, "--from", "2026-11-01T00:00:00Z", "--out", lines + ".d"}, exitClean, "malformed 1"},
	} {
		if code, said := ended(t, append([]string{"simulate"}, c.args...)...); code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%v ends with %d and says\n%s\nwant %d and %q", c.args, code, said, c.code, c.says)
		}
	}
}
