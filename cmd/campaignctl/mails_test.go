package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// loggedLines are the newest mails of a run with a server that takes the desk's, and refuses one for now and one for good.
func loggedLines(t *testing.T) []pgstore.LoggedMail {
	t.Helper()
	at := func(text string) *instant.Instant {
		parsed, err := time.Parse("15:04:05.000", text)
		if err != nil {
			t.Fatal(err)
		}
		of := instant.Of(parsed.AddDate(2026, 10, 25))
		return &of
	}
	final := func(name, subject string) pgstore.LoggedMail {
		return pgstore.LoggedMail{
			CampaignID: "spring-sale", Kind: "final", Recipient: name + "@nordwind.example", Subject: subject, NominalAt: *at("23:28:51.000"),
			Attempts: 1,
		}
	}
	chef := final("chef", "Campaign ended (final): Spring sale")
	chef.State, chef.NextAt = pgstore.MailWaiting, at("23:30:05.398")
	chef.Answer = "RCPT: 450 4.2.0 <chef@nordwind.example>: Greylisted, try again in five minutes"
	desk := final("desk", "Campaign ended (final): Spring sale")
	desk.State, desk.EndedAt, desk.Answer = pgstore.MailSent, at("23:28:51.119"), "2.0.0 Ok: queued as 4bX018"
	planung := final("planung", "Kampagne beendet (endgültig): Spring sale")
	planung.State, planung.EndedAt = pgstore.MailFailed, at("23:28:51.160")
	planung.Answer = "RCPT: 550 5.1.1 <planung@nordwind.example>: Recipient address rejected: User unknown in virtual mailbox table"
	return []pgstore.LoggedMail{chef, desk, planung}
}

func mailTable(t *testing.T, log []pgstore.LoggedMail, count int64) string {
	t.Helper()
	var out strings.Builder
	if err := writeMails(&out, false, log, count); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestTheReadmeShowsTheMails as they are printed.
func TestTheReadmeShowsTheMails(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := mailTable(t, loggedLines(t), 6); !strings.Contains(string(text), "```\n"+want+"```\n") {
		t.Errorf("the README does not show:\n%s", want)
	}
}

// TestWhenAMailWasSent: only what the server took was sent; what ended otherwise was not.
func TestWhenAMailWasSent(t *testing.T) {
	for _, state := range pgstore.MailStates() {
		log := loggedLines(t)[1:2]
		log[0].State = state
		shown := strings.Contains(mailTable(t, log, 1), "2026-11-26T23:28:51.119Z")
		if sent := state == pgstore.MailSent; shown != sent {
			t.Errorf("of one that is %s it is shown as sent: %t", state, shown)
		}
	}
}

// TestLongTextsAreCut, and do no harm to a terminal. An answer is the last of its line, and is shown longer.
func TestLongTextsAreCut(t *testing.T) {
	log := loggedLines(t)[:1]
	log[0].Recipient = strings.Repeat("l", 64) + "@" + strings.Repeat("d", 60) + ".example"
	log[0].Answer = "550 5.7.1 refused\r\n550\x1b[31m " + strings.Repeat("because of policy ", 40)
	table := mailTable(t, log, 1)
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if len(lines) != 2 || strings.Contains(table, "\x1b") || !strings.Contains(lines[1], strings.Repeat("l", 64)+"@dddd…  ") {
		t.Fatalf("%q", table)
	}
	_, answer, _ := strings.Cut(lines[1], "550 ")
	if n := len([]rune(answer)); n < 120 || n > answerLength || !strings.HasSuffix(answer, " policy…") && !strings.HasSuffix(answer, " of…") &&
		!strings.HasSuffix(answer, " because…") {
		t.Errorf("an answer of %d characters: %q", n, answer)
	}
}

func TestShortened(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "short": "short", "exactly 10": "exactly 10", "four five six": "four five…", "four fives": "four fives",
		"four fivesix": "four five…", "abcdefghijklm": "abcdefghi…", "größe größe größe": "größe…", "a bcdefghijkl": "a bcdefgh…",
		"two\r\nlines": "two lines", "x\x1b[1my": "x\ufffd[1my",
	} {
		if got := shortened(text, 10); got != want {
			t.Errorf("%q is cut to %q; want %q", text, got, want)
		}
	}
}

func TestNoMailsAreToldAsWhatWasAskedFor(t *testing.T) {
	for _, c := range []struct {
		asked mailsCommand
		want  string
	}{
		{mailsCommand{}, "no mails so far"},
		{mailsCommand{Campaign: "c-1"}, "no such mails"},
		{mailsCommand{State: "failed"}, "no such mails"},
	} {
		if got := c.asked.none(); got != c.want {
			t.Errorf("%q, %q: %s; want %s", c.asked.Campaign, c.asked.State, got, c.want)
		}
	}
}
