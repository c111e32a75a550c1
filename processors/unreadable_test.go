package processors_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// foreignRows are values that a table may hold and that are no rows: what each says of a due instant lies in the past, or is
// nothing. own is a row as the engine wrote it.
func foreignRows(own []byte) map[string][]byte {
	const layoutAt = 8
	newer := bytes.Clone(own)
	newer[layoutAt] = 200
	due := bytes.Clone(own)
	copy(due, []byte{0, 0, 0, 0, 0, 0, 0, 1})
	return map[string][]byte{
		"c-text": []byte("a row of somebody else"), "c-short": {1}, "c-newer": newer, "c-cut": own[:12], "c-due": due,
	}
}

func definedAs(id string, revision int) topics.Record {
	return recordedEvent(id, "campaign.updated", fmt.Sprintf(`{"campaign_id":%q,"revision":%d,"advertiser_id":"a-1",`+
		`"starts_at":"2026-12-01T10:00:00Z","ends_at":"2026-12-01T18:00:00Z","time_zone":"UTC",`+
		`"budget":{"amount":"1.00","currency":"USD"}}`, id, revision))
}

func recordedEvent(id, kind, data string) topics.Record {
	return topics.Record{Topic: string(topics.CampaignEvents), Key: []byte(id), Value: fmt.Appendf(nil,
		`{"specversion":"1.0","id":"e","source":"s","type":%q,"subject":%q,"data":%s}`, kind, id, data)}
}

// writeRows writes into a table as somebody else than its group; a nil value removes a row.
func (d *brokerDeployment) writeRows(table topics.Name, rows map[string][]byte) {
	for key, row := range rows {
		d.publish([]topics.Record{{Topic: string(table), Key: []byte(key), Value: row}})
	}
}

// checkUnreadable compares what came of one record for each campaign: those of foreign rows are refused, and their rows left
// as they are.
func checkUnreadable(t *testing.T, d *brokerDeployment, short string, table topics.Name, foreign map[string][]byte, letters []topics.Record) {
	t.Helper()
	refused := make(map[string]bool)
	for _, letter := range letters {
		got := refusedOf(t, letter)
		refused[string(letter.Key)] = true
		if got.Reason != schemas.Malformed || !strings.Contains(got.Detail, "the engine's own row") ||
			!strings.Contains(got.Detail, string(table)) || strings.Contains(got.Detail, "somebody") {
			t.Errorf("%s: refused as %s: %s", letter.Key, got.Reason, got.Detail)
		}
	}
	for id, row := range foreign {
		if !refused[id] {
			t.Errorf("%s: its record is not among the dead letters", id)
		}
		if got := d.rows(table)[id]; !bytes.Equal(got, row) {
			t.Errorf("%s: its row has become %q", id, got)
		}
	}
	if len(letters) != len(foreign) || d.counted(short)[processors.UnreadableRows] != len(foreign) {
		t.Errorf("%d dead letters of %d campaigns; counted: %v", len(letters), len(foreign), d.counted(short))
	}
}

// TestTimersPassRowsThatCannotBeRead: for the sake of one campaign no other stands still.
func TestTimersPassRowsThatCannotBeRead(t *testing.T) {
	const table = topics.CampaignEngineTimersTable
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC))})
	d.begin(topics.Timers)
	d.ready()
	d.publish([]topics.Record{definedAs("c-good", 1)})
	d.settle()
	d.halt(topics.Timers)
	foreign := foreignRows(d.rows(table)["c-good"])
	d.writeRows(table, foreign)

	d.begin(topics.Timers)
	d.ready()
	for id := range foreign {
		d.publish([]topics.Record{definedAs(id, 1)})
	}
	d.publish([]topics.Record{definedAs("c-good", 2)})
	d.settle()
	d.outputs()
	d.drive(instant.Of(time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC)))
	d.settle()
	if dues := d.outputs(); len(byTopic(dues)[topics.TransitionsDue]) != 4 {
		t.Errorf("beside rows that cannot be read, %d records became due; want the distribution, the start, the end and the settlement", len(dues))
	}
	checkUnreadable(t, d, topics.Timers, table, foreign, d.stored(topics.DeadLetters))

	// Removed while nothing runs, the row is one that never was.
	d.halt(topics.Timers)
	d.writeRows(table, map[string][]byte{"c-newer": nil})
	d.begin(topics.Timers)
	d.ready()
	d.outputs()
	d.publish([]topics.Record{definedAs("c-newer", 2)})
	d.settle()
	if dues := byTopic(d.outputs())[topics.TransitionsDue]; len(dues) == 0 || !bytes.Contains(dues[0].Value, []byte("c-newer/2/schedule")) {
		t.Errorf("a campaign whose row was removed does not begin anew: %v", dues)
	}
}

// TestLifecyclePassesRowsThatCannotBeRead is the same of the other table.
func TestLifecyclePassesRowsThatCannotBeRead(t *testing.T) {
	const noon, table = "2026-12-01T12:00:00Z", topics.CampaignEngineLifecycleTable
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))})
	put := func(id string, revision int, transition schemas.Transition) {
		more := ""
		if transition == schemas.Schedule {
			more = windowed(id, "2026-12-01T10:00:00Z", "2026-12-09T18:00:00Z")
		}
		d.publish([]topics.Record{{Topic: string(topics.TransitionsDue), Key: []byte(id),
			Value: []byte(dueOf(id, revision, transition, noon, more))}})
	}
	d.begin(topics.Lifecycle)
	d.ready()
	put("c-good", 1, schemas.Schedule)
	d.settle()
	d.halt(topics.Lifecycle)
	foreign := foreignRows(d.rows(table)["c-good"])
	d.writeRows(table, foreign)

	d.begin(topics.Lifecycle)
	d.ready()
	d.outputs()
	for id := range foreign {
		put(id, 1, schemas.Schedule)
	}
	put("c-good", 1, schemas.Start)
	d.settle()
	heard := byTopic(d.outputs())
	if got := len(heard[topics.TransitionsApplied]); got != 1 {
		t.Errorf("behind rows that cannot be read %d transitions were applied, want the start", got)
	}
	checkUnreadable(t, d, topics.Lifecycle, table, foreign, heard[topics.DeadLetters])

	d.halt(topics.Lifecycle)
	d.writeRows(table, map[string][]byte{"c-newer": nil})
	d.begin(topics.Lifecycle)
	d.ready()
	put("c-newer", 2, schemas.Schedule)
	d.settle()
	if got := len(byTopic(d.outputs())[topics.TransitionsApplied]); got != 1 {
		t.Errorf("a campaign whose row was removed does not begin anew: %d transitions were applied", got)
	}
}
