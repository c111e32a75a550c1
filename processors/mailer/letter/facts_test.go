package letter_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors/mailer/letter"
	"github.com/rmn-arms/campaign-engine/schemas"
	state "github.com/rmn-arms/campaign-engine/state/mail"
)

// says holds that a mail has a subject, and says each fact in its text and in its HTML alike.
func says(t *testing.T, l state.Letter, subject string, facts ...string) read {
	t.Helper()
	m := render(t, l)
	r := parse(t, m.Bytes)
	if r.subject != subject || m.Subject != subject {
		t.Errorf("subject %q, header %q; want %q", m.Subject, r.subject, subject)
	}
	r.sameWords(t)
	text := spaced(r.text)
	for _, fact := range facts {
		if !strings.Contains(text, spaced(fact)) {
			t.Errorf("the text does not say %q:\n%s", fact, r.text)
		}
		if !strings.Contains(r.seen, strings.ReplaceAll(spaced(fact), ": ", " ")) && !strings.Contains(r.seen, spaced(fact)) {
			t.Errorf("the HTML does not say %q:\n%s", fact, r.seen)
		}
	}
	return r
}

// saysNot holds that neither text nor HTML has a word.
func (r read) saysNot(t *testing.T, words ...string) {
	t.Helper()
	for _, word := range words {
		if strings.Contains(r.text, word) || strings.Contains(r.seen, word) {
			t.Errorf("it says %q:\n%s\n%s", word, r.text, r.seen)
		}
	}
}

// flight is the window of the campaign in its zone, and in UTC.
var flight = []string{
	"America/New_York", "2027-03-12 00:00:00 -05:00 EST", "2027-03-12 05:00:00 +00:00 UTC", "2027-03-19 00:00:00 -04:00 EDT",
	"2027-03-19 04:00:00 +00:00 UTC", "Spring sale", "c-1", "a-1", "Campaign desk",
}

func TestStarted(t *testing.T) {
	r := says(t, in("en", started()), "Campaign started: Spring sale",
		append(flight, "has started.", "Devices ready at the start", "1,234 / 1,300 (94.9%)")...)
	r.saysNot(t, "later than", "Statement", "Ended", "provisional", "Count closes")
	r = says(t, in("de", started()), "Kampagne gestartet: Spring sale", append(flight, "ist gestartet.", "1.234 / 1.300 (94,9 %)")...)
	r.saysNot(t, "später", "Abrechnung", "Beendet", "vorläufig", "Zählung schließt")
}

func TestStartedLate(t *testing.T) {
	const really = "2027-03-12 00:03:02 -05:00 EST"
	says(t, in("en", startedLate()), "Campaign started late: Spring sale",
		append(flight, "3 minutes 2 seconds later than planned", really, "2027-03-12 05:03:02 +00:00 UTC")...)
	says(t, in("de", startedLate()), "Kampagne verspätet gestartet: Spring sale",
		append(flight, "um 3 Minuten 2 Sekunden später als geplant", really)...)
	late := startedLate()
	l := ended()
	l.Lateness, l.ActiveAt = late.Lateness, late.ActiveAt
	says(t, in("en", l), "Campaign ended (final): Spring sale", "3 minutes 2 seconds later than planned", really)
}

// TestStartedBehindTheFlight: it was published, or resumed, after its start; it is told when it started, and that it is late is not
// the engine's to say.
func TestStartedBehindTheFlight(t *testing.T) {
	published := started()
	published.Lateness, published.ActiveAt = 15, published.Started.Add(7_200_015)
	resumed := published
	resumed.Started = resumed.ActiveAt
	for _, l := range []state.Letter{published, resumed} {
		says(t, in("en", l), "Campaign started: Spring sale", append(flight, "Started", "2027-03-12 02:00:00 -05:00 EST")...).saysNot(t, "later than planned")
	}
	says(t, in("en", started()), "Campaign started: Spring sale", flight...).saysNot(t, "Started")
}

