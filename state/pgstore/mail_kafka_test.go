//go:build kafka

package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/mail"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

const noon instant.Instant = 1_795_000_000_000

func TestMails(t *testing.T) {
	d := startDatabases(t, fast)
	for name, test := range map[string]func(*testing.T, string){
		"rows, mails and positions go together":   testMailBatch,
		"a mail is made once":                     testMailOnce,
		"an overtaken reader writes nothing":      testMailOvertaken,
		"readers do not share positions":          testMailPositions,
		"rows are woken when they are due":        testMailWake,
		"rows that wait for nothing are roused":   testMailRouse,
		"a mail is in one hand":                   testMailClaims,
		"no more leave than may":                  testMailPace,
		"what has ended stays":                    testMailEnded,
		"what a dead process leaves is ambiguous": testMailAmbiguous,
		"what is not taken in time fails":         testMailLate,
		"the log":                                 testMailLog,
	} {
		t.Run(name, func(t *testing.T) {
			address, drop := d.fresh(t)
			t.Cleanup(drop)
			test(t, address)
		})
	}
}

func mailTo(recipient string) pgstore.Mail {
	return pgstore.Mail{
		ID: recipient, MessageID: recipient + ".1@engine.example", CampaignID: "c-1", TransitionID: "c-1/1/start", Kind: "started", Recipient: recipient,
		Locale: "en", Subject: "Spring sale has started", NominalAt: noon, State: pgstore.MailWaiting, Message: []byte("Subject: x\r\n\r\nbody\r\n"),
	}
}

