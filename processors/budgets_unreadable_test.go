package processors_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// playOn is a report of a play at a minute of the window of definedAs.
func playOn(id, playID string, minutes int) topics.Record {
	started := instant.Of(time.Date(2026, 12, 1, 10, minutes, 0, 0, time.UTC))
	return topics.Record{Topic: string(topics.Plays), Key: []byte(id), Value: fmt.Appendf(nil,
		`{"specversion":"1.0","id":"e","source":"s","type":"play.reported","subject":%[1]q,"data":{"play_id":%[2]q,"campaign_id":%[1]q,`+
			`"creative_id":"cr-1","device_id":"d-1","store_id":"s-1","started_at":%[3]q,"ended_at":%[3]q,"impressions":"1"}}`,
		id, playID, schemas.Instant(started))}
}

// TestAccountsPassRowsThatCannotBeRead is TestTimersPassRowsThatCannotBeRead of the accounts: plays of the campaign go to
// dead-letters, nothing is locked for it, and the others go on.
func TestAccountsPassRowsThatCannotBeRead(t *testing.T) {
	const table = topics.CampaignEngineBudgetsTable
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))})
	d.start(d.setup.settings)
	d.publish([]topics.Record{definedAs("c-good", 1)})
	d.settle()
	d.halt(topics.Budgets)
	foreign := foreignRows(d.rows(table)["c-good"])
	d.writeRows(table, foreign)

	d.begin(topics.Budgets)
	d.ready()
	d.outputs()
	for id := range foreign {
		d.publish([]topics.Record{playOn(id, "p-1", 1)})
	}
	d.publish([]topics.Record{playOn("c-good", "p-1", 1)})
	d.settle()
	checkUnreadable(t, d, topics.Budgets, table, foreign, d.stored(topics.DeadLetters))
	d.drive(instant.Of(time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC)))
	d.settle()
	heard := byTopic(d.outputs())
	if released, statements := heard[topics.BudgetReleased], heard[topics.CampaignStatements]; len(released) != 1 || len(statements) != 1 ||
		string(released[0].Key) != "c-good" {
		t.Errorf("beside rows that cannot be read %d budgets were released, %d statements made", len(released), len(statements))
	}
	for id, row := range foreign {
		if string(d.rows(table)[id]) != string(row) {
			t.Errorf("%s: its row has become %q", id, d.rows(table)[id])
		}
	}

	// Removed while nothing runs, the row is one that never was.
	d.halt(topics.Budgets)
	d.writeRows(table, map[string][]byte{"c-newer": nil})
	d.begin(topics.Budgets)
	d.ready()
	held := d.counted(topics.Budgets)[processors.Held]
	d.publish([]topics.Record{playOn("c-newer", "p-1", 1)})
	d.settle()
	if got := d.counted(topics.Budgets)[processors.Held]; got != held+1 {
		t.Errorf("a campaign whose row was removed does not begin anew: %v", d.counted(topics.Budgets))
	}
}

// TestAccountsPassPlaysThatCannotBeRead: a part of an account may be somebody else's, too. Its campaign cannot be judged or
// locked, and no other stands still for it.
func TestAccountsPassPlaysThatCannotBeRead(t *testing.T) {
	const table = topics.CampaignEngineBudgetsTable
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))})
	d.start(d.setup.settings)
	d.publish([]topics.Record{definedAs("c-bad", 1), definedAs("c-good", 1)})
	d.settle()
	d.publish([]topics.Record{playOn("c-bad", "p-1", 1), playOn("c-good", "p-1", 1)})
	d.settle()
	d.halt(topics.Budgets)
	bucket := engine.PartKey("c-bad", "p/0")
	whole := d.rows(table)[bucket]
	d.writeRows(table, map[string][]byte{bucket: []byte("plays of somebody else")})
	d.begin(topics.Budgets)
	d.ready()
	d.outputs()
	d.publish([]topics.Record{playOn("c-bad", "p-2", 2), playOn("c-good", "p-2", 2)})
	d.settle()
	if letters := byTopic(d.outputs())[topics.DeadLetters]; len(letters) != 1 || refusedOf(t, letters[0]).Reason != schemas.Malformed {
		t.Errorf("of a campaign whose plays cannot be read %d are dead letters, want the play", len(letters))
	}
	d.drive(instant.Of(time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC)))
	d.settle()
	released := byTopic(d.outputs())[topics.BudgetReleased]
	if len(released) != 1 || string(released[0].Key) != "c-good" {
		t.Fatalf("%d budgets were released", len(released))
	}

	// Repaired, it is locked.
	d.halt(topics.Budgets)
	d.writeRows(table, map[string][]byte{bucket: whole})
	d.begin(topics.Budgets)
	d.ready()
	d.drive(instant.Of(time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC)))
	d.settle()
	released = byTopic(d.outputs())[topics.BudgetReleased]
	if len(released) != 1 || string(released[0].Key) != "c-bad" {
		t.Errorf("once it is repaired %d budgets are released", len(released))
	}
}
