package processors_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/readiness"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestReadinessOfALife tells of a campaign from its first store to a day after its end.
func TestReadinessOfALife(t *testing.T) {
	d := newReadiness(t, 2)
	d.run()
	d.applies("c-1", schemas.Schedule, schemas.Scheduled, false)
	d.says("c-1", "s-2", 0, 2)
	d.rest()
	d.says("c-1", "s-1", 1, 1)
	d.rest()
	d.wants("c-1", "0 of 2")
	d.passes(readiness.Pause - 1)
	d.wants("c-1", "0 of 2")
	d.passes(1)
	d.wants("c-1", "0 of 2; 1 of 4")
	d.says("c-1", "s-1", 1, 1)
	d.passes(1000)
	d.says("c-1", "s-2", 2, 0)
	d.rest()
	d.passes(1)
	d.applies("c-1", schemas.Start, schemas.Active, true)
	d.rest()
	d.says("c-1", "s-1", 2, 0)
	d.rest()
	d.passes(readiness.Pause)
	d.wants("c-1", "0 of 2; 1 of 4; 3 of 4; 3 of 4, at start 3 of 4; 4 of 4, at start 3 of 4")
	d.says("c-1", "s-1", 0, 2)
	d.rest()
	d.applies("c-1", schemas.End, schemas.Completed, false)
	d.rest()
	d.says("c-1", "s-2", 0, 0)
	d.says("c-1", "s-1", 0, 0)
	d.rest()
	d.passes(readiness.Memory - 1)
	d.countsOf(map[string]int{
		processors.Noted: 3, processors.Summed: 5, processors.Duplicates: 1, processors.AfterEnd: 2, processors.Reported: 5,
	})
	d.wants("c-1", "0 of 2; 1 of 4; 3 of 4; 3 of 4, at start 3 of 4; 4 of 4, at start 3 of 4")
	if rows := d.kept(); len(rows) != 3 { // the row, a bucket, the list of a store
		t.Errorf("%d rows are kept: %q", len(rows), rows)
	}
	d.passes(1)
	if rows := d.kept(); len(rows) != 1 || d.sums()["c-1"].Stage != readiness.Forgotten {
		t.Errorf("a day after the end %q are kept", rows)
	}

	const second = `{"specversion":"1.0","id":"c-1/readiness/2","source":"campaign-engine","type":"campaign.readiness","subject":"c-1",` +
		`"time":"2026-12-01T12:00:00.300Z","datacontenttype":"application/json","data":{"campaign_id":"c-1","revision":1,` +
		`"devices_total":4,"devices_ready":1,"devices_failed":0,"devices_unreachable":0,"unready":[` +
		`{"device_id":"s-1-d-0","store_id":"s-1","reason":"pending"},{"device_id":"s-2-d-0","store_id":"s-2","reason":"pending"},` +
		`{"device_id":"s-2-d-1","store_id":"s-2","reason":"pending"}],"unready_total":3}}`
	if got := d.stored(topics.CampaignReadiness)[1]; string(got.Value) != second ||
		got.Partition != topics.PartitionOf([]byte("c-1"), 2) {
		t.Errorf("in partition %d\n%s\nwant\n%s", got.Partition, got.Value, second)
	}
}

// TestReadinessAfterAnOutage: what waited is told after a restart; of what came meanwhile only the end is told, and a start among
// it has all that was there.
func TestReadinessAfterAnOutage(t *testing.T) {
	d := newReadiness(t, 2)
	d.run()
	d.says("c-1", "s-1", 0, 2)
	d.says("c-2", "s-1", 0, 1)
	d.rest()
	d.says("c-1", "s-1", 1, 1)
	d.rest()
	d.halt(topics.Readiness)
	d.clock.Set(d.clock.Now().Add(60_000))
	d.applies("c-2", schemas.Start, schemas.Active, true)
	for n := range 20 {
		d.says("c-2", fmt.Sprintf("s-%d", n), n%2, 1-n%2)
	}
	d.run()
	d.rest()
	d.wants("c-1", "0 of 2; 1 of 2")
	d.wants("c-2", "0 of 1; 10 of 20, at start 10 of 20")
}

// TestReadinessReadAgain: a group that has lost its positions reads all again, tells nothing, and comes to the same rows.
func TestReadinessReadAgain(t *testing.T) {
	d := newReadiness(t, 1)
	d.run()
	for _, campaign := range []string{"c-1", "c-2", "c-3"} {
		d.applies(campaign, schemas.Schedule, schemas.Scheduled, false)
		for n := range 20 {
			d.says(campaign, fmt.Sprintf("s-%d", n), 0, 2)
		}
		d.rest()
		d.passes(readiness.Pause)
		d.applies(campaign, schemas.Start, schemas.Active, true)
		for n := range 15 {
			d.says(campaign, fmt.Sprintf("s-%d", n), 2, 0)
		}
		d.rest()
		d.passes(readiness.Pause)
	}
	d.applies("c-2", schemas.End, schemas.Completed, false)
	d.applies("c-3", schemas.End, schemas.Completed, false)
	d.rest()
	d.passes(readiness.Memory)
	rows, told := d.kept(), len(d.stored(topics.CampaignReadiness))
	d.losePositions(topics.Readiness)
	d.run()
	d.rest()
	after := d.kept()
	for id := range d.sums() { // when it was looked at last may differ
		rows[id], after[id] = unlooked(t, rows[id]), unlooked(t, after[id])
	}
	same(t, rows, after)
	if again := len(d.stored(topics.CampaignReadiness)); again != told {
		t.Errorf("%d events are told again", again-told)
	}
	d.wants("c-1", "0 of 2; 0 of 40; 0 of 40, at start 0 of 40; 30 of 40, at start 0 of 40")
}

