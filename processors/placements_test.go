package processors_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// told is a record of store-placements.
type told struct {
	playlist.Placement
	store string
	trace string
}

// placementsTold returns the records of store-placements, having checked that no store hears of a campaign what is older.
func placementsTold(d *brokerDeployment) (all []told) {
	d.t.Helper()
	newest := make(map[string]int64)
	for _, record := range d.stored(topics.StorePlacements) {
		decoded, err := processors.PlacementCodec{}.Decode(record.Value)
		placement, is := decoded.(*playlist.Placement)
		if err != nil || !is {
			d.t.Fatalf("%x is no placement: %v", record.Value, err)
		}
		if belongs := topics.PartitionOf(record.Key, d.setup.partitions); record.Partition != belongs {
			d.t.Errorf("%s lies in partition %d, not %d", record.Key, record.Partition, belongs)
		}
		of := string(record.Key) + " " + placement.CampaignID
		if placement.Sequence <= newest[of] {
			d.t.Errorf("%s is told %d after %d", of, placement.Sequence, newest[of])
		}
		newest[of] = placement.Sequence
		all = append(all, told{*placement, string(record.Key), headerOf(record, "traceparent")})
	}
	return all
}

// standing returns what stores have in the end: the store and the campaign, and how often it was told.
func standing(all []told) (placed, times map[string]int) {
	placed, times = make(map[string]int), make(map[string]int)
	for _, p := range all {
		of := p.store + " " + p.CampaignID
		times[of]++
		if placed[of] = int(p.Sequence); !p.Placed {
			delete(placed, of)
		}
	}
	return placed, times
}

// TestAFanOutLetsOthersBetween: a campaign of many stores is told in steps, and one of few, which comes behind it, is not kept waiting.
func TestAFanOutLetsOthersBetween(t *testing.T) {
	t.Parallel()
	d := newSpread(t, 1, topics.Placements)
	d.publish(append(campaignOf(t, "c-large", 3000).distributed(), campaignOf(t, "c-small", 3).distributed()...))
	d.begin(topics.Placements)
	d.rest(topics.Placements)
	d.awaitCounts(topics.Placements, map[string]int{processors.Noted: 4, processors.Placed: 3003, processors.Continued: 11})
	all := placementsTold(d)
	placed, _ := standing(all)
	if len(all) != 3003 || len(placed) != 3003 {
		t.Errorf("%d records place %d", len(all), len(placed))
	}
	for i, p := range all {
		if p.CampaignID == "c-small" && i > 2*250 {
			t.Errorf("the small campaign is told behind %d", i)
		}
	}
	first := all[0]
	if want := "cr-1 1"; !first.Placed || first.Sequence != 2 || first.Revision != 1 || first.StartsAt != at("2026-12-02T00:00:00Z") ||
		fmt.Sprint(first.Creatives[0].ID, " ", first.Creatives[0].Version) != want {
		t.Errorf("the first placement is %v", first)
	}
}

// TestACancelOvertakesTheFanOut: however far it has come, nothing stays placed, and of the campaign its sequence is left.
func TestACancelOvertakesTheFanOut(t *testing.T) {
	t.Parallel()
	for _, records := range []int{1, 2, 100} { // in a transaction: steps and the cancel meet at different times
		t.Run(fmt.Sprint(records), func(t *testing.T) {
			t.Parallel()
			d := newSpread(t, 2, topics.Placements)
			campaign := campaignOf(t, "c-1", 3000)
			d.publish(campaign.distributed())
			d.publish(campaignOf(t, "c-2", 10).distributed())
			d.publish([]topics.Record{campaign.becomes(schemas.Cancel, schemas.Cancelled), campaign.becomes(schemas.Settle, schemas.Cancelled)})
			d.configure = func(c *engine.Config) { c.RecordsMax = records }
			d.begin(topics.Placements)
			d.rest(topics.Placements)
			all := placementsTold(d)
			placed, times := standing(all)
			for of, count := range times {
				if strings.HasSuffix(of, " c-1") && (placed[of] > 0 || count != 2) || strings.HasSuffix(of, " c-2") && count != 1 {
					t.Errorf("%s was told %d times, and has %d", of, count, placed[of])
				}
			}
			removed := 0
			for _, p := range all {
				if !p.Placed {
					removed++
				}
			}
			d.awaitCounts(topics.Placements, map[string]int{processors.Placed: len(all) - removed, processors.Unplaced: removed})
			for key, row := range d.rowsIn(topics.CampaignEnginePlacementsTable) {
				if strings.HasPrefix(key, "c-1") && (key != "c-1" || len(row) > 5) {
					t.Errorf("of a cancelled campaign %s is left, %d bytes", key, len(row))
				}
			}
		})
	}
}

