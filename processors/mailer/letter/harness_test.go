package letter_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/rmn-arms/campaign-engine/processors/mailer/letter"
	"github.com/rmn-arms/campaign-engine/state/instant"
	state "github.com/rmn-arms/campaign-engine/state/mail"
)

func at(text string) instant.Instant {
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return instant.Of(parsed)
}

// campaign runs for a week over a change of the clocks in New York.
func campaign() state.Campaign {
	return state.Campaign{
		ID: "c-1", Name: "Spring sale", AdvertiserID: "a-1", Revision: 3, Currency: "USD", StartsAt: at("2027-03-12T05:00:00Z"),
		EndsAt: at("2027-03-19T04:00:00Z"), Zone: "America/New_York", Stores: 12,
	}
}

// started is the letter at the start.
func started() state.Letter {
	c := campaign()
	return state.Letter{
		Kind: state.AtTheStart, TransitionID: "c-1/3/start", Recipient: state.Contact{Email: "desk@example.com", Name: "Campaign desk", Locale: "en"},
		Nominal: c.StartsAt, DecidedAt: c.StartsAt.Add(21), Campaign: c, Started: c.StartsAt, Lateness: 21, ActiveAt: c.StartsAt.Add(21),
		AtStart: &state.AtStart{Ready: 1234, Total: 1300}, EndedAt: state.Never, SettlesAt: state.Never,
	}
}

func startedLate() state.Letter {
	l := started()
	l.Lateness = 3*60*1000 + 2_500
	l.DecidedAt = l.Nominal.Add(l.Lateness)
	l.ActiveAt = l.DecidedAt
	return l
}

// ended is the letter at the end, with the final statement.
func ended() state.Letter {
	l := started()
	l.Kind, l.TransitionID, l.Outcome = state.AtTheEnd, "c-1/3/end", state.Completed
	l.Nominal = l.Campaign.EndsAt
	l.EndedAt, l.SettlesAt, l.DecidedAt = l.Nominal, l.Nominal.Add(1000), l.Nominal.Add(1500)
	l.CPM, l.Statement = "2.50", statement()
	return l
}

func statement() *state.Statement {
	return &state.Statement{
		ID: "c-1/1", Version: 1, LockedAt: at("2027-03-19T04:00:01Z"), Currency: "USD", Plays: 1_234_567, Overran: 17,
		Impressions: "9876543.25", Budget: "25000.00", Spent: "24691.36", Released: "308.64",
		ByStore: state.Lines{Listed: 1000, Total: 4312, Top: []state.Line{
			{ID: "s-berlin-1", Plays: 400_000, Impressions: "4000000.5"}, {ID: "s-2", Plays: 300_001, Impressions: "2500000"},
			{ID: "s-3", Plays: 20, Impressions: "160"}, {ID: "s-4", Plays: 2, Impressions: "16.75"}, {ID: "s-5", Plays: 1, Impressions: "0"},
		}},
		ByCreative: state.Lines{Listed: 2, Total: 2, Top: []state.Line{
			{ID: "cr-summer", Plays: 1_000_000, Impressions: "8000000"}, {ID: "cr-2", Plays: 234_567, Impressions: "1876543.25"},
		}},
		NotCounted: []state.Verdict{{Name: "duplicate", Plays: 1234}, {Name: "over-budget", Plays: 0}, {Name: "out-of-window", Plays: 7}},
	}
}

func noPlays() state.Letter {
	l := ended()
	l.Statement = &state.Statement{ID: "c-1/1", Version: 1, Currency: "USD", Impressions: "0", Budget: "25000.00", Spent: "0.00", Released: "25000.00"}
	return l
}

func provisional() state.Letter {
	l := ended()
	l.Kind, l.Statement = state.BeforeTheFinal, nil
	l.Campaign.Grace = 2 * 60 * 60 * 1000
	l.SettlesAt = l.EndedAt.Add(l.Campaign.Grace)
	return l
}

// soFar is a provisional letter with what was counted until then. What is released is not settled; its statement has no id.
func soFar() state.Letter {
	l := provisional()
	l.Statement = statement()
	l.Statement.ID, l.Statement.Version, l.Statement.LockedAt, l.Statement.Released = "", 0, 0, ""
	return l
}

func nothingSoFar() state.Letter {
	l := soFar()
	l.Statement = &state.Statement{Currency: "USD", Impressions: "0", Budget: "25000.00", Spent: "0.00"}
	return l
}

func never() state.Letter {
	l := noPlays()
	l.Started, l.Lateness, l.AtStart = state.Never, 0, nil
	return l
}

func cancelled() state.Letter {
	l := ended()
	l.Outcome, l.TransitionID = state.Cancelled, "c-1/4/cancel"
	l.Was, l.Reason = state.WasRunning, "The product was recalled."
	l.Nominal = at("2027-03-14T10:30:00Z").Add(789) // when it was read
	l.EndedAt, l.DecidedAt, l.SettlesAt = l.Nominal, l.Nominal, l.Nominal
	return l
}

func cancelledPaused() state.Letter {
	l := cancelled()
	l.Was, l.Reason = state.WasPaused, ""
	l.Kind, l.Statement, l.CPM = state.BeforeTheFinal, soFar().Statement, ""
	l.Campaign.Grace = 2 * 60 * 60 * 1000
	l.SettlesAt = l.EndedAt.Add(l.Campaign.Grace)
	return l
}