func TestEnded(t *testing.T) {
	says(t, in("en", ended()), "Campaign ended (final): Spring sale", append(flight, "has ended.", "1,234 / 1,300 (94.9%)",
		"Plays: 1,234,567", "Impressions: 9,876,543.25", "Budget: 25,000.00 USD", "Spent: 24,691.36 USD", "Released: 308.64 USD",
		"Statement: c-1/1", "past the end of the campaign: 17.",
		"By store", "s-berlin-1 4,000,000.5 400,000", "s-2 2,500,000 300,001", "s-5 0 1", "and 4,307 more", "names 1,000 of 4,312",
		"By creative", "cr-summer 8,000,000 1,000,000", "cr-2 1,876,543.25 234,567",
		"reported more than once 1,234", "outside the flight 7")...).saysNot(t, "beyond the budget", "No play", "provisional")
	says(t, in("de", ended()), "Kampagne beendet (endgültig): Spring sale", append(flight, "ist beendet.", "1.234 / 1.300 (94,9 %)",
		"Ausspielungen: 1.234.567", "Impressions: 9.876.543,25", "Budget: 25.000,00 USD", "Ausgegeben: 24.691,36 USD",
		"Freigegeben: 308,64 USD", "Abrechnung: c-1/1", "Ende der Kampagne hinaus dauerten: 17.",
		"s-berlin-1 4.000.000,5 400.000", "und 4.307 weitere", "nennt 1.000 von 4.312", "cr-2 1.876.543,25 234.567",
		"mehrfach gemeldet 1.234", "außerhalb der Laufzeit 7")...).saysNot(t, "über das Budget", "keine Ausspielung", "vorläufig")
}

func TestNoPlays(t *testing.T) {
	says(t, in("en", noPlays()), "Campaign ended (final): Spring sale", "No play was counted.", "Plays: 0", "Impressions: 0",
		"Spent: 0.00 USD", "Released: 25,000.00 USD", "Statement: c-1/1").saysNot(t, "By store", "By creative", "do not count")
	says(t, in("de", noPlays()), "Kampagne beendet (endgültig): Spring sale", "Es wurde keine Ausspielung gezählt.", "Ausgegeben: 0,00 USD")
}

const (
	closes    = "2027-03-19 02:00:00 -04:00 EDT"
	closesUTC = "2027-03-19 06:00:00 +00:00 UTC"
)

func TestProvisional(t *testing.T) {
	says(t, in("en", provisional()), "Campaign ended (provisional): Spring sale", append(flight, "This is provisional",
		"until the count closes at "+closes+" or shortly after", "Nothing is released before that",
		"final figures follow in another mail", "Count closes: "+closes+" "+closesUTC,
		"1,234 / 1,300")...).saysNot(t, "Spent", "Statement", "so far", "Released")
	says(t, in("de", provisional()), "Kampagne beendet (vorläufig): Spring sale", append(flight, "Diese Nachricht ist vorläufig",
		"bis die Zählung um "+closes+" oder kurz danach schließt", "Vorher wird nichts freigegeben",
		"endgültigen Zahlen folgen in einer weiteren Mail", "Zählung schließt: "+closes+" "+closesUTC)...).
		saysNot(t, "Ausgegeben", "bisher", "Freigegeben")
}

// TestSoFar: a provisional letter with figures says that they are not final, when they will be, and that nothing is released.
func TestSoFar(t *testing.T) {
	says(t, in("en", soFar()), "Campaign ended (provisional): Spring sale", append(flight, "This is provisional",
		"the figures below are those so far, and may still rise until the count closes at "+closes+" or shortly after",
		"final figures follow in another mail", "Count closes: "+closes+" "+closesUTC, "Figures so far, not final",
		"Plays so far: 1,234,567", "Impressions so far: 9,876,543.25", "Price (CPM): 2.50 USD per 1,000 impressions",
		"Budget: 25,000.00 USD", "Spent so far: 24,691.36 USD", "Released: nothing yet", "s-berlin-1 4,000,000.5 400,000",
		"reported more than once 1,234", "1,000 of 4,312 were looked at")...).saysNot(t, "Statement", "statement", "wallet", "(final)", "308.64")
	says(t, in("de", soFar()), "Kampagne beendet (vorläufig): Spring sale", append(flight, "Diese Nachricht ist vorläufig",
		"Zahlen unten sind die bisherigen und können noch steigen, bis die Zählung um "+closes+" oder kurz danach schließt",
		"endgültigen Zahlen folgen in einer weiteren Mail", "Zählung schließt: "+closes+" "+closesUTC, "Bisherige Zahlen, nicht endgültig",
		"Ausspielungen bisher: 1.234.567", "Impressions bisher: 9.876.543,25", "Preis (TKP): 2,50 USD je 1.000 Impressions",
		"Budget: 25.000,00 USD", "Bisher ausgegeben: 24.691,36 USD", "Freigegeben: noch nichts")...).
		saysNot(t, "Abrechnung", "Guthabenkonto", "(endgültig)", "308,64")
	says(t, in("en", nothingSoFar()), "Campaign ended (provisional): Spring sale", "No play has been counted so far.", "Plays so far: 0").
		saysNot(t, "No play was counted")
	says(t, in("de", nothingSoFar()), "Kampagne beendet (vorläufig): Spring sale", "Bisher wurde keine Ausspielung gezählt.")
}

