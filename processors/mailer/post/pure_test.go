package post

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

func TestServerURLs(t *testing.T) {
	for url, want := range map[string]string{
		"smtp://mail.example":                     "smtp://mail.example:587",
		"smtp://me%40x:p%3Aw@mail.example:2525":   "smtp://me%40x@mail.example:2525",
		"smtps://me:hunter2@mail.example/":        "smtps://me@mail.example:465",
		"smtp://mailpit:1025?tls=none":            "smtp://mailpit:1025?tls=none",
		"smtp://me:hunter2@127.0.0.1:25?tls=none": "smtp://me@127.0.0.1:25?tls=none",
		"smtp://me:hunter2@localhost:25?tls=none": "smtp://me@localhost:25?tls=none",
		"smtp://[::1]:25":                         "smtp://[::1]:25",
		"smtp://me:hunter2@mail.example?tls=none": "",
		"smtp://mail.example?tls=off":             "",
		"smtp://mail.example?auth=login":          "",
		"smtps://mail.example?tls=none":           "",
		"smtp://me@mail.example":                  "",
		"smtp://:hunter2@mail.example":            "",
		"smtp://mail.example/path":                "",
		"http://me:hunter2@mail.example":          "",
		"mail.example":                            "",
		"me:hunter2@mail.example":                 "",
		"smtp://me:hunter2@mail.example:port":     "",
		"smtp://me:%zzhunter2@mail.example":       "",
		"":                                        "",
	} {
		server, err := ParseServer(url)
		if (err == nil) != (want != "") || want != "" && server.String() != want {
			t.Errorf("%s is %s, %v; want %s", url, server, err, want)
		}
		if said := fmt.Sprintf("%v %#v %+v %s", server, server, err, server); strings.Contains(said, "hunter2") {
			t.Errorf("%s tells the password: %s", url, said)
		}
	}
}

// TestServerURLsThatAreWrong: each mistake has its own words, and none tells the password.
func TestServerURLsThatAreWrong(t *testing.T) {
	for url, want := range map[string]error{
		"smtp://mail.example:99999":            errServerPort,
		"smtp://mail.example:0":                errServerPort,
		"smtp://me:hunter2@mail.example:port":  errServerPort,
		"smtps://me:hunter2@mail.example/path": errServerPath,
		"smtp://mail.example#x":                errServerPath,
		"smtp://me@mail.example":               errServerUser,
		"smtp://me:@mail.example":              errServerUser,
		"smtp://:hunter2@mail.example":         errServerUser,
		"smtp://me:hunt@er2@mail.example":      errServerEscape,
		"smtp://me@x.example:hunter2@mail":     errServerEscape,
		"smtp://me:hunt/er2@mail.example":      errServerEscape,
		"smtp://me:hunt#er2@mail.example":      errServerEscape,
		"smtp://me:hunt?er2@mail.example":      errServerEscape,
		"smtp://me:hunt%er2@mail.example":      errServerEscape,
		"smtp://mail.example?tls=maybe":        errServerTLS,
		"http://mail.example":                  errServerURL,
		"smtp://":                              errServerURL,
		"me:hunter2@mail.example":              errServerURL,
	} {
		_, err := ParseServer(url)
		if err != want || strings.Contains(err.Error(), "er2") { // it is not wrapped: nothing is added
			t.Errorf("%s: %v, want %v", url, err, want)
		}
	}
}

func TestPauses(t *testing.T) {
	seen := map[instant.Millis]bool{}
	for attempts := 1; attempts <= 40; attempts++ {
		nominal := retryMax
		if attempts <= 6 {
			nominal = retryMin << (attempts - 1)
		}
		got := pauseAfter("a", attempts)
		if got < nominal*3/4 || got > nominal*5/4+1 || got != pauseAfter("a", attempts) {
			t.Errorf("after %d attempts: %d", attempts, got)
		}
		seen[pauseAfter(fmt.Sprint(attempts), 1)] = true
	}
	if len(seen) < 30 {
		t.Errorf("40 mails come back at %d instants", len(seen))
	}
}

// TestAnnounced: what a refusal before the last line means for this mail, and for all.
func TestAnnounced(t *testing.T) {
	for _, c := range []struct {
		doing string
		used  bool
		err   error
		want  Verdict
	}{
		{"MAIL", false, refusal(550, "who are you"), Unsent},
		{"MAIL", false, refusal(421, "too many"), Unsent},
		{"MAIL", true, refusal(550, "who are you"), Unsent},
		{"MAIL", true, refusal(421, "you were idle"), stale},
		{"MAIL", false, refusal(552, "too large"), Refused},
		{"MAIL", false, refusal(451, "later"), Later},
		{"MAIL", false, errors.New("EOF"), Later},
		{"MAIL", true, errors.New("EOF"), stale},
		{"RCPT", true, errors.New("EOF"), Later},
		{"RCPT", false, refusal(450, "busy"), Later},
		{"RCPT", false, refusal(550, "nobody"), Refused},
		{"DATA", false, refusal(554, "no"), Refused},
	} {
		if got := announced(c.doing, c.used, c.err); got.Verdict != c.want {
			t.Errorf("%s, used %t, %v: %+v, want %d", c.doing, c.used, c.err, got, c.want)
		}
	}
	for code, want := range map[int]Verdict{251: Accepted, 354: Unknown, 421: Later, 452: Later, 550: Refused, 600: Unknown} {
		if got := answered(nil, &smtp.SMTPError{Code: code}); got.Verdict != want {
			t.Errorf("%d: %+v", code, got)
		}
	}
}

func TestLine(t *testing.T) {
	if got := line(" 250\r\n2.0.0\xff  ok\n"); got != "250 2.0.0\uFFFD ok" {
		t.Errorf("%q", got)
	}
	if got := line(strings.Repeat("ü", 400)); got != strings.Repeat("ü", 250)+"…" {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
