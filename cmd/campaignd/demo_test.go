package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/cmd/internal/lockfile"
	"github.com/rmn-arms/campaign-engine/cmd/internal/pglocal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/story"
	"github.com/rmn-arms/campaign-engine/processors"
)

// told is what a demonstration tells; heard is called with each piece.
type told struct {
	mu    sync.Mutex
	text  strings.Builder
	heard func(text string)
}

func (o *told) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if o.heard != nil {
		o.heard(o.text.String())
	}
	return len(p), nil
}

// remedy is what installs a Postgres on a machine that has none.
const remedy = "apt-get install -y postgresql"

// hurried returns a demonstration in a few seconds, on a machine without Postgres, whose folders are made in a folder of the
// test's.
func hurried(t *testing.T, out *told, expected string) (c *demoCommand, folder string) {
	t.Helper()
	folder = t.TempDir()
	t.Setenv("TMPDIR", folder)
	return &demoCommand{
		Rate: processors.DrivenRateMax, Level: "error", out: out, expected: expected,
		database: func(folder string, log zerolog.Logger) *database {
			d := newDatabase("", folder, log)
			d.begin = func(context.Context, pglocal.Options) (localServer, error) {
				return nil, &pglocal.UnavailableError{Reason: "no Postgres server is installed", Remedy: remedy}
			}
			return d
		},
	}, folder
}

func wantEmpty(t *testing.T, folder string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v behind: %v", left, err)
	}
}

// planted are differences between what must be and what is: lines of what must be, and what is written there instead, "" for
// nothing.
var planted = []struct{ is, must string }{
	{"1. flash-sale/1/schedule nothing to SCHEDULED, at 20:10", "1. flash-sale/1/schedule nothing to SCHEDULED, at 20:11"},
	{"flash-sale/3/resume rejected when CANCELLED: cancelled, at 23:17", "flash-sale/3/resume rejected when CANCELLED: completed, at 23:17"},
	{"0.50 EUR = 0.50 spent + 0.00 back to nordwind", "0.50 EUR = 0.49 spent + 0.01 back to nordwind"},
	{"not counted: 1 invalid", ""},
	{"3. night-show/1/start SCHEDULED to ACTIVE, for the first time, due 23:00:00.000", ""},
	{"6 plays, 660.75 impressions, 1 ran over the end", "7 plays, 660.75 impressions, 1 ran over the end"},
	{"60.00 USD: cost 13.215, spent 13.22, released 46.78", "60.00 USD: cost 13.215, spent 13.21, released 46.79"},
	{
		"from 2027-03-28T01:30:00.000Z, in Europe/Berlin 2027-03-28 03:30:00 +02:00 CEST",
		"from 2027-03-28T00:30:00.000Z, in Europe/Berlin 2027-03-28 01:30:00 +01:00 CET",
	},
	{"3 of 4 devices at the start, 4 at best", "4 of 4 devices at the start, 4 at best"},
	{
		"00:30 mitte-1 nothing, mitte-2 nothing, potsdam-1 nothing, potsdam-2 night-show",
		"00:30 mitte-1 nothing, mitte-2 nothing, potsdam-1 nothing, potsdam-2 nothing",
	},
}