// TestPriceAndWallet: what a play cost, and whose the rest is.
func TestPriceAndWallet(t *testing.T) {
	l := ended()
	l.CPM, l.Statement.Currency, l.Campaign.AdvertiserID = "1234.5", "EUR", "nordwind"
	says(t, in("en", l), "Campaign ended (final): Spring sale", "Price (CPM): 1,234.5 EUR per 1,000 impressions in force at the end",
		"Released: 308.64 EUR to the wallet of nordwind")
	says(t, in("de", l), "Kampagne beendet (endgültig): Spring sale", "Preis (TKP): 1.234,5 EUR je 1.000 Impressions am Ende gültig",
		"Freigegeben: 308,64 EUR auf das Guthabenkonto von nordwind")
	l.CPM = ""
	says(t, in("en", l), "Campaign ended (final): Spring sale").saysNot(t, "Price", "CPM")
}

func TestVariantsOfTheEnd(t *testing.T) {
	says(t, in("en", never()), "Campaign ended without starting (final): Spring sale", append(flight, "has ended without ever starting.",
		"Released: 25,000.00 USD", "c-1/1")...).saysNot(t, "Started", "Devices ready")
	says(t, in("de", never()), "Kampagne ohne Start beendet (endgültig): Spring sale", append(flight, "ohne je gestartet zu sein")...)
	const cancelledAt = "2027-03-14 06:30:00 -04:00 EDT"
	says(t, in("en", cancelled()), "Campaign cancelled (final): Spring sale", append(flight, "was cancelled while it was running.",
		"Cancelled: "+cancelledAt+" 2027-03-14 10:30:00 +00:00 UTC", "Reason given: The product was recalled.",
		"Spent: 24,691.36 USD")...).saysNot(t, ".789", "paused")
	says(t, in("de", cancelled()), "Kampagne abgebrochen (endgültig): Spring sale", "wurde abgebrochen, während sie lief.",
		"Abgebrochen: "+cancelledAt, "Angegebener Grund: The product was recalled.").saysNot(t, ".789", "pausiert")
	says(t, in("en", cancelledPaused()), "Campaign cancelled (provisional): Spring sale", "was cancelled while it was paused.",
		"2027-03-14 08:30:00 -04:00 EDT", "2027-03-14 12:30:00 +00:00 UTC").saysNot(t, "Reason given", ".789", "running")
	says(t, in("de", cancelledPaused()), "Kampagne abgebrochen (vorläufig): Spring sale", "wurde abgebrochen, während sie pausiert war.").
		saysNot(t, "Angegebener Grund", "lief")
	says(t, in("en", cancelledBefore()), "Campaign cancelled before it started (final): Spring sale", append(flight,
		"was cancelled before it started.", "2027-03-01 05:30:00 -05:00 EST")...).saysNot(t, "Devices ready")
	says(t, in("de", cancelledBefore()), "Kampagne vor dem Start abgebrochen (endgültig): Spring sale", "wurde vor ihrem Start abgebrochen")
	l := cancelled()
	l.Kind, l.Statement, l.Was = state.BeforeTheFinal, nil, state.WasElse
	says(t, in("en", l), "Campaign cancelled (provisional): Spring sale", "This is provisional", "was cancelled after it had started.")
	says(t, in("de", l), "Kampagne abgebrochen (vorläufig): Spring sale", "wurde nach ihrem Start abgebrochen.")
}

func TestReadinessThatIsNotKnown(t *testing.T) {
	l := started()
	l.AtStart = nil
	says(t, in("en", l), "Campaign started: Spring sale", "Devices ready at the start: not known")
	says(t, in("de", l), "Kampagne gestartet: Spring sale", "Beim Start bereite Geräte: nicht bekannt")
	// 0 of 0 is also what is recorded where stores with devices heard of the campaign behind its start: it was booked late.
	l.AtStart = &state.AtStart{}
	says(t, in("en", l), "Campaign started: Spring sale",
		"Devices ready at the start: none; its stores have no devices, or did not know of the campaign yet").saysNot(t, "0 / 0")
	says(t, in("de", l), "Kampagne gestartet: Spring sale",
		"keine; die Filialen haben keine Geräte oder wussten noch nicht von der Kampagne").saysNot(t, "0 / 0")
}