// writeMails writes these mails, and nothing else.
func writeMails(t *testing.T, s *pgstore.Store, mails ...pgstore.Mail) pgstore.MailResult {
	t.Helper()
	result, err := s.WriteMails(context.Background(), nil, nil, func(map[string][]byte) (pgstore.MailBatch, error) {
		return pgstore.MailBatch{Mails: mails}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func claimMails(t *testing.T, s *pgstore.Store, by string, most int) []pgstore.ClaimedMail {
	t.Helper()
	claimed, err := s.ClaimMails(context.Background(), pgstore.MailClaim{By: by, Now: noon.Add(1000), Most: most, For: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

func claimOne(t *testing.T, s *pgstore.Store, by string) pgstore.ClaimedMail {
	t.Helper()
	claimed := claimMails(t, s, by, 1)
	if len(claimed) != 1 {
		t.Fatalf("%s took %d mails in hand", by, len(claimed))
	}
	return claimed[0]
}

func mailStates(t *testing.T, s *pgstore.Store) map[string]string {
	t.Helper()
	log, _, err := s.Mails(context.Background(), pgstore.MailLog{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, m := range log {
		states[m.Recipient] = strings.TrimSpace(string(m.State) + " " + m.Answer)
	}
	return states
}

func mustStates(t *testing.T, s *pgstore.Store, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, mailStates(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testMailBatch(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	from := pgstore.Partition{Topic: "campaign-events", Partition: 3}
	move := []pgstore.Advance{{Partition: from, From: pgstore.Unread, Next: 7}}
	broken := errors.New("broken")
	fold := func(rows map[string][]byte) (pgstore.MailBatch, error) {
		return pgstore.MailBatch{
			Rows:  []pgstore.MailRow{{CampaignID: "c-1", Body: append(rows["c-1"], 'x')}},
			Mails: []pgstore.Mail{mailTo("a@example.com"), {ID: "old", CampaignID: "c-1", TransitionID: "t", Kind: "ended", NominalAt: noon, State: pgstore.MailSkipped}},
		}, nil
	}
	if _, err := s.WriteMails(ctx, []string{"c-1"}, move, func(map[string][]byte) (pgstore.MailBatch, error) {
		return pgstore.MailBatch{}, broken
	}); !errors.Is(err, broken) {
		t.Errorf("a fold that fails: %v", err)
	}
	result, err := s.WriteMails(ctx, []string{"c-1", "c-2"}, move, fold)
	if want := (pgstore.MailResult{Rows: 1, Waiting: 1, Skipped: 1}); err != nil || result != want {
		t.Errorf("got %+v, %v", result, err)
	}
	move[0].From, move[0].Next = 7, 9
	if _, err := s.WriteMails(ctx, []string{"c-1"}, move, fold); err != nil {
		t.Error(err)
	}
	rows := map[string]string{}
	if _, err := s.WriteMails(ctx, []string{"c-1", "c-2"}, nil, func(found map[string][]byte) (pgstore.MailBatch, error) {
		for id, body := range found {
			rows[id] = string(body)
		}
		return pgstore.MailBatch{}, nil
	}); err != nil || rows["c-1"] != "xx" || len(rows) != 1 {
		t.Errorf("rows %q, %v", rows, err)
	}
	positions, err := s.MailPositions(ctx, "campaign-events")
	if err != nil || positions[from] != 9 {
		t.Errorf("positions %v, %v", positions, err)
	}
}

func testMailOnce(t *testing.T, address string) {
	s := open(t, address)
	writeMails(t, s, mailTo("a@example.com"))
	again := mailTo("a@example.com")
	again.Subject = "otherwise"
	if result := writeMails(t, s, again, mailTo("b@example.com")); result != (pgstore.MailResult{Waiting: 1, Repeated: 1}) {
		t.Errorf("got %+v", result)
	}
	m := claimOne(t, s, "p")
	if m.Subject != "Spring sale has started" || string(m.Message) != "Subject: x\r\n\r\nbody\r\n" {
		t.Errorf("got %+v", m)
	}
}

func testMailOvertaken(t *testing.T, address string) {
	s := open(t, address)
	move := []pgstore.Advance{{Partition: pgstore.Partition{Topic: "t"}, From: 5, Next: 7}}
	_, err := s.WriteMails(context.Background(), nil, move, func(map[string][]byte) (pgstore.MailBatch, error) {
		return pgstore.MailBatch{Mails: []pgstore.Mail{mailTo("a@example.com")}}, nil
	})
	if !errors.Is(err, pgstore.ErrOvertaken) {
		t.Errorf("got %v", err)
	}
	mustStates(t, s, map[string]string{})
}

func testMailPositions(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	at := pgstore.Partition{Topic: "transitions-applied"}
	write(t, s, pgstore.Batch{Positions: []pgstore.Advance{{Partition: at, From: pgstore.Unread, Next: 5, TopicID: pgstore.TopicID{1}}}})
	move := []pgstore.Advance{{Partition: at, From: pgstore.Unread, Next: 2, TopicID: pgstore.TopicID{2}}}
	if _, err := s.WriteMails(ctx, nil, move, func(map[string][]byte) (pgstore.MailBatch, error) { return pgstore.MailBatch{}, nil }); err != nil {
		t.Fatal(err)
	}
	ledger, err := s.Positions(ctx, at.Topic)
	mails, err2 := s.MailPositions(ctx, at.Topic)
	if errors.Join(err, err2) != nil || ledger[at] != 5 || mails[at] != 2 {
		t.Errorf("ledger %v, mails %v, %v, %v", ledger, mails, err, err2)
	}
	ids := map[string]pgstore.TopicID{at.Topic: {2}}
	if s.CheckMailTopics(ctx, ids) != nil || s.CheckTopics(ctx, ids) == nil {
		t.Error("the topic of mails is 2, that of the ledger 1")
	}
}

func testMailWake(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	if _, found, err := s.NextMailRow(ctx); found || err != nil {
		t.Errorf("without rows: %v, %v", found, err)
	}
	late := noon.Add(5)
	if _, err := s.WriteMails(ctx, nil, nil, func(map[string][]byte) (pgstore.MailBatch, error) {
		return pgstore.MailBatch{Rows: []pgstore.MailRow{
			{CampaignID: "c-1", Body: []byte("1"), DueAt: new(noon)}, {CampaignID: "c-2", Body: []byte("2"), DueAt: &late},
			{CampaignID: "c-3", Body: []byte("3")},
		}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if at, found, err := s.NextMailRow(ctx); !found || at != noon || err != nil {
		t.Errorf("next at %v, %v, %v", at, found, err)
	}
	var woken []string
	wake := func(rows map[string][]byte) (batch pgstore.MailBatch, _ error) {
		for id, body := range rows {
			woken = append(woken, id)
			batch.Rows = append(batch.Rows, pgstore.MailRow{CampaignID: id, Body: body})
		}
		return batch, nil
	}
	for range 2 {
		if _, err := s.WakeMails(ctx, late.Add(-1), 10, wake); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"c-1"}, woken); diff != "" {
		t.Error(diff)
	}
	if at, found, err := s.NextMailRow(ctx); !found || at != late || err != nil {
		t.Errorf("next at %v, %v, %v", at, found, err)
	}
}

func testMailRouse(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	never := string(mail.RestPrefix())
	rows := map[string]pgstore.MailRow{
		"rests": {Body: []byte(never)}, "rests long": {Body: []byte(never + "and more")}, "waits": {Body: []byte("12345678."), DueAt: new(noon)},
		"broken": {Body: []byte("12345678.")}, "short": {Body: []byte(never[:7])}, "empty": {Body: []byte{}},
	}
	if _, err := s.WriteMails(ctx, nil, nil, func(map[string][]byte) (batch pgstore.MailBatch, _ error) {
		for id, row := range rows {
			row.CampaignID = id
			batch.Rows = append(batch.Rows, row)
		}
		return batch, nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{3, 0} {
		if roused, err := s.RouseMails(ctx, noon.Add(-5), mail.RestPrefix()); roused != want || err != nil {
			t.Errorf("%d rows are roused, %v; want %d", roused, err, want)
		}
	}
	var woken []string
	if _, err := s.WakeMails(ctx, noon.Add(-1), 10, func(rows map[string][]byte) (pgstore.MailBatch, error) {
		woken = slices.Sorted(maps.Keys(rows))
		return pgstore.MailBatch{}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"broken", "empty", "short"}, woken); diff != "" {
		t.Error(diff)
	}
}

func testMailClaims(t *testing.T, address string) {
	s, other := open(t, address), open(t, address)
	ctx := context.Background()
	var all []pgstore.Mail
	for i := range 40 {
		all = append(all, mailTo(fmt.Sprintf("a%d@example.com", i)))
	}
	early := mailTo("early@example.com")
	early.NominalAt = noon.Add(2000) // its turn has not come
	writeMails(t, s, append(all, early)...)
	hands := make(chan []pgstore.ClaimedMail)
	for i, store := range []*pgstore.Store{s, other, s, other} {
		go func() {
			var mine []pgstore.ClaimedMail
			for {
				claimed, err := store.ClaimMails(ctx, pgstore.MailClaim{
					By: fmt.Sprint(i), Now: noon.Add(1000), Most: 3, For: time.Minute,
				})
				if err != nil {
					t.Error(err)
				}
				if mine = append(mine, claimed...); len(claimed) == 0 {
					hands <- mine
					return
				}
			}
		}()
	}
	seen := map[string]pgstore.ClaimedMail{}
	for range 4 {
		for _, m := range <-hands {
			if _, twice := seen[m.ID]; twice {
				t.Errorf("%s is in two hands", m.ID)
			}
			seen[m.ID] = m
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d of 40 are in hand", len(seen))
	}
	var m pgstore.ClaimedMail
	for _, m = range seen {
		break
	}
	if began, err := other.BeginMail(ctx, m.ID, m.Claim-1); began || err != nil {
		t.Errorf("begun by who has it in hand no longer: %v", err)
	}
	for i, want := range []bool{true, false} {
		if began, err := s.BeginMail(ctx, m.ID, m.Claim); began != want || err != nil {
			t.Errorf("begun for the %d. time: %v, %v", i+1, began, err)
		}
	}
}

func testMailPace(t *testing.T, address string) {
	s := open(t, address)
	var all []pgstore.Mail
	for i := range 10 {
		all = append(all, mailTo(fmt.Sprintf("a%d@example.com", i)))
	}
	writeMails(t, s, all...)
	var last time.Duration
	for i, by := range []string{"p", "q"} {
		claimed, err := s.ClaimMails(context.Background(), pgstore.MailClaim{
			By: by, Now: noon, Most: 5, For: time.Minute, Every: time.Hour,
		})
		if err != nil || len(claimed) != 5 {
			t.Fatalf("%d mails, %v", len(claimed), err)
		}
		for j, m := range claimed {
			// The second process begins where the first one's five hours end, less what has passed meanwhile.
			at := time.Duration(i*5+j) * time.Hour
			if m.After > at || m.After < at-time.Minute || m.After < last {
				t.Errorf("mail %d of %s is kept back for %s", j, by, m.After)
			}
			last = m.After
		}
	}
}

func testMailEnded(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	writeMails(t, s, mailTo("a@example.com"))
	m := claimOne(t, s, "p")
	next := noon.Add(60_000)
	for _, step := range []struct {
		end  pgstore.MailEnd
		want bool
	}{
		{pgstore.MailEnd{State: pgstore.MailWaiting, Answer: "450 later", Tried: true, NextAt: &next}, true},
		{pgstore.MailEnd{State: pgstore.MailSent, Answer: "250 ok", Tried: true}, false}, // it is in hand no longer
	} {
		if changed, err := s.EndMail(ctx, m.ID, m.Claim, step.end); changed != step.want || err != nil {
			t.Errorf("%+v: %v, %v", step.end, changed, err)
		}
	}
	if claimed := claimMails(t, s, "p", 9); len(claimed) != 0 {
		t.Errorf("taken in hand before its next turn: %+v", claimed)
	}
	claimed, err := s.ClaimMails(ctx, pgstore.MailClaim{By: "p", Now: next, Most: 1, For: time.Minute})
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	for _, step := range []struct {
		end  pgstore.MailEnd
		want bool
	}{
		{pgstore.MailEnd{State: pgstore.MailSent, Answer: "250 ok", Tried: true}, true},
		{pgstore.MailEnd{State: pgstore.MailFailed, Answer: "550 no"}, false},
	} {
		if changed, err := s.EndMail(ctx, m.ID, claimed[0].Claim, step.end); changed != step.want || err != nil {
			t.Errorf("%+v: %v, %v", step.end, changed, err)
		}
	}
	log, count, err := s.Mails(ctx, pgstore.MailLog{CampaignID: "c-1", State: pgstore.MailSent, Limit: 1})
	if err != nil || count != 1 || log[0].Attempts != 2 || log[0].Answer != "250 ok" || log[0].EndedAt == nil || log[0].NextAt != nil {
		t.Errorf("got %+v, %v", log, err)
	}
	c := connect(t, address)
	if _, err := c.Exec(ctx, "UPDATE campaign_engine.mails SET state = 'waiting'"); err == nil {
		t.Error("a mail that was sent can be made to wait again")
	}
	if _, err := c.Exec(ctx, "SET ROLE campaign_engine_app; DELETE FROM campaign_engine.mails"); err == nil {
		t.Error("the program may delete mails")
	}
}

func testMailAmbiguous(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	writeMails(t, s, mailTo("a@example.com"), mailTo("b@example.com"), mailTo("c@example.com"), mailTo("d@example.com"))
	mails := map[string]pgstore.ClaimedMail{}
	for _, by := range []string{"p", "p", "q", "p"} {
		m := claimOne(t, s, by)
		mails[m.Recipient] = m
	}
	for _, recipient := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		if began, err := s.BeginMail(ctx, mails[recipient].ID, mails[recipient].Claim); !began || err != nil {
			t.Fatal(began, err)
		}
	}
	// p dies and comes back; q lives.
	swept, err := s.SweepMails(ctx, pgstore.MailSweep{By: "p", Silent: time.Hour, Before: noon, Late: "late"})
	if want := (pgstore.SweptMails{Ambiguous: 2}); err != nil || swept != want {
		t.Errorf("got %+v, %v", swept, err)
	}
	if m := claimOne(t, s, "q"); m.Recipient != "d@example.com" || m.Claim != mails["d@example.com"].Claim+1 {
		t.Errorf("what was in hand and not begun is taken by another: %+v", m)
	}
	// The answer of one is heard after all.
	if changed, err := s.EndMail(ctx, mails["b@example.com"].ID, mails["b@example.com"].Claim,
		pgstore.MailEnd{State: pgstore.MailSent, Answer: "250 ok"}); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	if swept, err = s.SweepMails(ctx, pgstore.MailSweep{Silent: 0, Before: noon}); err != nil || swept.Ambiguous != 1 {
		t.Errorf("got %+v, %v", swept, err)
	}
	const died = "ambiguous the process ended, or was cut off, before it heard the server's answer"
	mustStates(t, s, map[string]string{
		"a@example.com": died, "b@example.com": "sent 250 ok", "c@example.com": died, "d@example.com": "waiting",
	})
}

func testMailLate(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	writeMails(t, s, mailTo("a@example.com"), mailTo("b@example.com"))
	m := claimOne(t, s, "p")
	if _, err := s.EndMail(ctx, m.ID, m.Claim, pgstore.MailEnd{State: pgstore.MailWaiting, Answer: "450 busy", Tried: true}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		before instant.Instant
		want   int64
	}{{noon, 0}, {noon.Add(1), 2}} {
		swept, err := s.SweepMails(ctx, pgstore.MailSweep{Before: c.before, Late: "not taken within 24h"})
		if err != nil || swept.Failed != c.want {
			t.Errorf("before %d: %+v, %v", c.before, swept, err)
		}
	}
	mustStates(t, s, map[string]string{
		"a@example.com": "failed not taken within 24h; the last answer: 450 busy", "b@example.com": "failed not taken within 24h",
	})
}

func testMailLog(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	older := mailTo("a@example.com")
	older.NominalAt, older.CampaignID = noon.Add(-5), "c-2"
	writeMails(t, s, older, mailTo("b@example.com"))
	log, count, err := s.Mails(ctx, pgstore.MailLog{Limit: 1})
	if err != nil || count != 2 || len(log) != 1 || log[0].Recipient != "b@example.com" {
		t.Errorf("%+v, %d, %v", log, count, err)
	}
	if log, count, err = s.Mails(ctx, pgstore.MailLog{CampaignID: "c-2", Limit: 5}); err != nil || count != 1 || log[0].CampaignID != "c-2" {
		t.Errorf("%+v, %d, %v", log, count, err)
	}
	counts, err := s.MailCounts(ctx)
	if err != nil || counts.Waiting != 2 || counts.Sending != 0 || *counts.Oldest != noon.Add(-5) || *counts.NextAt != noon.Add(-5) {
		t.Errorf("%+v, %v", counts, err)
	}
	m := claimOne(t, s, "p")
	if began, err := s.BeginMail(ctx, m.ID, m.Claim); !began || err != nil {
		t.Fatal(began, err)
	}
	if counts, err = s.MailCounts(ctx); err != nil || counts.Waiting != 1 || counts.Sending != 1 || *counts.NextAt != noon {
		t.Errorf("%+v, %v", counts, err)
	}
}