// TestPlacementsOutliveAProcessAtEachStep: a process may die at any step between a poll and a commit, and its successor at the next
// one: each store is told once, what it would have been told without the deaths.
func TestPlacementsOutliveAProcessAtEachStep(t *testing.T) {
	t.Parallel()
	around := t
	deployment := func(t *testing.T) *brokerDeployment {
		d := newSpread(t, 2, topics.Placements)
		for i := range 4 {
			campaign := campaignOf(t, fmt.Sprintf("c-%d", i), 700)
			d.publish(append(campaign.distributed(), campaign.becomes(schemas.Start, schemas.Active)))
		}
		return d
	}
	calm := deployment(t)
	calm.begin(topics.Placements)
	calm.rest(topics.Placements)
	placed, times := standing(placementsTold(calm))
	if len(placed) != 4*700 {
		t.Fatalf("%d are placed", len(placed))
	}
	for _, step := range engine.Steps() {
		if step == engine.StepFired { // it has no timers
			continue
		}
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			t.Parallel()
			d := deployment(t)
			d.grave = around
			d.diesAt(topics.Placements, step, 1)
			d.diesAt(topics.Placements, step, 3) // between steps of the fan-out
			d.begin(topics.Placements)
			d.ready()
			d.rest(topics.Placements)
			gotPlaced, gotTimes := standing(placementsTold(d))
			same(t, placed, gotPlaced)
			same(t, times, gotTimes)
			same(t, calm.rowsIn(topics.CampaignEnginePlacementsTable), d.rowsIn(topics.CampaignEnginePlacementsTable))
		})
	}
}

// TestPlacementsOutliveTheirPositions: what is read a second time, from the start, tells nobody anything.
func TestPlacementsOutliveTheirPositions(t *testing.T) {
	t.Parallel()
	d := newSpread(t, 2, topics.Placements)
	campaign := campaignOf(t, "c-1", 1000)
	d.publish(append(campaign.distributed(), campaign.becomes(schemas.Start, schemas.Active)))
	d.begin(topics.Placements)
	d.rest(topics.Placements)
	before, rows := placementsTold(d), d.rowsIn(topics.CampaignEnginePlacementsTable)
	d.losePositions(topics.Placements)
	steps := d.counted(topics.Placements)[processors.Stale] + len(d.stored(topics.CampaignEnginePlacementsLoop))
	d.begin(topics.Placements)
	d.rest(topics.Placements)
	d.awaitCounts(topics.Placements, map[string]int{processors.Duplicates: 3, processors.Stale: steps})
	if after := placementsTold(d); len(after) != len(before) {
		t.Errorf("reading again told %d", len(after)-len(before))
	}
	same(t, rows, d.rowsIn(topics.CampaignEnginePlacementsTable))
}

