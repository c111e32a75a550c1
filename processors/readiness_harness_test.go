package processors_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/readiness"
	"github.com/rmn-arms/campaign-engine/topics"
)

// readinessDeployment is a deployment in which readiness runs alone, over inputs that others would have written.
type readinessDeployment struct {
	*brokerDeployment
	behind    map[topics.Name]map[int32]int64 // what was published
	sequences map[string]int64
}

func newReadiness(t *testing.T, partitions int32) *readinessDeployment {
	t.Helper()
	d := newBroker(t, setup{partitions: partitions, now: instant.Of(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))})
	d.counts[topics.Readiness] = &tally{byName: make(map[string]int)}
	t.Cleanup(func() { d.halt(topics.Readiness) })
	return &readinessDeployment{
		brokerDeployment: d, sequences: make(map[string]int64),
		behind: map[topics.Name]map[int32]int64{topics.TransitionsApplied: {}, topics.ReadinessChanges: {}},
	}
}

func (d *readinessDeployment) run() {
	d.t.Helper()
	d.begin(topics.Readiness)
	d.ready()
}

func (d *readinessDeployment) put(topic topics.Name, campaignID string, value []byte) {
	d.t.Helper()
	records := []topics.Record{{Topic: string(topic), Partition: byKey, Key: []byte(campaignID), Value: value}}
	d.publish(records)
	d.behind[topic][records[0].Partition] = records[0].Offset + 1
}

// says puts a change of a store there, of which some devices are ready and others pending.
func (d *readinessDeployment) says(campaignID, storeID string, ready, pending int) {
	d.t.Helper()
	change := readiness.Change{StoreID: storeID, Revision: 1, Ready: int64(ready), Total: int64(ready + pending)}
	for n := range pending {
		change.Unready = append(change.Unready, readiness.Unready{DeviceID: fmt.Sprintf("%s-d-%d", storeID, n), Reason: "pending"})
	}
	d.put(topics.ReadinessChanges, campaignID, change.AppendBinary(nil))
}

// applies puts the next transition of a campaign there, decided now.
func (d *readinessDeployment) applies(campaignID string, transition schemas.Transition, to schemas.Status, firstActive bool) {
	d.t.Helper()
	d.sequences[campaignID]++
	d.put(topics.TransitionsApplied, campaignID, d.applied(campaignID, d.sequences[campaignID], transition, to, firstActive))
}

func (d *readinessDeployment) applied(
	campaignID string, sequence int64, transition schemas.Transition, to schemas.Status, firstActive bool,
) []byte {
	d.t.Helper()
	now := schemas.Instant(d.clock.Now())
	a := schemas.Applied{To: to, AppliedAt: now, Sequence: sequence, FirstActive: firstActive, Due: schemas.Due{
		TransitionID: schemas.TransitionID(campaignID, 1, transition), CampaignID: campaignID, Revision: 1, Transition: transition,
		ScheduledFor: now, DecidedAt: now, Campaign: json.RawMessage(`{}`),
	}}
	if transition != schemas.Schedule {
		a.From = schemas.Scheduled
	}
	event := schemas.NewEvent("e", schemas.TransitionApplied, campaignID, now, a)
	value, err := topics.EncodeApplied(&event)
	if err != nil {
		d.t.Fatal(err)
	}
	return value
}

// rest waits until all is read, and what is due is done.
func (d *readinessDeployment) rest() {
	d.t.Helper()
	d.settled(topics.Readiness, func(ctx context.Context) string {
		read := d.positions(ctx, topics.Readiness)
		for topic, ends := range d.behind {
			for partition, end := range ends {
				if read[topic][partition] < end {
					return fmt.Sprintf("%s/%d to be read to %d", topic, partition, end)
				}
			}
		}
		for key, row := range d.sums() {
			if row.NextDue() <= d.clock.Now() {
				return fmt.Sprintf("%s to do what is due", key)
			}
		}
		return ""
	})
}

// passes lets time pass, and waits.
func (d *readinessDeployment) passes(by instant.Millis) {
	d.t.Helper()
	d.drive(d.clock.Now().Add(by))
	d.rest()
}

// kept are the rows and parts in the table.
func (d *readinessDeployment) kept() map[string]string {
	d.t.Helper()
	rows := make(map[string]string)
	for _, record := range d.stored(topics.CampaignEngineReadinessTable) {
		if rows[string(record.Key)] = string(record.Value); record.Value == nil {
			delete(rows, string(record.Key))
		}
	}
	return rows
}

// sums are the rows that can be read.
func (d *readinessDeployment) sums() map[string]readiness.Row {
	d.t.Helper()
	rows := make(map[string]readiness.Row)
	for key, value := range d.kept() {
		var row readiness.Row
		if !isPart(key) && row.UnmarshalBinary([]byte(value)) == nil {
			rows[key] = row
		}
	}
	return rows
}

// told are the events that were told of a campaign.
func (d *readinessDeployment) told(campaignID string) (all []*schemas.Event[schemas.Readiness]) {
	d.t.Helper()
	for _, record := range d.stored(topics.CampaignReadiness) {
		if string(record.Key) != campaignID {
			continue
		}
		decoded, err := topics.ReadinessCodec{}.Decode(record.Value)
		event, is := decoded.(*schemas.Event[schemas.Readiness])
		if err != nil || !is {
			d.t.Fatalf("%v: %s", err, record.Value)
		}
		if event.ID != fmt.Sprintf("%s/readiness/%d", campaignID, len(all)+1) || event.Subject != campaignID {
			d.t.Errorf("the id of the event number %d is %s", len(all)+1, event.ID)
		}
		all = append(all, event)
	}
	return all
}

// brief renders what was told of a campaign: ready of total, and what there was at the start.
func (d *readinessDeployment) brief(campaignID string) string {
	d.t.Helper()
	var lines []string
	for _, event := range d.told(campaignID) {
		line := fmt.Sprintf("%d of %d", event.Data.DevicesReady, event.Data.DevicesTotal)
		if at := event.Data.AtStart; at != nil {
			line += fmt.Sprintf(", at start %d of %d", at.DevicesReady, at.DevicesTotal)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func (d *readinessDeployment) wants(campaignID, brief string) {
	d.t.Helper()
	if got := d.brief(campaignID); got != brief {
		d.t.Errorf("told of %s: %s\nwant: %s", campaignID, got, brief)
	}
}

// countsOf waits until so many records have been counted: counters are told a little after their commit.
func (d *readinessDeployment) countsOf(want map[string]int) {
	d.t.Helper()
	d.settled(topics.Readiness, func(context.Context) string {
		if got := d.counted(topics.Readiness); !maps.Equal(got, want) {
			return fmt.Sprintf("counted %v, want %v", got, want)
		}
		return ""
	})
}
