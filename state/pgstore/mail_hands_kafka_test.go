//go:build kafka

package pgstore_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// TestMailHands: what processes that are cut off, slow or many do to mails in their hands.
func TestMailHands(t *testing.T) {
	d := startDatabases(t, fast)
	for name, test := range map[string]func(*testing.T, string){
		"a pace of a clock that was ahead":              testMailPaceAhead,
		"in hand from when it may leave":                testMailSlowPace,
		"what was given back is not begun":              testMailGivenBack,
		"what nobody knows of is taken again":           testMailLost,
		"some domains and campaigns are left":           testMailLeft,
		"what was made late has its time, too":          testMailMadeLate,
		"a row that stays as it is is not written":      testMailRowsUnchanged,
		"thousands of mails are written at once":        testMailThousands,
		"the text of what has ended goes after a while": testMailTextGoes,
	} {
		t.Run(name, func(t *testing.T) {
			address, drop := d.fresh(t)
			t.Cleanup(drop)
			test(t, address)
		})
	}
}

func claimBy(t *testing.T, s *pgstore.Store, c pgstore.MailClaim) []pgstore.ClaimedMail {
	t.Helper()
	if c.For == 0 {
		c.For = time.Minute
	}
	c.Now = noon.Add(1000)
	claimed, err := s.ClaimMails(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

func recipients(claimed []pgstore.ClaimedMail) (all []string) {
	for _, m := range claimed {
		all = append(all, m.Recipient)
	}
	return all
}

func lines(t *testing.T, address, query string) []string {
	t.Helper()
	rows, err := connect(t, address).Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// testMailPaceAhead: the database's clock was an hour ahead, and was set right.
func testMailPaceAhead(t *testing.T, address string) {
	s := open(t, address)
	writeMails(t, s, mailTo("a@example.com"), mailTo("b@example.com"))
	exec(t, connect(t, address), "UPDATE campaign_engine.mail_pace SET next_at = clock_timestamp() + interval '1 hour'")
	for range 2 { // what is noted is mended by the first
		claimed := claimBy(t, s, pgstore.MailClaim{By: "p", Most: 1, Every: 50 * time.Millisecond})
		if len(claimed) != 1 || claimed[0].After > time.Minute+50*time.Millisecond {
			t.Errorf("kept back: %+v", claimed)
		}
	}
	if ahead := lines(t, address, "SELECT (next_at > clock_timestamp() + interval '2 minutes')::text FROM campaign_engine.mail_pace"); ahead[0] != "false" {
		t.Error("the pace is as far ahead as before")
	}
}

// testMailSlowPace: a mail that may leave in hours is in hand for those, and as long after them as any other.
func testMailSlowPace(t *testing.T, address string) {
	s := open(t, address)
	writeMails(t, s, mailTo("a@example.com"), mailTo("b@example.com"), mailTo("c@example.com"))
	first := claimBy(t, s, pgstore.MailClaim{By: "p", Most: 1, Every: time.Hour})
	second := claimBy(t, s, pgstore.MailClaim{By: "q", Most: 2, Every: time.Hour})
	if diff := cmp.Diff([]string{"a@example.com", "b@example.com", "c@example.com"}, recipients(append(first, second...))); diff != "" {
		t.Fatal(diff)
	}
	got := lines(t, address, `SELECT round(extract(epoch FROM claimed_until - clock_timestamp()) / 60)::text
FROM campaign_engine.mails ORDER BY mail_id`)
	if diff := cmp.Diff([]string{"1", "61", "121"}, got); diff != "" {
		t.Errorf("minutes in hand (-want +got):\n%s", diff)
	}
}

// testMailGivenBack: the answer to BeginMail was lost, so the mail was given back; the server gets round to it only then.
func testMailGivenBack(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	writeMails(t, s, mailTo("a@example.com"))
	m := claimOne(t, s, "p")
	if changed, err := s.EndMail(ctx, m.ID, m.Claim, pgstore.MailEnd{State: pgstore.MailWaiting}); !changed || err != nil {
		t.Fatal(changed, err)
	}
	if began, err := s.BeginMail(ctx, m.ID, m.Claim); began || err != nil {
		t.Errorf("begun, though nobody sends it: %v", err)
	}
	mustStates(t, s, map[string]string{"a@example.com": "waiting"})
	if again := claimOne(t, s, "q"); again.Claim <= m.Claim+1 {
		t.Errorf("the claim is %d, and was %d", again.Claim, m.Claim)
	}
}

// testMailLost: p had four mails in hand, and hears of one alone.
func testMailLost(t *testing.T, address string) {
	s := open(t, address)
	for _, name := range []string{"a", "b", "c", "d"} {
		writeMails(t, s, mailTo(name+"@example.com"))
	}
	before := claimBy(t, s, pgstore.MailClaim{By: "p", Most: 3})
	claimBy(t, s, pgstore.MailClaim{By: "q", Most: 1})
	if got := claimBy(t, s, pgstore.MailClaim{By: "p", Most: 9}); len(got) != 0 {
		t.Errorf("taken twice: %v", recipients(got))
	}
	got := claimBy(t, s, pgstore.MailClaim{By: "p", Most: 9, Lost: true, InHand: []string{"b@example.com"}})
	if diff := cmp.Diff([]string{"a@example.com", "c@example.com"}, recipients(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if began, err := s.BeginMail(context.Background(), before[0].ID, before[0].Claim); began || err != nil {
		t.Errorf("begun by a claim that was taken again: %v", err)
	}
	if got := claimBy(t, s, pgstore.MailClaim{By: "p", Most: 9, Lost: true}); len(got) != 3 {
		t.Errorf("with nothing in hand: %v", recipients(got))
	}
}

func testMailLeft(t *testing.T, address string) {
	s := open(t, address)
	other := mailTo("c@example.org")
	other.CampaignID = "c-2"
	writeMails(t, s, mailTo("a@Slow.example"), mailTo(`"b@c"@slow.example`), other, mailTo("d@example.org"))
	claim := pgstore.MailClaim{By: "p", Most: 9, NotTo: []string{"slow.example"}, NotOf: []string{"c-2"}}
	if diff := cmp.Diff([]string{"d@example.org"}, recipients(claimBy(t, s, claim))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := claimBy(t, s, pgstore.MailClaim{By: "p", Most: 9}); len(got) != 3 {
		t.Errorf("then: %v", recipients(got))
	}
}

// testMailMadeLate: what was made long after what it tells of is tried as long as others; what tells of something to come can
// leave at once.
func testMailMadeLate(t *testing.T, address string) {
	s := open(t, address)
	late, early := mailTo("late@example.com"), mailTo("early@example.com")
	late.NominalAt, late.MadeAt = noon.Add(-3_600_000), noon
	early.NominalAt, early.MadeAt = noon.Add(3_600_000), noon
	unknown := mailTo("unknown@example.com")
	unknown.NominalAt = noon.Add(-3_600_000)
	writeMails(t, s, late, early, unknown)
	for _, c := range []struct {
		before instant.Instant
		want   int64
	}{{noon.Add(-3_600_000), 0}, {noon, 1}, {noon.Add(1), 1}, {noon.Add(3_600_001), 1}} {
		if c.before == noon.Add(1) {
			claimed := claimBy(t, s, pgstore.MailClaim{By: "p", Most: 9})
			if diff := cmp.Diff([]string{"late@example.com", "early@example.com"}, recipients(claimed)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, m := range claimed {
				if m.MadeAt != noon {
					t.Errorf("%s was made at %d", m.Recipient, m.MadeAt)
				}
				if _, err := s.EndMail(context.Background(), m.ID, m.Claim, pgstore.MailEnd{State: pgstore.MailWaiting}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if swept, err := s.SweepMails(context.Background(), pgstore.MailSweep{Before: c.before}); err != nil || swept.Failed != c.want {
			t.Errorf("before %d: %+v, %v", c.before-noon, swept, err)
		}
	}
}

func testMailRowsUnchanged(t *testing.T, address string) {
	s := open(t, address)
	put := func(body string, due *instant.Instant) {
		t.Helper()
		result, err := s.WriteMails(context.Background(), []string{"c-1"}, nil, func(map[string][]byte) (pgstore.MailBatch, error) {
			return pgstore.MailBatch{Rows: []pgstore.MailRow{{CampaignID: "c-1", Body: []byte(body), DueAt: due}}}, nil
		})
		if err != nil || result.Rows != 1 {
			t.Fatal(result, err)
		}
	}
	const version = "SELECT xmin || ' ' || convert_from(body, 'UTF8') || ' ' || coalesce(due_at::text, '') FROM campaign_engine.mail_campaigns"
	var seen []string
	for _, step := range []struct {
		body string
		due  *instant.Instant
		same bool
	}{{"x", nil, false}, {"x", nil, true}, {"x", new(noon), false}, {"x", new(noon), true}, {"y", new(noon), false}, {"y", nil, false}} {
		put(step.body, step.due)
		now := lines(t, address, version)[0]
		if len(seen) > 0 && (now == seen[len(seen)-1]) != step.same {
			t.Errorf("%q, %v: it was %s and is %s", step.body, step.due, seen[len(seen)-1], now)
		}
		seen = append(seen, now)
	}
}

func testMailThousands(t *testing.T, address string) {
	s := open(t, address)
	mails := make([]pgstore.Mail, 2500)
	for i := range mails {
		mails[i] = mailTo(fmt.Sprintf("m%d@example.com", i))
	}
	mails[2400].State, mails[2400].Message = pgstore.MailSkipped, nil
	writeMails(t, s, mails[7], mails[1700])
	if got, want := writeMails(t, s, mails...), (pgstore.MailResult{Waiting: 2497, Skipped: 1, Repeated: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func testMailTextGoes(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	writeMails(t, s, mailTo("a@example.com"), mailTo("b@example.com"), mailTo("c@example.com"))
	for _, state := range []pgstore.MailState{pgstore.MailFailed, pgstore.MailAmbiguous} {
		m := claimOne(t, s, "p")
		if changed, err := s.EndMail(ctx, m.ID, m.Claim, pgstore.MailEnd{State: state, Answer: "550 no"}); !changed || err != nil {
			t.Fatal(changed, err)
		}
	}
	const texts = "SELECT recipient || ' ' || state || ' ' || (message IS NOT NULL)::text FROM campaign_engine.mails ORDER BY mail_id"
	for _, c := range []struct {
		keep time.Duration
		want []string
	}{
		{0, []string{"a@example.com failed true", "b@example.com ambiguous true", "c@example.com waiting true"}},
		{time.Hour, []string{"a@example.com failed true", "b@example.com ambiguous true", "c@example.com waiting true"}},
		{time.Microsecond, []string{"a@example.com failed false", "b@example.com ambiguous false", "c@example.com waiting true"}},
	} {
		if _, err := s.SweepMails(ctx, pgstore.MailSweep{By: "q", Silent: time.Hour, Before: noon, Keep: c.keep}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, lines(t, address, texts)); diff != "" {
			t.Errorf("kept for %s (-want +got):\n%s", c.keep, diff)
		}
	}
	c := connect(t, address)
	for _, change := range []string{"message = 'other'", "message = NULL, answer = ''", "state = 'waiting'"} {
		if _, err := c.Exec(ctx, "UPDATE campaign_engine.mails SET "+change+" WHERE state = 'failed'"); err == nil {
			t.Errorf("of a mail that has failed %s can be set", change)
		}
	}
	if m := claimOne(t, s, "p"); !bytes.Equal(m.Message, mailTo("c").Message) {
		t.Errorf("%q", m.Message)
	}
}