// TestPlacementsPassWhatTheyCannotRead: budgets files it; here it is counted, and the others go on.
func TestPlacementsPassWhatTheyCannotRead(t *testing.T) {
	t.Parallel()
	d := newSpread(t, 1, topics.Placements)
	foreign := campaignOf(t, "c-foreign", 1).distributed()
	foreign[0].Key, foreign[1].Value = []byte("c-other"), []byte("{")
	nowhere := campaignOf(t, "c-nowhere", 1)
	nowhere.placed.Stores = []string{"s.1"} // is no name of a store
	large := campaignOf(t, "c-large", 0)
	large.placed.Creatives[0].Bytes = -1
	tombstone := topics.Record{Topic: string(topics.TransitionsApplied), Key: []byte("c-good")}
	d.publish(append(append(append(foreign, nowhere.distributed()...), large.distributed()...), tombstone))
	d.publish(campaignOf(t, "c-good", 1).distributed())
	d.begin(topics.Placements)
	d.rest(topics.Placements)
	d.awaitCounts(topics.Placements, map[string]int{processors.PassedOver: 5, processors.Noted: 4, processors.Placed: 1})
	if letters := d.stored(topics.DeadLetters); len(letters) > 0 {
		t.Errorf("%d dead letters", len(letters))
	}
}

// TestPlacementsPassRowsThatCannotBeRead is TestTimersPassRowsThatCannotBeRead of the fan-out: nothing of such a campaign is told.
func TestPlacementsPassRowsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const table = topics.CampaignEnginePlacementsTable
	d := newSpread(t, 1, topics.Placements)
	foreign := map[string][]byte{
		"c-text": []byte("a row of somebody else"), "c-short": {1}, "c-newer": {200, 0, 1, 0}, "c-long": {1, 0, 1, 0, 0},
	}
	part := campaignOf(t, "c-part", 300)
	d.publish(part.distributed())
	d.begin(topics.Placements)
	d.rest(topics.Placements)
	d.halt(topics.Placements)
	d.writeRows(table, foreign)
	d.writeRows(table, map[string][]byte{engine.PartKey("c-part", "s/1"): []byte("stores of somebody else")})
	d.begin(topics.Placements)
	d.ready()
	for id := range foreign {
		d.publish(campaignOf(t, id, 1).distributed())
	}
	part.placed.Stores = part.placed.Stores[:10]
	d.publish([]topics.Record{part.becomes(schemas.Reschedule, schemas.Scheduled)})
	d.publish(campaignOf(t, "c-good", 7).distributed())
	d.rest(topics.Placements)
	d.awaitCounts(topics.Placements, map[string]int{processors.UnreadableRows: 2*len(foreign) + 1, processors.Placed: 307})
	rows := d.rowsIn(table)
	for id, row := range foreign {
		if rows[id] != string(row) {
			t.Errorf("%s: its row has become %q", id, rows[id])
		}
	}
}

// TestATraceGoesOnToTheStores, through all steps, with spans and without.
func TestATraceGoesOnToTheStores(t *testing.T) {
	for _, spans := range []bool{true, false} {
		d := newTraced(t)
		if !spans {
			d.tracer = nil
		}
		d.takes(topics.Placements)
		records := campaignOf(t, "c-1", 600).distributed()
		records[1].Headers = []topics.Header{header("traceparent", defining)}
		d.publish(records)
		d.begin(topics.Placements)
		d.rest(topics.Placements)
		d.halt(topics.Placements)
		all := placementsTold(d.brokerDeployment)
		if len(all) != 600 {
			t.Errorf("%d are told", len(all))
		}
		for _, p := range all {
			if trace := strings.Split(defining, "-")[1]; !strings.Contains(p.trace, trace) || !spans && p.trace != defining {
				t.Errorf("%s is told in %q", p.store, p.trace)
			}
		}
		names := make(map[string]int)
		for _, span := range d.spans.Ended() {
			names[span.Name()]++
		}
		if spans && (names["process transitions-applied"] != 2 || names["process campaign-engine-placements-loop"] != 2) {
			t.Errorf("the spans are %v", names)
		}
	}
}