// longNames has names as long as they are shown.
func longNames() state.Letter {
	l := ended()
	l.Campaign.Name = strings.Repeat("Frühlingsangebote für Gärten & Balkone ", 5) + "…"
	l.Campaign.ID = "campaign-" + strings.Repeat("0123456789", 19) + "x" // as long as may be
	l.Campaign.AdvertiserID = "advertiser-" + strings.Repeat("x", 189)
	l.Recipient.Name = "Mediaplanung für die Märkte im Norden und Süden des Landes, Büro für besondere Maßnahmen"
	l.Statement.ID = l.Campaign.ID + "/1"
	l.Statement.ByStore.Top[0].ID = "store-" + strings.Repeat("berlin-", 27)
	l.Statement.ByCreative.Top[1].ID = "creative-" + strings.Repeat("y", 191)
	l.Statement.NotCounted = append(l.Statement.NotCounted, state.Verdict{Name: "not-active", Plays: 1_000_000})
	return l
}

func noStores() state.Letter {
	l := noPlays()
	l.Campaign.Stores, l.AtStart = 0, &state.AtStart{}
	return l
}

func cancelledBefore() state.Letter {
	l := never()
	l.Outcome, l.TransitionID = state.Cancelled, "c-1/4/cancel"
	l.Nominal = at("2027-03-01T10:30:00Z")
	l.EndedAt, l.DecidedAt, l.SettlesAt = l.Nominal, l.Nominal, l.Nominal
	return l
}

func in(locale string, l state.Letter) state.Letter {
	l.Recipient.Locale = locale
	return l
}

const unsubscribe = "https://mail.example.com/off?who={recipient}&what={campaign_id}"

func sender(t testing.TB) letter.Sender {
	t.Helper()
	s, err := letter.NewSender("Retail media <desk@media.example>", unsubscribe)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func render(t testing.TB, l state.Letter) letter.Message {
	t.Helper()
	m, err := letter.Render(&l, sender(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// read is a mail as a mail program reads it.
type read struct {
	header     mail.Header
	subject    string
	text, html string
	seen       string // the text of the HTML, as people see it
}

// parse reads a mail with a parser that knows nothing of how it was written.
func parse(t testing.TB, message []byte) read {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		t.Fatalf("%v\n%s", err, message)
	}
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	r := read{header: m.Header}
	r.text = part(t, parts, "text/plain")
	r.html = part(t, parts, "text/html")
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Fatalf("a third part, or %v", err)
	}
	if r.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	r.seen = seen(t, r.html)
	wellFormed(t, message)
	return r
}

// wellFormed holds what RFC 5322, 2045 and 2047 want of a mail's lines: ended by CR LF; in the header at most 998 bytes, 78 but for
// one word, 76 where there is an encoded word, and text behind each name; in the body, which is quoted-printable, at most 76,
// in ASCII.
func wellFormed(t testing.TB, message []byte) {
	t.Helper()
	head, body, found := strings.Cut(string(message), "\r\n\r\n")
	if rest := strings.ReplaceAll(string(message), "\r\n", ""); !found || strings.ContainsAny(rest, "\r\n\x00") {
		t.Fatalf("lines that do not end in CR LF, or no body:\n%q", message)
	}
	for line := range strings.SplitSeq(head, "\r\n") {
		text := line
		if name, value, isFirst := strings.Cut(line, ": "); isFirst && !strings.HasPrefix(line, " ") {
			text = value
			if strings.ContainsAny(name, " <") {
				t.Errorf("a header without a name: %s", line)
			}
		} else if !strings.HasPrefix(line, " ") {
			t.Errorf("a header whose first line is empty: %s", line)
		}
		word := strings.TrimSpace(text)
		tooLong := len(line) > 998 || len(line) > 78 && strings.Contains(word, " ")
		if word == "" || tooLong || isASCII(line) && strings.Contains(word, "=?") && len(line) > 76 {
			t.Errorf("a header's line of %d bytes: %s", len(line), line)
		}
	}
	for line := range strings.SplitSeq(body, "\r\n") {
		if len(line) > 76 || !isASCII(line) {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > 127 })
}

// sameWords holds that text and HTML say the same words in the same order: all figures, times and zones among them. In the text
// labels have a colon, headings are underlined, and the link's address is written out.
func (r read) sameWords(t testing.TB) {
	t.Helper()
	text := strings.Fields(plainText(r.text))
	html := strings.Fields(strings.ReplaceAll(r.seen, ":", ""))
	for i := range max(len(text), len(html)) {
		if i >= len(text) || i >= len(html) || text[i] != html[i] {
			t.Fatalf("text and HTML differ at the word %d: %q and %q\n%s\n%s", i, from(text, i), from(html, i), r.text, r.seen)
		}
	}
}

func from(words []string, i int) []string { return words[min(i, len(words)):min(i+3, len(words))] }

// plainText is the text without colons, underlines, the mark of the foot and the link's address.
func plainText(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, ": https://")
		if strings.Trim(line, "- \n") != "" {
			out.WriteString(strings.ReplaceAll(line, ":", "") + "\n")
		}
	}
	return out.String()
}

func part(t testing.TB, parts *multipart.Reader, want string) string {
	t.Helper()
	p, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	kind, parameters, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err != nil || kind != want || !strings.EqualFold(parameters["charset"], "utf-8") ||
		p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		t.Fatalf("a part of %v, %v; want %s", p.Header, err, want)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(body), "\r\n", "\n")
}

// seen returns the texts of an HTML document with single spaces, without its head.
func seen(t testing.TB, document string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == "head" {
			return
		}
		if n.Type == html.TextNode {
			out.WriteString(n.Data + " ")
		}
		for child := range n.ChildNodes() {
			walk(child)
		}
	}
	walk(root)
	return spaced(out.String())
}

func spaced(text string) string { return strings.Join(strings.Fields(text), " ") }