// TestWithoutStores: such a campaign has no devices, whether the mailer has read so (0 of 0) or not.
func TestWithoutStores(t *testing.T) {
	for _, readiness := range []*state.AtStart{nil, {}} {
		l := started()
		l.Campaign.Stores, l.AtStart = 0, readiness
		says(t, in("en", l), "Campaign started: Spring sale", "Devices ready at the start: the campaign names no stores").saysNot(t, "0 / 0")
		l = noStores()
		l.AtStart = readiness
		says(t, in("en", l), "Campaign ended (final): Spring sale", "Devices ready at the start: the campaign names no stores").saysNot(t, "0 / 0")
		says(t, in("de", l), "Kampagne beendet (endgültig): Spring sale", "Beim Start bereite Geräte: die Kampagne nennt keine Filialen").
			saysNot(t, "0 / 0")
	}
}

// TestReadinessIsExplained where devices were not ready.
func TestReadinessIsExplained(t *testing.T) {
	l := started()
	l.AtStart = &state.AtStart{Ready: 0, Total: 2}
	says(t, in("en", l), "Campaign started: Spring sale", "0 / 2 (0.0%) Ready: the content is on the device. The others play the campaign once they have it")
	says(t, in("de", l), "Kampagne gestartet: Spring sale", "0 / 2 (0,0 %) Bereit: Die Inhalte sind auf dem Gerät. Die übrigen spielen die Kampagne, sobald")
	l.AtStart.Ready = 2
	says(t, in("en", l), "Campaign started: Spring sale", "2 / 2 (100.0%)").saysNot(t, "Ready:", "The others")
}

func TestStartedByAResume(t *testing.T) {
	l := started()
	l.TransitionID, l.Started = "c-1/5/resume", at("2027-03-15T12:00:00Z").Add(321) // when it was read
	says(t, in("en", l), "Campaign started: Spring sale", append(flight, "Started: 2027-03-15 08:00:00 -04:00 EDT")...).saysNot(t, ".321")
}

func TestZones(t *testing.T) {
	l := started()
	l.Campaign.Zone = "Asia/Kolkata"
	says(t, l, "Campaign started: Spring sale", "Asia/Kolkata", "2027-03-12 10:30:00 +05:30 IST", "2027-03-12 05:00:00 +00:00 UTC")
	l.Campaign.Zone = "UTC"
	if r := says(t, l, "Campaign started: Spring sale", "2027-03-12 05:00:00 +00:00 UTC"); strings.Count(r.seen, "2027-03-12 05:00:00") != 1 {
		t.Errorf("the same time is written twice: %s", r.seen)
	}
	l.Campaign.Zone = "Mars/Olympus" // of a newer database
	says(t, l, "Campaign started: Spring sale", "Mars/Olympus", "2027-03-12 05:00:00 +00:00 UTC")
}

// TestEveryVerdictHasWords holds the languages against the contract's verdicts.
func TestEveryVerdictHasWords(t *testing.T) {
	for _, locale := range []string{"en", "de"} {
		l := in(locale, ended())
		l.Statement.NotCounted = nil
		for _, verdict := range schemas.Verdicts() {
			if verdict != schemas.PlayValid {
				l.Statement.NotCounted = append(l.Statement.NotCounted, state.Verdict{Name: string(verdict), Plays: 1})
			}
		}
		r := parse(t, render(t, l).Bytes)
		for _, verdict := range l.Statement.NotCounted {
			r.saysNot(t, verdict.Name+" ")
		}
	}
	l := ended()
	l.Statement.NotCounted = []state.Verdict{{Name: "of-tomorrow", Plays: 3}}
	says(t, l, "Campaign ended (final): Spring sale", "of-tomorrow 3")
}

func TestLocales(t *testing.T) {
	for locale, want := range map[string]string{
		"": "en", "en": "en", "en-US": "en", "fr": "en", "de": "de", "de-AT": "de", "DE": "de", "de_DE.UTF-8": "de", "deu": "en", "-de": "en",
		"den": "en", "x-de": "en",
	} {
		r := parse(t, render(t, in(locale, started())).Bytes)
		if !strings.Contains(r.html, `<html lang="`+want+`">`) {
			t.Errorf("%q is not answered in %s", locale, want)
		}
	}
}