// plant puts the differences into what must be. differences are the lines that are to be told of them.
func plant(t *testing.T, expected string) (text string, differences []string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(expected) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	for _, p := range planted {
		i := slices.Index(lines, p.is)
		if i < 0 {
			t.Fatalf("%q is not expected", p.is)
		}
		lines[i] = p.must
		if p.must != "" {
			differences = append(differences, "  must be: "+p.must)
		}
		differences = append(differences, "  but is:  "+p.is)
	}
	for i, line := range lines { // as they were indented
		if strings.HasPrefix(strings.Split(expected, "\n")[i], "  ") {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n") + "\nrelease flash-sale/release, night-show/release\n  and once more\n", append(differences,
		"  must be: and once more", "  must be: and once more")
}

// TestTheDemonstrationFindsWhatDiffers: each difference that is planted, and no other, so all else is as it must be. Without a
// Postgres it says how to get one. The README shows what is told.
func TestTheDemonstrationFindsWhatDiffers(t *testing.T) {
	out := new(told)
	expected, want := plant(t, story.Expected())
	c, folder := hurried(t, out, expected)
	if err := c.Run(t.Context()); !errors.Is(err, story.ErrDiffers) {
		t.Fatalf("it ends with %v:\n%s", err, out.text.String())
	}
	wantEmpty(t, folder)
	account, verdict, is := strings.Cut(out.text.String(), "\n== What must be\n")
	if !is || !strings.Contains(verdict, remedy) {
		t.Errorf("without Postgres it says\n%s", verdict)
	}
	var found []string
	for line := range strings.Lines(verdict) {
		if strings.HasPrefix(line, "  ") {
			found = append(found, strings.TrimSuffix(line, "\n"))
		}
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("it finds\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
	readmeShows(t, account)
}

// lateness is what is another at each run: on a slow machine seconds pass until something has come.
var lateness = regexp.MustCompile(`:\d{2}\.\d{3} |\d+ ms late`)

// readmeShows holds the picture in the README against what was told: line by line, but for seconds.
func readmeShows(t *testing.T, account string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, picture, _ := strings.Cut(string(text), "### A night in half a minute\n")
	_, picture, _ = strings.Cut(picture, "```\n")
	picture, _, is := strings.Cut(picture, "```\n")
	if !is {
		t.Fatal("the README has no picture of the demonstration")
	}
	plain := func(line string) string { return lateness.ReplaceAllString(strings.TrimRight(line, " \n"), " ") }
	var said []string
	for line := range strings.Lines(account) {
		said = append(said, plain(line))
	}
	for line := range strings.Lines(picture) {
		if line = plain(line); line == "" || line == "…" || strings.HasPrefix(line, "everything is as it must be: ") {
			continue
		}
		if _, mail, is := strings.Cut(line, " mail "); is { // on this machine there is no Postgres, and so there are none
			if !strings.Contains(strings.Join(strings.Fields(story.Expected()), " "), strings.TrimSpace(mail)) {
				t.Errorf("the README shows a mail that is not expected: %q", line)
			}
			continue
		}
		at := slices.Index(said, line)
		if at < 0 {
			t.Errorf("the README shows %q, which is not told, or not there", line)
			continue
		}
		said = said[at+1:]
	}
}

// TestTheDemonstrationIsInterrupted at some places: it ends, says so, and leaves nothing behind.
func TestTheDemonstrationIsInterrupted(t *testing.T) {
	for _, behind := range []string{"as fast as time", "Two stores open", "Its plays are reported", "campaignctl statement"} {
		t.Run(behind, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c, folder := hurried(t, &told{heard: func(text string) {
				if strings.Contains(text, behind) {
					cancel()
				}
			}}, story.Expected())
			if err := c.Run(ctx); !errors.Is(err, errInterrupted) {
				t.Errorf("it ends with %v", err)
			}
			wantEmpty(t, folder)
		})
	}
}

// TestADemonstrationThatNobodyReadsOn ends, and leaves nothing behind: "campaignd demo | head".
func TestADemonstrationThatNobodyReadsOn(t *testing.T) {
	c, folder := hurried(t, nil, story.Expected())
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	c.out = writer
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(t.Context()); !errors.Is(err, errDemoUnread) {
		t.Errorf("it ends with %v", err)
	}
	wantEmpty(t, folder)
}

// TestADemonstrationSweepsWhatAKilledOneHasLeft, and nothing else: neither that of one that runs, nor what was to be kept.
func TestADemonstrationSweepsWhatAKilledOneHasLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c, folder := hurried(t, &told{heard: func(string) { cancel() }}, story.Expected())
	for _, name := range []string{"campaign-demo-killed/broker", "campaign-demo-runs", "campaign-demo-kept/broker", "campaign-demonstration"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"campaign-demo-killed", "campaign-demo-runs", "campaign-demonstration"} {
		release, err := lockfile.Take(filepath.Join(folder, name, demoLock))
		if err != nil {
			t.Fatal(err)
		}
		if name != "campaign-demo-runs" {
			if err := release(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		defer release()
	}
	if err := os.Symlink(filepath.Join(folder, "campaign-demonstration"), filepath.Join(folder, "campaign-demo-link")); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(ctx); !errors.Is(err, errInterrupted) {
		t.Errorf("it ends with %v", err)
	}
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	want := []string{"campaign-demo-kept", "campaign-demo-link", "campaign-demo-runs", "campaign-demonstration"}
	if err != nil || !slices.Equal(left, want) {
		t.Errorf("%v are left, want %v: %v", left, want, err)
	}
}
