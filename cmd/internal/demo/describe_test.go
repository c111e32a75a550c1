package demo

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// hostile moves the cursor, clears the screen and turns the text around, if a terminal gets to see it.
const hostile = "\x1b[2J\x1b]0;x\a\r\n\u202e"

// TestForeignTextIsNotShownRaw: the demonstration tells of every campaign that there is, and others name those.
func TestForeignTextIsNotShownRaw(t *testing.T) {
	due := schemas.Due{
		TransitionID: hostile, CampaignID: hostile, Transition: hostile, ChangeReason: hostile,
	}
	// Of an applied transition the reader lets no other text through.
	paused := schemas.Due{TransitionID: "c/1/pause", CampaignID: "c", Revision: 1, Transition: schemas.Pause, ChangeReason: hostile,
		Campaign: []byte("{}")}
	applied := schemas.NewEvent("e", schemas.TransitionApplied, hostile, 0,
		schemas.Applied{Due: paused, From: schemas.Active, To: schemas.Paused, Sequence: 1})
	rejected := schemas.NewEvent("e", schemas.TransitionRejected, hostile, 0,
		schemas.Rejected{Due: due, Status: hostile, Reason: hostile})
	statement := schemas.NewEvent("e", schemas.StatementFinal, hostile, 0, schemas.Statement{
		CampaignID: hostile, Impressions: hostile, Spent: schemas.Money{Amount: hostile, Currency: hostile}})
	released := schemas.NewEvent("e", schemas.BudgetReleased, hostile, 0, schemas.Released{
		CampaignID: hostile, AdvertiserID: hostile, Released: schemas.Money{Amount: hostile}})
	refused := schemas.NewEvent("e", schemas.RecordRefused, hostile, 0, schemas.Refused{Reason: hostile, Detail: hostile})
	for topic, encode := range map[topics.Name]func() ([]byte, error){
		topics.TransitionsApplied:  func() ([]byte, error) { return topics.AppliedCodec{}.Encode(&applied) },
		topics.TransitionsRejected: func() ([]byte, error) { return topics.RejectedCodec{}.Encode(&rejected) },
		topics.DeadLetters:         func() ([]byte, error) { return topics.RefusedCodec{}.Encode(&refused) },
		topics.CampaignStatements:  func() ([]byte, error) { return json.Marshal(statement) },
		topics.BudgetReleased:      func() ([]byte, error) { return json.Marshal(released) },
	} {
		value, err := encode()
		if err != nil {
			t.Fatal(err)
		}
		line, _ := describe(&kgo.Record{Topic: string(topic), Key: []byte(hostile), Value: value})
		if line == "" || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%s: %q", topic, line)
		}
	}
	var out strings.Builder
	foreign := &teller{out: &out, reported: reports{}}
	foreign.tell(&kgo.Record{Topic: string(topics.Plays), Key: []byte(hostile)}, time.Time{})
	foreign.line(foreign.reported.due(time.Time{}.Add(reportsEvery))[0])
	if text := strings.TrimSuffix(out.String(), "\n"); strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("%q", text)
	}
	if text := howToGoOn(hostile, hostile); strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("%q", text)
	}
}

// TestMoneyIsTold: what a lock has come to, what came back, and what came too late.
func TestMoneyIsTold(t *testing.T) {
	usd := func(amount string) schemas.Money { return schemas.Money{Amount: amount, Currency: "USD"} }
	statement := schemas.Statement{
		CampaignID: "c-1", Version: 1, Plays: 28, Impressions: "1148", Spent: usd("2.87"),
		NotCounted: map[schemas.Verdict]int64{schemas.PlayOutOfWindow: 1, schemas.PlayDuplicate: 2, schemas.PlayInvalid: 0},
	}
	adjusted := statement
	adjusted.Version, adjusted.Plays, adjusted.Late = 2, 29, &schemas.Tally{Plays: 1, Impressions: "41"}
	at := schemas.Instant(3_600_123)
	for _, c := range []struct {
		topic    topics.Name
		event    any
		want     string
		released bool
	}{
		{
			topics.CampaignStatements, schemas.NewEvent("c-1/1", schemas.StatementFinal, "c-1", at, statement),
			"01:00:00.123  c-1                    lock        28 plays, 1148 impressions, 2.87 USD; not counted: 2 duplicate, 1 out-of-window",
			false,
		},
		{
			topics.CampaignStatements, schemas.NewEvent("c-1/2", schemas.StatementAdjusted, "c-1", at, adjusted),
			"01:00:00.123  c-1                    adjust      29 plays; came after the lock, and not charged: 1", false,
		},
		{
			topics.BudgetReleased, schemas.NewEvent("c-1/release", schemas.BudgetReleased, "c-1", at, schemas.Released{
				CampaignID: "c-1", AdvertiserID: "a-1", Budget: usd("500.00"), Spent: usd("2.87"), Released: usd("497.13"),
			}),
			"01:00:00.123  c-1                    release     released 497.13 of 500.00 USD to a-1", true,
		},
		{topics.BudgetReleased, "rubbish", "", false},
	} {
		value, err := json.Marshal(c.event)
		if err != nil {
			t.Fatal(err)
		}
		if line, released := describe(&kgo.Record{Topic: string(c.topic), Value: value}); line != c.want || released != c.released {
			t.Errorf("%s: %q, %t; want %q, %t", c.topic, line, released, c.want, c.released)
		}
	}
}

// TestReportsAreGathered: a campaign has one line a second, and what is left comes before its lock.
func TestReportsAreGathered(t *testing.T) {
	r, at := reports{}, time.Date(2026, 12, 1, 5, 0, 0, 0, time.UTC)
	if wait := r.wait(at); wait != time.Second {
		t.Errorf("with nothing gathered it waits for %v", wait)
	}
	r.add("b", at)
	r.add("a", at.Add(200*time.Millisecond))
	r.add("b", at.Add(999*time.Millisecond))
	if wait := r.wait(at.Add(999 * time.Millisecond)); wait != time.Millisecond {
		t.Errorf("it waits for %v, want 1 ms", wait)
	}
	if lines := r.due(at.Add(999 * time.Millisecond)); len(lines) > 0 {
		t.Errorf("after 999 ms it tells %q", lines)
	}
	want := []string{
		"05:00:01.200  a                      plays       1 play was reported",
		"05:00:01.200  b                      plays       2 plays were reported",
	}
	if lines := r.due(at.Add(1200 * time.Millisecond)); !slices.Equal(lines, want) {
		t.Errorf("it tells %q, want %q", lines, want)
	}
	if line := r.tell("a", at); line != "" {
		t.Errorf("it tells again %q", line)
	}
}

// TestAReleaseComesBehindItsStatement, in whichever order the two topics are read.
func TestAReleaseComesBehindItsStatement(t *testing.T) {
	got := inOrder([]*kgo.Record{
		{Topic: string(topics.BudgetReleased)}, {Topic: string(topics.TransitionsApplied)}, {Topic: string(topics.CampaignStatements)},
	})
	if got[0].Topic != string(topics.TransitionsApplied) || got[2].Topic != string(topics.BudgetReleased) {
		t.Errorf("the order is %s, %s, %s", got[0].Topic, got[1].Topic, got[2].Topic)
	}
}
