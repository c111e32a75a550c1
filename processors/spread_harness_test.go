package processors_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// newSpread makes a deployment for a group whose inputs are published by the test.
func newSpread(t *testing.T, partitions int32, short string) *brokerDeployment {
	t.Helper()
	d := newBroker(t, setup{partitions: partitions, now: at("2026-12-01T00:00:00Z")})
	d.takes(short)
	return d
}

// takes has a deployment know another group.
func (d *brokerDeployment) takes(short string) {
	d.counts[short] = &tally{byName: make(map[string]int)}
	d.t.Cleanup(func() { d.halt(short) })
}

// rest waits until a group has committed positions behind all that lies in its inputs, and then behind all that lies in its
// loop: what it reads there is put there by what it reads.
func (d *brokerDeployment) rest(short string) {
	d.t.Helper()
	d.ready()
	group, _ := topics.GroupNamed(short)
	ctx, cancel := context.WithTimeout(d.t.Context(), brokerDeadline)
	defer cancel()
	for {
		read, why := d.positions(ctx, short), ""
		for _, topic := range append(group.Inputs, group.Loop) {
			for _, record := range d.stored(topic) {
				if read[topic][record.Partition] <= record.Offset {
					why = fmt.Sprintf("%s to read %s", short, record.Position())
				}
			}
		}
		if why == "" {
			return
		}
		d.await(ctx, why)
	}
}

// awaitCounts waits until a group has told its counters.
func (d *brokerDeployment) awaitCounts(short string, want map[string]int) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), brokerDeadline)
	defer cancel()
	for {
		counted, why := d.counted(short), ""
		for name, count := range want {
			if counted[name] != count {
				why = fmt.Sprintf("%s to have counted %d %s: %v", short, count, name, counted)
			}
		}
		if why == "" {
			return
		}
		d.await(ctx, why)
	}
}

// await waits for a commit.
func (d *brokerDeployment) await(ctx context.Context, why string) {
	d.t.Helper()
	select {
	case <-d.changed:
		d.alive()
	case <-ctx.Done():
		d.t.Fatalf("still waiting after %s: %s", brokerDeadline, why)
	}
}

// diesAt runs a group until it has reached a step so many times, and kills it there.
func (d *brokerDeployment) diesAt(short string, step engine.Step, times int32) {
	d.t.Helper()
	var reached atomic.Int32
	d.faulty, d.uncounted = true, true
	d.doomed(short, func(c *engine.Config) { c.RecordsMax = 3 },
		func(at engine.Step) bool { return at == step && reached.Add(1) == times }).comes()
}

// rowsIn returns the rows of a table, those of parts under their keys with a slash.
func (d *brokerDeployment) rowsIn(table topics.Name) map[string]string {
	d.t.Helper()
	rows := make(map[string]string)
	for _, record := range d.stored(table) {
		key := strings.ReplaceAll(string(record.Key), "\x00", "/")
		if rows[key] = string(record.Value); record.Value == nil {
			delete(rows, key)
		}
	}
	return rows
}

// applied makes the transitions of one campaign, in their order.
type applied struct {
	t        *testing.T
	placed   schemas.Placed
	status   schemas.Status
	sequence int64
}

// campaignOf is a campaign that nothing was applied of yet.
func campaignOf(t *testing.T, id string, stores int) *applied {
	t.Helper()
	day := func(n int) schemas.Instant { return schemas.InstantOf(time.Date(2026, 12, n, 0, 0, 0, 0, time.UTC)) }
	a := &applied{t: t, placed: schemas.Placed{
		CampaignID: id, Revision: 1, AdvertiserID: "a-1", StartsAt: day(2), EndsAt: day(9), TimeZone: "UTC",
		Budget: schemas.Money{Amount: "1.00", Currency: "USD"},
		Creatives: []schemas.Creative{{
			CreativeID: "cr-1", Version: 1, URL: "https://cdn.example/cr-1.mp4", SHA256: strings.Repeat("ab", 32), Bytes: 1 << 20,
			MIME: "video/mp4", DurationMs: 15000,
		}},
	}}
	for i := range stores {
		a.placed.Stores = append(a.placed.Stores, fmt.Sprintf("s-%d", i))
	}
	return a
}

// becomes returns the record of the next transition.
func (a *applied) becomes(transition schemas.Transition, to schemas.Status) topics.Record {
	a.t.Helper()
	campaign, err := topics.EncodePlaced(a.placed)
	if err != nil {
		a.t.Fatal(err)
	}
	a.sequence++
	now := schemas.InstantOf(time.Date(2026, 12, 1, 0, 0, int(a.sequence), 0, time.UTC))
	id := schemas.TransitionID(a.placed.CampaignID, a.placed.Revision, transition)
	event := schemas.NewEvent(id+"/applied", schemas.TransitionApplied, a.placed.CampaignID, now, schemas.Applied{
		Due: schemas.Due{
			TransitionID: id, CampaignID: a.placed.CampaignID, Revision: a.placed.Revision, Transition: transition,
			ScheduledFor: now, DecidedAt: now, Campaign: campaign,
		},
		From: a.status, To: to, AppliedAt: now, Sequence: a.sequence,
	})
	a.status = to
	value, err := topics.AppliedCodec{}.Encode(&event)
	if err != nil {
		a.t.Fatal(err)
	}
	return topics.Record{
		Topic: string(topics.TransitionsApplied), Partition: byKey, Timestamp: now, Key: []byte(a.placed.CampaignID), Value: value,
	}
}

// distributed returns the records by which its content is due in the stores.
func (a *applied) distributed() []topics.Record {
	a.t.Helper()
	return []topics.Record{a.becomes(schemas.Schedule, schemas.Scheduled), a.becomes(schemas.Distribute, schemas.Scheduled)}
}
