package mail_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/mail"
)

// The campaign of the tests runs within [startsAt, endsAt).
const (
	second   instant.Millis  = 1000
	minute                   = 60 * second
	hour                     = 60 * minute
	startsAt instant.Instant = 1_796_000_000_000
	endsAt                   = startsAt + 7*24*60*60*1000
)

// box is a mailer of one campaign: each row goes through its bytes, and each letter is held against those before.
type box struct {
	t       rapid.TB
	row     mail.Row
	now     instant.Instant
	letters []mail.Letter
	nobody  int64
	lost    int64
}

func newBox(t rapid.TB) *box { return &box{t: t, now: startsAt} }

func (b *box) fold(facts ...mail.Fact) {
	b.t.Helper()
	for _, fact := range facts {
		before := string(b.row.AppendBinary(nil))
		row, mailing := mail.Fold(b.row, fact, b.now)
		if after := string(b.row.AppendBinary(nil)); after != before {
			b.t.Fatalf("folding %T changes the row that it got", fact)
		}
		b.take(row, mailing)
	}
}

// wait lets time pass, and wakes the row whenever it is due.
func (b *box) wait(d instant.Millis) {
	b.t.Helper()
	until := b.now.Add(d)
	for due := b.row.NextDue(); due <= until; due = b.row.NextDue() {
		b.now = max(b.now, due)
		row, mailing := mail.Wake(b.row, b.now)
		if row.NextDue() == due {
			b.t.Fatalf("woken at %d, it is due at %d", b.now, due)
		}
		b.take(row, mailing)
	}
	b.now = until
}

func (b *box) take(row mail.Row, mailing mail.Mailing) {
	b.t.Helper()
	data := row.AppendBinary(nil)
	b.row = mail.Row{}
	if err := b.row.UnmarshalBinary(data); err != nil {
		b.t.Fatalf("%+v: %v", row, err)
	}
	for _, letter := range mailing.Letters {
		same := func(other mail.Letter) bool { return other.ID() == letter.ID() }
		if slices.ContainsFunc(b.letters, same) {
			b.t.Fatalf("mailed twice: %s", told(letter))
		}
		b.letters = append(b.letters, letter)
	}
	b.nobody += mailing.Nobody
	b.lost += mailing.Lost
}

// want compares what was mailed since it was asked last.
func (b *box) want(lines ...string) {
	b.t.Helper()
	var got []string
	for _, letter := range b.letters {
		got = append(got, told(letter))
	}
	if !slices.Equal(got, lines) {
		b.t.Errorf("mailed:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
	b.letters = nil
}

// told is a letter in a line.
func told(l mail.Letter) string {
	line := fmt.Sprintf("%s of %s to %s", l.Kind, l.TransitionID, l.Recipient.Email)
	if l.AtStart != nil {
		line += fmt.Sprintf(", %d of %d", l.AtStart.Ready, l.AtStart.Total)
	}
	if l.Late() {
		line += ", late"
	}
	switch {
	case l.Statement == nil:
	case l.Statement.ID == "":
		line += ", so far " + l.Statement.Spent
	default:
		line += ", " + l.Statement.ID
	}
	if l.Outcome == mail.Cancelled {
		line += ", cancelled"
	}
	if l.Started == mail.Never {
		line += ", never started"
	}
	return line
}

func contacts(emails ...string) (all []mail.Contact) {
	for _, email := range emails {
		all = append(all, mail.Contact{Email: email, Name: "Desk", Locale: "en"})
	}
	return all
}

func definition(revision int64, emails ...string) mail.Definition {
	return mail.Definition{Number: revision, AdvertiserID: "a-1", Currency: "EUR", Contacts: contacts(emails...)}
}

func campaignOf(revision int64) mail.Campaign {
	return mail.Campaign{
		ID: "c-1", Name: "Spring", AdvertiserID: "a-1", Revision: revision, Currency: "EUR", StartsAt: startsAt, EndsAt: endsAt,
		Zone: "Europe/Berlin", Stores: 2,
	}
}

func transition(sequence, revision int64, name string, at instant.Instant) mail.Transition {
	t := mail.Transition{
		ID: fmt.Sprintf("c-1/%d/%s", revision, name), Sequence: sequence, Campaign: campaignOf(revision), Nominal: at, DecidedAt: at,
	}
	switch name {
	case "end":
		t.Outcome = mail.Completed
	case "cancel":
		t.Outcome = mail.Cancelled
	}
	return t
}

// change is an operator's, with a revision of its own; the definition in force stays the one of revision 1.
func change(sequence, revision int64, name string, at instant.Instant) mail.Transition {
	t := transition(sequence, revision, name, at)
	t.Campaign.Revision = 1
	return t
}

func schedule(sequence, revision int64) mail.Transition {
	return transition(sequence, revision, "schedule", startsAt-1000)
}

func start(sequence, revision int64) mail.Transition {
	t := transition(sequence, revision, "start", startsAt)
	t.FirstActive = true
	return t
}

func end(sequence, revision int64) mail.Transition {
	return transition(sequence, revision, "end", endsAt)
}

// cancelled is a cancel in the place of an end: of one that was paused, with a reason and a price.
func cancelled(t mail.Transition) mail.Transition {
	t.Outcome, t.CPM, t.Was, t.Reason = mail.Cancelled, "2.50", mail.WasPaused, "withdrawn"
	return t
}

func withGrace(t mail.Transition, grace instant.Millis) mail.Transition {
	t.Campaign.Grace = grace
	return t
}

func final() mail.Statement {
	return mail.Statement{
		ID: "c-1/1", Version: 1, LockedAt: endsAt, Currency: "EUR", Plays: 3, Impressions: "30.5", Budget: "10.00", Spent: "1.00",
		Released: "9.00", ByStore: mail.Lines{Top: []mail.Line{{ID: "s-1", Plays: 3, Impressions: "30.5"}}, Listed: 1, Total: 1},
		NotCounted: []mail.Verdict{{Name: "duplicate", Plays: 2}},
	}
}

// interim is what budgets has counted at the end.
func interim() mail.Interim {
	s := final()
	s.ID, s.Version, s.Plays, s.Spent, s.Released = "", 0, 2, "0.67", "9.33"
	return mail.Interim(s)
}

// known is a campaign of revision 1 whose contacts are known, scheduled.
func known(t *testing.T, emails ...string) *box {
	b := newBox(t)
	b.fold(definition(1, emails...), schedule(1, 1))
	return b
}

// running is known, and active.
func running(t *testing.T, emails ...string) *box {
	b := known(t, emails...)
	b.fold(start(2, 1), mail.AtStart{Ready: 1, Total: 2})
	b.letters, b.nobody = nil, 0
	b.now = endsAt
	return b
}
