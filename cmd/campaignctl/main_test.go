package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/topics"
)

func TestWrongSwitches(t *testing.T) {
	cases := []struct {
		args []string
		says string
	}{
		{nil, "expected one of"},
		{[]string{"replay"}, "unexpected argument replay"},
		{[]string{"show"}, "<campaign>"},
		{[]string{"show", "c-1", "--database-url", "x"}, "unknown flag --database-url"},
		{[]string{"show", "c-1", "--brokers", "nowhere"}, "--brokers"},
		{[]string{"show", "c-1", "--kafka-tls"}, "the embedded broker has neither"},
		{[]string{"show", "c-1", "--brokers", "a:1", "--kafka-cert", "x"}, "--kafka-cert"},
		{[]string{"show", "c-1", "--version", "1"}, "unexpected argument 1"},
		{[]string{"statement", "c-1", "--version=-1"}, "--version: must be 1 or more"},
		{[]string{"statement", "c-1", "--version", "-1"}, "--version: must be 1 or more"},
		{[]string{"list", "--limit", "-1"}, "--limit: must not be negative"},
		{[]string{"wallet", "a-1", "--database-url", "mysql://x"}, "--database-url: it must be postgres://"},
		{[]string{"wallet", "a-1", "--limit", "0"}, "--limit: must be 1 or more"},
		{[]string{"mails", "--limit", "0"}, "--limit: must be 1 or more"},
		{[]string{"mails", "--state", "lost"}, "--state: must be one of waiting, sending, sent, failed, skipped, ambiguous"},
		{[]string{"wallet", "a-1", "--brokers", "a:1"}, "unknown flag --brokers"},
		{[]string{"reconcile", "--limit=-1"}, "--limit: must not be negative"},
		{[]string{"reconcile", "a-1"}, "unexpected argument a-1"},
		{[]string{"list", "--status", "over"}, `--status: "over" must be scheduled`},
		{[]string{"list", "--limit=-1"}, "--limit: must not be negative"},
		{[]string{"generate", "--campaigns", "0"}, "campaigns must be from 1"},
		{[]string{"generate", "--from", "soon"}, `--from: "soon" must be a day`},
		{[]string{"generate", "--starts-in=-1s"}, "--starts-in: must not be negative"},
		{[]string{"generate", "--starts-in", "1s", "--from", "2026-12-01"}, "goes without --from"},
		{[]string{"generate", "--starts-in", "soon"}, "--starts-in"},
	}
	for _, c := range cases {
		run(t, nil, "", c.args...).check(t, exitSwitches, c.says)
	}
}

func TestHelpHasAnExample(t *testing.T) {
	for _, command := range []string{"publish", "tail", "show", "list", "timeline", "statement", "wallet", "mails", "reconcile", "generate"} {
		run(t, nil, "", command, "--help").check(t, exitClean, "\n    campaignctl "+command)
	}
	run(t, nil, "", "--version").check(t, exitClean, "campaignctl ")
}

func TestHelpNamesTheDefaultBroker(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"publish", "--help"}, {"show", "--help"}} {
		run(t, nil, "", args...).check(t, exitClean, "127.0.0.1:19092")
	}
}

func TestGenerate(t *testing.T) {
	first := run(t, nil, "", "generate", "--campaigns", "50", "--seed", "3", "--from", "2026-12-01", "--changes", "0")
	first.check(t, exitClean, `"type":"campaign.created"`)
	if got := strings.Count(first.out, "\n"); got != 50 {
		t.Errorf("%d lines for 50 campaigns without changes", got)
	}
	if again := run(t, nil, "", "generate", "--campaigns", "50", "--seed", "3", "--from", "2026-12-01", "--changes", "0"); again != first {
		t.Error("the same switches give other events")
	}
	if own := run(t, nil, "", "generate", "--campaigns", "1"); !strings.Contains(own.out, `"starts_at`) || own == first {
		t.Errorf("without switches: %s", own.out)
	}
}

// TestGenerateStartsIn: whoever tries it sees campaigns start half a minute later, and again when it is tried again.
func TestGenerateStartsIn(t *testing.T) {
	got := run(t, nil, "", "generate", "--campaigns", "20", "--days", "1", "--starts-in", "30s", "--changes", "0")
	got.check(t, exitClean, `"starts_at":"2026-12-05T17:30:30.000Z"`)
	if strings.Contains(got.out, "_local") {
		t.Errorf("a window is not an instant:\n%s", got.out)
	}
	later := func() time.Time { return testNow().Add(time.Minute) }
	var out strings.Builder
	realMain(t.Context(), []string{"generate", "--campaigns", "20", "--days", "1", "--starts-in", "30s"},
		console{out: &out, errs: io.Discard, now: later})
	id := regexp.MustCompile(`"subject":"[^"]*"`)
	if first := id.FindString(got.out); first == "" || strings.Contains(out.String(), first) {
		t.Errorf("%q comes again a minute later, with another window", first)
	}
	run(t, nil, "", "generate", "--campaigns", "20", "--days", "1", "--starts-in", "0s").
		check(t, exitClean, `"starts_at":"2026-12-05T17:30:00.000Z"`)
	midnight := run(t, nil, "", "generate", "--campaigns", "20", "--days", "1", "--starts-in", "6h30m")
	midnight.check(t, exitClean, `"starts_at":"2026-12-06T00:00:00.000Z"`)
	seeded := run(t, nil, "", "generate", "--campaigns", "1", "--starts-in", "30s", "--seed", "36")
	seeded.check(t, exitClean, "-10-1")
}

func TestGeneratedEventsArePublished(t *testing.T) {
	k := cluster(t)
	path := filepath.Join(t.TempDir(), "campaigns.jsonl")
	generated := run(t, nil, "", "generate", "--campaigns", "200", "--changes", "1")
	if err := os.WriteFile(path, []byte(generated.out), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, k, "", "publish", path).check(t, exitClean, "published")
	if got, want := len(kept(t, k, topics.CampaignEvents)), strings.Count(generated.out, "\n"); got != want {
		t.Errorf("%d records of %d events", got, want)
	}
}
