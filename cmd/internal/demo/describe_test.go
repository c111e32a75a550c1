package demo

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
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
		line, _ := Describe(&kgo.Record{Topic: string(topic), Key: []byte(hostile), Value: value})
		if line == "" || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%s: %q", topic, line)
		}
	}
	var out strings.Builder
	foreign := newTeller(&out, nil)
	foreign.tell(&kgo.Record{Topic: string(topics.Plays), Key: []byte(hostile)}, 0)
	foreign.due(at(0))
	for _, e := range []journal.Event{journal.Trouble, journal.Refused} {
		foreign.hear(&journal.Line{Event: e, Device: hostile, Reason: hostile, Error: hostile})
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for _, text := range lines {
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", text)
		}
	}
	if len(lines) != 3 {
		t.Errorf("it tells %d lines of 3", len(lines))
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
			"01:00:00.123  c-1                    release     497.13 of 500.00 USD back to a-1", true,
		},
		{topics.BudgetReleased, "rubbish", "", false},
	} {
		value, err := json.Marshal(c.event)
		if err != nil {
			t.Fatal(err)
		}
		if line, released := Describe(&kgo.Record{Topic: string(c.topic), Value: value}); line != c.want || released != c.released {
			t.Errorf("%s: %q, %t; want %q, %t", c.topic, line, released, c.want, c.released)
		}
	}
}

// TestAReleaseComesBehindItsStatement, in whichever order the two topics are read.
func TestAReleaseComesBehindItsStatement(t *testing.T) {
	got := InOrder([]*kgo.Record{
		{Topic: string(topics.BudgetReleased)}, {Topic: string(topics.CampaignReadiness)}, {Topic: string(topics.TransitionsApplied)},
		{Topic: string(topics.CampaignStatements)},
	})
	want := []topics.Name{topics.TransitionsApplied, topics.CampaignStatements, topics.CampaignReadiness, topics.BudgetReleased}
	for i, r := range got {
		if topics.Name(r.Topic) != want[i] {
			t.Errorf("at place %d is %s, want %s", i, r.Topic, want[i])
		}
	}
}

func TestWhyThereAreNoTablesIsOneLine(t *testing.T) {
	if text := howToGoOn("c-1", "no server answers:\n\t127.0.0.1:1: refused"); !strings.Contains(text, "no wallets: no server answers: 127.0.0.1:1: refused\n") {
		t.Error(text)
	}
}
