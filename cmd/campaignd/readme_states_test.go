package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// The window of the campaigns below.
const (
	starts instant.Instant = 1000
	ends   instant.Instant = 2000
)

// TestReadmeShowsTheLifecycle makes the README's table of statuses from what the lifecycle does: every status with every
// transition, before, in and after the window. A line of the README that the lifecycle does not follow, or one that is
// missing, fails.
func TestReadmeShowsTheLifecycle(t *testing.T) {
	shown := readmeRows(t)
	for _, status := range []campaign.Status{
		campaign.None, campaign.Scheduled, campaign.Active, campaign.Paused, campaign.Completed, campaign.Cancelled,
	} {
		for _, transition := range transitions {
			line := find(shown, status, transition)
			if line == nil {
				// Nothing but a schedule comes first, and the sequencer never writes a second one.
				if status != campaign.None && transition != campaign.Schedule {
					t.Errorf("README: no line for %s in %s", transition, status)
				}
				continue
			}
			for _, now := range []instant.Instant{starts - 1, starts, ends - 1, ends} {
				checkLine(t, *line, status, transition, now)
			}
		}
	}
}

var transitions = []campaign.Transition{
	campaign.Schedule, campaign.Reschedule, campaign.Rezone, campaign.Distribute, campaign.Start, campaign.Pause,
	campaign.Resume, campaign.End, campaign.Settle, campaign.Cancel,
}

// line is one row of the README's table.
type line struct {
	from, on         []string
	becomes, refuses string
}

// find returns the first line for a status and a transition, as a reader would.
func find(shown []line, status campaign.Status, transition campaign.Transition) *line {
	name := string(status)
	if status == campaign.None {
		name = "(none)"
	}
	for i, l := range shown {
		if slices.Contains(l.from, name) && (slices.Contains(l.on, string(transition)) || l.on[0] == "anything else") {
			return &shown[i]
		}
	}
	return nil
}

// checkLine compares what a line says with what the lifecycle does at one instant.
func checkLine(t *testing.T, l line, status campaign.Status, transition campaign.Transition, now instant.Instant) {
	t.Helper()
	row := campaign.Row{
		Status: status, Revision: 1, StartsAt: starts, EndsAt: ends, EverActive: status == campaign.Active,
		Settled: strings.Contains(l.refuses, string(campaign.IsCompleted)) && l.becomes == "",
	}
	got := campaign.Apply(row, campaign.Due{
		Transition: transition, Revision: 2, DecidedAt: now, StartsAt: starts, EndsAt: ends,
	})
	outcome := string(got.To)
	if !got.Applied {
		outcome = string(got.Reason)
	}
	if want := said(l, status, now); !slices.Contains(want, outcome) {
		t.Errorf("README: %s in %s at %d is said to give %q; it gives %q", transition, status, now, want, outcome)
	}
}

// said reads a line's outcome at an instant.
func said(l line, status campaign.Status, now instant.Instant) []string {
	reasons := quoted(l.refuses)
	switch {
	case strings.HasPrefix(l.refuses, "`window-passed` if") && now >= ends:
		return reasons
	case l.becomes == "":
		return reasons
	case strings.HasPrefix(l.becomes, "the same"):
		return []string{string(status)}
	case strings.HasPrefix(l.becomes, "SCHEDULED if it never"):
		if now < starts {
			return []string{string(campaign.Scheduled)}
		}
		return []string{string(campaign.Active)}
	}
	return []string{l.becomes}
}

func quoted(text string) []string {
	var words []string
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			words = append(words, part)
		}
	}
	return words
}

func readmeRows(t *testing.T) []line {
	t.Helper()
	var rows []line
	for i, cells := range readmeTable(t, "states") {
		if len(cells) != 4 {
			t.Fatalf("README: line %d of the states has %d cells: %q", i, len(cells), cells)
		}
		rows = append(rows, line{
			from: strings.Split(cells[0], ", "), on: strings.Split(cells[1], ", "), becomes: cells[2], refuses: cells[3],
		})
	}
	return rows
}

// readmeTable returns the rows of a table of the README between <!-- checked:NAME --> and <!-- /checked -->.
func readmeTable(t *testing.T, name string) [][]string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(readme), fmt.Sprintf("<!-- checked:%s -->", name))
	table, _, closed := strings.Cut(after, "<!-- /checked -->")
	if !found || !closed {
		t.Fatalf("README: no table between <!-- checked:%s --> and <!-- /checked -->", name)
	}
	var rows [][]string
	for i, text := range strings.Split(strings.TrimSpace(table), "\n") {
		if i < 2 { // the heading
			continue
		}
		cells := strings.Split(strings.Trim(text, "| "), "|")
		for c := range cells {
			cells[c] = strings.TrimSpace(cells[c])
		}
		for len(cells) < 4 {
			cells = append(cells, "")
		}
		rows = append(rows, cells)
	}
	return rows
}
