package letter_test

import (
	"errors"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rmn-arms/campaign-engine/processors/mailer/letter"
	"github.com/rmn-arms/campaign-engine/state/instant"
	state "github.com/rmn-arms/campaign-engine/state/mail"
)

// headers are all that a mail has.
var headers = []string{
	"Auto-Submitted", "Content-Type", "Date", "From", "List-Unsubscribe", "List-Unsubscribe-Post", "Message-Id", "Mime-Version",
	"Subject", "To",
}

// holds checks what is true of the mail of any letter, and returns it as it is read.
func holds(t testing.TB, l state.Letter, m letter.Message) read {
	t.Helper()
	r := parse(t, m.Bytes)
	var names []string
	for name, values := range r.header {
		if names = append(names, name); len(values) != 1 {
			t.Fatalf("%s has %d values: %q", name, len(values), values)
		}
	}
	if slices.Sort(names); !slices.Equal(names, headers) {
		t.Fatalf("headers %v; want %v\n%s", names, headers, m.Bytes)
	}
	for name, want := range map[string]string{"From": "desk@media.example", "To": l.Recipient.Email} {
		got, err := r.header.AddressList(name)
		if err != nil || len(got) != 1 || got[0].Address != want {
			t.Fatalf("%s is read as %v, %v; want %s\n%s", name, got, err, want, m.Bytes)
		}
	}
	head, _, _ := strings.Cut(string(m.Bytes), "\r\n\r\n")
	for line := range strings.SplitSeq(strings.ReplaceAll(string(m.Bytes), "\r\n", "\x00"), "\x00") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
			t.Fatalf("a line of %d bytes, or one that does not end in CR LF: %.80q", len(line), line)
		}
	}
	if strings.Contains(head, "\x00") || !m.UTF8 && strings.ContainsFunc(head, func(r rune) bool { return r > 127 }) {
		t.Fatalf("the header is not ASCII:\n%s", head)
	}
	if r.subject != m.Subject || !utf8.ValidString(m.Subject) || strings.ContainsAny(m.Subject, "\r\n\t\x00\u202e\u2066") {
		t.Fatalf("subject %q, read as %q", m.Subject, r.subject)
	}
	return r
}