func unlooked(t *testing.T, value string) string {
	t.Helper()
	var row readiness.Row
	if err := row.UnmarshalBinary([]byte(value)); err != nil {
		t.Fatal(err)
	}
	row.Looked = 0
	return string(row.AppendBinary(nil))
}

// TestReadinessPassesOverWhatCannotBeRead: it is counted, no letter is written, and the partition goes on.
func TestReadinessPassesOverWhatCannotBeRead(t *testing.T) {
	d := newReadiness(t, 1)
	d.run()
	d.put(topics.TransitionsApplied, "c-1", []byte("{}"))
	d.put(topics.TransitionsApplied, "c-1", nil)
	d.put(topics.TransitionsApplied, "c-1", d.applied("c-2", 1, schemas.Start, schemas.Active, true))
	d.put(topics.ReadinessChanges, "c-1", []byte("somebody else's"))
	d.put(topics.ReadinessChanges, "c-1", nil)
	d.put(topics.ReadinessChanges, "c-1", (&readiness.Change{StoreID: "s-1", Total: 1, Ready: 2}).AppendBinary(nil))
	d.says("c-1", "s-1", 1, 0)
	d.rest()
	d.wants("c-1", "1 of 1")
	d.countsOf(map[string]int{processors.PassedOver: 6, processors.Summed: 1, processors.Reported: 1})
	if letters := d.stored(topics.DeadLetters); len(letters) != 0 {
		t.Errorf("%d dead letters", len(letters))
	}
}

// TestReadinessPassesRowsThatCannotBeRead: for the sake of one campaign no other stands still, and its row stays as it is.
func TestReadinessPassesRowsThatCannotBeRead(t *testing.T) {
	const table = topics.CampaignEngineReadinessTable
	d := newReadiness(t, 1)
	d.run()
	d.says("c-good", "s-1", 0, 1)
	d.says("c-part", "s-1", 0, 1)
	d.rest()
	d.halt(topics.Readiness)
	foreign := map[string][]byte{}
	for id, row := range foreignRows([]byte(d.kept()["c-good"])) {
		if id != "c-due" { // the instant is the row's own here
			foreign[id] = row
		}
	}
	d.writeRows(table, foreign)
	bucket := "c-part\x00s/0"
	whole := []byte(d.kept()[bucket])
	d.writeRows(table, map[string][]byte{bucket: []byte("a bucket of somebody else")})
	d.clock.Set(d.clock.Now().Add(1000))
	d.run()
	for id := range foreign {
		d.says(id, "s-1", 1, 0)
		d.applies(id, schemas.Start, schemas.Active, true)
	}
	d.says("c-part", "s-1", 1, 0)
	d.applies("c-part", schemas.Start, schemas.Active, true)
	d.says("c-good", "s-1", 1, 0)
	d.rest()
	d.wants("c-good", "0 of 1; 1 of 1")
	d.wants("c-part", "0 of 1")
	d.countsOf(map[string]int{
		processors.UnreadableRows: 2*len(foreign) + 1, processors.Noted: 1, processors.Summed: 3, processors.Reported: 3,
	})
	for id, row := range foreign {
		if got := d.kept()[id]; !bytes.Equal([]byte(got), row) {
			t.Errorf("%s: its row has become %q", id, got)
		}
	}

	// Repaired, it tells what it had at its start.
	d.halt(topics.Readiness)
	d.writeRows(table, map[string][]byte{bucket: whole})
	d.run()
	d.passes(61_000)
	d.wants("c-part", "0 of 1; 0 of 1, at start 0 of 1")
}

// TestReadinessGoesOnWithTheTrace: what a campaign has at its start is told in the trace of the start.
func TestReadinessGoesOnWithTheTrace(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	d := newReadiness(t, 1)
	d.run()
	start := topics.Record{Topic: string(topics.TransitionsApplied), Key: []byte("c-1"),
		Value: d.applied("c-1", 1, schemas.Start, schemas.Active, true), Headers: []topics.Header{{Key: "traceparent", Value: []byte(parent)}}}
	d.publish([]topics.Record{start})
	d.behind[topics.TransitionsApplied][0] = 1
	d.rest()
	told := d.stored(topics.CampaignReadiness)
	if len(told) != 1 || len(told[0].Headers) == 0 || string(told[0].Headers[0].Value) != parent {
		t.Errorf("told %+v", told)
	}
}