func TestMoneyHasTheCurrencysDecimals(t *testing.T) {
	for _, c := range []struct{ amount, currency, en, de string }{
		{"1234567", "JPY", "1,234,567 JPY", "1.234.567 JPY"},
		{"1234.567", "KWD", "1,234.567 KWD", "1.234,567 KWD"},
		{"999.00", "EUR", "999.00 EUR", "999,00 EUR"},
		{"123456789012345678901234567890.12", "EUR", "123,456,789,012,345,678,901,234,567,890.12 EUR", "123.456.789.012.345.678.901.234.567.890,12 EUR"},
	} {
		l := ended()
		l.Statement.Spent, l.Statement.Currency = c.amount, c.currency
		says(t, in("en", l), "Campaign ended (final): Spring sale", "Spent: "+c.en)
		says(t, in("de", l), "Kampagne beendet (endgültig): Spring sale", "Ausgegeben: "+c.de)
	}
}

func TestTheHTMLIsPlain(t *testing.T) {
	for name, l := range letters() {
		r := parse(t, render(t, l).Bytes)
		for _, banned := range []string{"<img", "<script", "src=", "url(", "<link", "background", "color: #000", "color: black"} {
			if strings.Contains(r.html, banned) {
				t.Errorf("%s has %s", name, banned)
			}
		}
		if strings.Count(r.html, "<table") != strings.Count(r.html, "<thead")+strings.Count(r.html, "margin: 16px 0;\">\n<tr>\n<th scope=\"row\"") {
			t.Errorf("%s has a table without headings:\n%s", name, r.html)
		}
	}
}

// TestAMailIsTheSameWhenItIsMadeAgain: there is neither clock nor chance in it.
func TestAMailIsTheSameWhenItIsMadeAgain(t *testing.T) {
	first := render(t, ended())
	for range 20 {
		if again := render(t, ended()); !slices.Equal(again.Bytes, first.Bytes) || again.ID != first.ID {
			t.Fatal("the same letter gives another mail")
		}
	}
	if got := parse(t, first.Bytes).header.Get("Message-Id"); got != "<"+first.ID+">" || !strings.HasSuffix(first.ID, "@media.example") {
		t.Errorf("the Message-ID is %s, in the header %s", first.ID, got)
	}
	ids := map[string]bool{}
	for _, l := range []state.Letter{started(), ended(), provisional(), cancelled()} {
		ids[render(t, l).ID] = true
		l.Recipient.Email = "other@example.com"
		ids[render(t, l).ID] = true
	}
	if len(ids) != 8 {
		t.Errorf("%d ids of 8 mails", len(ids))
	}
}

func TestDateAndEnvelope(t *testing.T) {
	m := render(t, ended())
	r := parse(t, m.Bytes)
	if date, err := r.header.Date(); err != nil || date.UnixMilli() != int64(ended().DecidedAt)/1000*1000 {
		t.Errorf("dated %s, %v", date, err)
	}
	if m.From != "desk@media.example" || m.To != "desk@example.com" || m.UTF8 {
		t.Errorf("from %s to %s, UTF8 %t", m.From, m.To, m.UTF8)
	}
	if auto := r.header.Get("Auto-Submitted"); auto != "auto-generated" {
		t.Errorf("Auto-Submitted: %s", auto)
	}
}

func TestUnsubscribe(t *testing.T) {
	const link = "https://mail.example.com/off?who=desk%2Bnews%40example.com&what=c-1"
	l := started()
	l.Recipient.Email = "desk+news@example.com"
	r := says(t, l, "Campaign started: Spring sale", "Unsubscribe")
	if got := r.header.Get("List-Unsubscribe"); got != "<"+link+">" {
		t.Errorf("List-Unsubscribe: %s", got)
	}
	if got := r.header.Get("List-Unsubscribe-Post"); got != "List-Unsubscribe=One-Click" { // RFC 8058, section 3.1
		t.Errorf("List-Unsubscribe-Post: %s", got)
	}
	if !strings.Contains(r.text, link) || !strings.Contains(r.html, strings.ReplaceAll(link, "&", "&amp;")) {
		t.Errorf("no link in the parts:\n%s\n%s", r.text, r.html)
	}
	plain, err := letter.NewSender("desk@media.example", "")
	if err != nil {
		t.Fatal(err)
	}
	m, err := letter.Render(&l, plain)
	if err != nil {
		t.Fatal(err)
	}
	r = parse(t, m.Bytes)
	if r.header.Get("List-Unsubscribe") != "" || r.header.Get("List-Unsubscribe-Post") != "" {
		t.Errorf("there is nothing to unsubscribe by: %v", r.header)
	}
	r.saysNot(t, "Unsubscribe")
}