// TestNamesDoNoHarm puts all sorts of names wherever one is shown.
func TestNamesDoNoHarm(t *testing.T) {
	for name, want := range map[string]string{
		"Spring\r\nBcc: all@example.com": "Spring Bcc: all@example.com",
		"Spring\nX: y\n\n<html>":         "Spring X: y <html>",
		"<script>alert(1)</script>":      "<script>alert(1)</script>",
		`"; DROP <a href="x">`:           `"; DROP <a href="x">`,
		"מבצע אביב":                      "מבצע אביב",
		"🏴󠁧󠁢󠁳󠁣󠁴󠁿 👩‍👩‍👧 Sale 🎉":           "🏴󠁧󠁢󠁳󠁣󠁴󠁿 👩‍👩‍👧 Sale 🎉",
		"evil\u202etxt.exe\u2066":        "eviltxt.exe",
		"a\x00b\x1b[31mc\u2028d":         "ab[31mc d",
		"=?utf-8?q?x?=":                  "= ?utf-8?q?x?=",
		"=\u200b?utf-8?b?DQo=?=":         "= ?utf-8?b?DQo= ?=",
		`Büro\Süd "1"`:                   `Büro\Süd "1"`,
		"tab\tand  spaces\u00a0":         "tab and spaces",
		"broken\xff\xfeutf8":             "brokenutf8",
		"{{.Subject}} %s %[1]s":          "{{.Subject}} %s %[1]s",
	} {
		l := ended()
		l.Campaign.Name, l.Recipient.Name, l.Campaign.AdvertiserID, l.Statement.ID = name, name, name, name
		l.Statement.ByStore.Top[0].ID, l.Statement.NotCounted[0].Name, l.Campaign.Zone = name, name, name
		m := render(t, l)
		r := holds(t, l, m)
		if want := "Campaign ended (final): " + want; r.subject != want {
			t.Errorf("%q: subject %q; want %q", name, r.subject, want)
		}
		if to, err := mail.ParseAddress(r.header.Get("To")); err != nil || to.Name != strings.ReplaceAll(want, `\`, "/") {
			t.Errorf("%q: to %v, %v", name, to, err)
		}
		if text, seen := spaced(r.text), r.seen; strings.Count(text, spaced(want)) < 6 || strings.Count(seen, spaced(want)) < 6 {
			t.Errorf("%q is not shown as %q:\n%s\n%s", name, want, text, seen)
		}
	}
}

func TestLongNames(t *testing.T) {
	for _, long := range []string{
		strings.Repeat("word ", 200), strings.Repeat("x", 1000), strings.Repeat("ü", 1000), strings.Repeat("👩‍👧", 400), strings.Repeat("e\u0301", 500),
	} {
		l := started()
		l.Campaign.Name, l.Recipient.Name = long, long
		m := render(t, l)
		r := holds(t, l, m)
		if n := utf8.RuneCountInString(r.subject); n > 110 || !strings.HasSuffix(r.subject, "…") {
			t.Errorf("a subject of %d characters: %q", n, r.subject)
		}
		if strings.Contains(r.subject, "\u200d…") {
			t.Errorf("cut within what is drawn as one: %q", r.subject)
		}
		if to, err := mail.ParseAddress(r.header.Get("To")); err != nil || !strings.HasSuffix(to.Name, "…") ||
			!strings.HasPrefix(long, strings.TrimSuffix(to.Name, "…")) {
			t.Errorf("to %v, %v", to, err)
		}
	}
}

// TestColumnsHold: the text's tables are not wider than a line, and each number stands below its heading, however long ids are.
func TestColumnsHold(t *testing.T) {
	for _, locale := range []string{"en", "de"} {
		r := parse(t, render(t, in(locale, longNames())).Bytes)
		tables, rows := 0, 0
		for block := range strings.SplitSeq(r.text, "\n\n") {
			lines := strings.Split(strings.TrimSpace(block), "\n")
			if len(lines) < 4 || strings.Trim(lines[1], "-") != "" {
				continue
			}
			tables++
			head := lines[2]
			for _, line := range lines[3:] {
				if n := utf8.RuneCountInString(line); n > 72 {
					t.Errorf("a row of %d characters: %s", n, line)
				}
				if last := strings.Fields(line)[len(strings.Fields(line))-1]; strings.Contains(line, "  ") {
					rows++
					if utf8.RuneCountInString(line) != utf8.RuneCountInString(head) || strings.Trim(last, "0123456789.,") != "" {
						t.Errorf("a row does not end below its heading:\n%s\n%s", head, line)
					}
				}
			}
		}
		if tables != 3 || rows != 10 {
			t.Errorf("%d tables, %d rows with numbers; want 3, 10\n%s", tables, rows, r.text)
		}
		for _, id := range []string{longNames().Statement.ID, longNames().Statement.ByStore.Top[0].ID, longNames().Statement.ByCreative.Top[1].ID} {
			if joined := strings.NewReplacer("\n", "", " ", "").Replace(r.html); !strings.Contains(joined, id) {
				t.Errorf("%s is not whole in the HTML", id)
			}
		}
	}
}

// TestHeadersBeginInTheirLine: whatever is long, text stands behind each header's name (wellFormed, in parse).
func TestHeadersBeginInTheirLine(t *testing.T) {
	long := strings.Repeat("d", 60)
	for _, domain := range []string{"x.de", "campaigns.retail-media-company.example", long + "." + long + "." + long + ".example"} {
		for _, name := range []string{"", "Desk", strings.Repeat("ü", 200), strings.Repeat("x", 200), strings.Repeat("Größe ", 30)} {
			s, err := letter.NewSender((&mail.Address{Name: name, Address: "desk@" + domain}).String(), unsubscribe)
			if err != nil {
				t.Fatal(err)
			}
			l := started()
			l.Campaign.Name, l.Recipient.Name = name, name
			l.Recipient.Email = strings.Repeat("l", 64) + "@" + domain
			m, err := letter.Render(&l, s)
			if err != nil {
				t.Fatal(err)
			}
			r := parse(t, m.Bytes)
			if got := r.header.Get("Message-Id"); got != "<"+m.ID+">" || r.subject != m.Subject {
				t.Errorf("Message-ID %s, subject %q; want %s, %q", got, r.subject, m.ID, m.Subject)
			}
			for header, want := range map[string]string{"From": m.From, "To": m.To} {
				read, err := mail.ParseAddress(r.header.Get(header))
				if err != nil || read.Address != want || read.Name != strings.TrimSpace(name) {
					t.Errorf("%s is read as %v, %v; want %q, %s", header, read, err, name, want)
				}
			}
		}
	}
}

func TestEmptyNames(t *testing.T) {
	l := started()
	l.Campaign.Name, l.Recipient.Name = " \u200b\n", "\r\n"
	m := render(t, l)
	if r := holds(t, l, m); r.subject != "Campaign started: c-1" || !strings.HasPrefix(r.text, "Hello,\n") {
		t.Errorf("%s: %s", r.subject, r.text)
	}
}

func TestRecipients(t *testing.T) {
	for email, want := range map[string]struct {
		utf8 bool
		err  error
	}{
		"desk@example.com":               {},
		"desk+a.b@xn--bcher-kva.example": {},
		`"two words"@example.com`:        {err: letter.ErrRecipient}, // written otherwise by some
		"o'neil/x=y@example.com":         {},
		"büro@xn--bcher-kva.example":     {utf8: true},
		"büro@bücher.example":            {err: letter.ErrRecipient},
		"a@b@example.com":                {err: letter.ErrRecipient},
		"a,b@example.com":                {err: letter.ErrRecipient},
		"a@example.com, b@example.com":   {err: letter.ErrRecipient},
		"a@example.com\r\nBcc: b@x.de":   {err: letter.ErrRecipient},
		"a\u202e@example.com":            {err: letter.ErrRecipient},
		"a(comment)@example.com":         {err: letter.ErrRecipient},
		"a@example.com>":                 {err: letter.ErrRecipient},
		"":                               {err: letter.ErrRecipient},
		"nobody":                         {err: letter.ErrRecipient},
		"@example.com":                   {err: letter.ErrRecipient},
		"a@":                             {err: letter.ErrRecipient},
		"a\xff@example.com":              {err: letter.ErrRecipient},
		strings.Repeat("l", 64) + "@" + strings.Repeat("d.", 90) + "example": {},
	} {
		l := started()
		l.Recipient.Email = email
		m, err := letter.Render(&l, sender(t))
		if !errors.Is(err, want.err) || (err == nil) != (want.err == nil) || m.UTF8 != want.utf8 {
			t.Errorf("%q: UTF8 %t, %v; want %t, %v", email, m.UTF8, err, want.utf8, want.err)
		}
		if err == nil {
			holds(t, l, m)
		}
	}
}

func TestSenders(t *testing.T) {
	for _, c := range []struct {
		from, url, address string
		err                error
	}{
		{"desk@media.example", "", "desk@media.example", nil},
		{"Büro <desk@bücher.example>", "https://x.de/{message_id}", "desk@xn--bcher-kva.example", nil},
		{"desk", "", "", letter.ErrFrom},
		{"", "", "", letter.ErrFrom},
		{"a@x.de, b@x.de", "", "", letter.ErrFrom},
		{"a@x.de\r\nBcc: b@x.de", "", "", letter.ErrFrom},
		{"a@-.de", "", "", letter.ErrFrom},
		{"a@x.de", "http://x.de/off", "", letter.ErrUnsubscribe},
		{"a@x.de", "x.de/off", "", letter.ErrUnsubscribe},
		{"a@x.de", "https:///off", "", letter.ErrUnsubscribe},
		{"a@x.de", "https://u:p@x.de/off", "", letter.ErrUnsubscribe},
		{"a@x.de", "https://x.de/off?{who}", "", letter.ErrUnsubscribe},
		{"a@x.de", "https://x.de/off\r\nX: y", "", letter.ErrUnsubscribe},
		{"a@x.de", "https://x.de/a b", "", letter.ErrUnsubscribe},
		{"a@x.de", "https://x.de/<>", "", letter.ErrUnsubscribe},
		{"a@x.de", "https://x.de/" + strings.Repeat("x", 400), "", letter.ErrUnsubscribe},
	} {
		s, err := letter.NewSender(c.from, c.url)
		if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%q, %q: %v; want %v", c.from, c.url, err, c.err)
		}
		if err != nil {
			continue
		}
		l := started()
		m, err := letter.Render(&l, s)
		if err != nil || m.From != c.address || !strings.HasSuffix(m.ID, strings.TrimPrefix(c.address, "desk")) {
			t.Errorf("%q: from %s, id %s, %v", c.from, m.From, m.ID, err)
		}
	}
}

func TestAnURLThatGetsTooLong(t *testing.T) {
	s, err := letter.NewSender("a@x.de", "https://x.de/?"+strings.Repeat("{recipient}", 30))
	if err != nil {
		t.Fatal(err)
	}
	l := started()
	l.Recipient.Email = strings.Repeat("ü", 64) + "@example.com"
	if _, err := letter.Render(&l, s); err == nil || errors.Is(err, letter.ErrRecipient) {
		t.Errorf("rendered, or %v", err)
	}
}

// FuzzRender holds that whatever a letter says, the mail goes to the same address and has the same headers.
func FuzzRender(f *testing.F) {
	f.Add("desk@example.com", "Desk", "de", "Spring sale", "s-1", "12.5", int64(0), uint8(0))
	f.Add("a@b", "\r\nBcc: x@y", "en", "=?utf-8?b?DQo=?=", "\u202e", "-1e9", int64(1)<<62, uint8(7))
	f.Add("ü@x.de", strings.Repeat("🎉", 300), "", "a\x00\xffb", "{{", "", int64(-1), uint8(2))
	f.Fuzz(func(t *testing.T, email, person, locale, name, id, number string, n int64, what uint8) {
		all := []state.Letter{started(), startedLate(), ended(), noPlays(), provisional(), never(), cancelled(), cancelledBefore(),
			soFar(), cancelledPaused()}
		l := all[int(what)%len(all)]
		l.Recipient = state.Contact{Email: email, Name: person, Locale: locale}
		l.Campaign.Name, l.Campaign.ID, l.Campaign.AdvertiserID, l.Campaign.Zone = name, id, id, id
		l.Reason, l.CPM = name, number
		l.Campaign.StartsAt, l.Lateness, l.EndedAt = instant.Instant(n), instant.Millis(n), instant.Instant(n)
		if l.AtStart != nil {
			l.AtStart = &state.AtStart{Ready: n / 2, Total: n}
		}
		if l.Statement != nil {
			l.Statement.Impressions, l.Statement.Spent, l.Statement.Currency, l.Statement.ID = number, number, id, id
			l.Statement.Plays = n
			l.Statement.ByCreative.Top = []state.Line{{ID: id, Plays: n, Impressions: number}}
			l.Statement.NotCounted = []state.Verdict{{Name: name, Plays: n}}
		}
		m, err := letter.Render(&l, sender(t))
		if err == nil {
			holds(t, l, m)
		}
	})
}
