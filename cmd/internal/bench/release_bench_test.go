//go:build bench

package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestRelease starts an engine on -rows campaigns whose wall-clock times another time zone release has resolved, every tenth to
// another instant, and tells how long they take, and how late meanwhile what else is due becomes visible.
func TestRelease(t *testing.T) {
	r := newRig(t, kafkatest.Start(t, kafkatest.Options{}))
	r.start("--processors", topics.Timers)
	r.stop()
	r.outdated(*rows)

	const rate, lasts = 500, 90 * time.Second
	begins := time.Now().Add(2 * time.Second)
	seen := r.sighting("tick")
	r.publish("tick", rate*int(lasts/time.Second), func(i int) time.Time { return begins.Add(time.Duration(i) * time.Second / rate) })
	r.start("--processors", topics.Timers)
	ready := time.Now()
	left := r.sum("campaign_engine_timers_outdated")
	r.until("all to be looked at", func() bool { return r.sum("campaign_engine_timers_outdated") == 0 })
	took := time.Since(ready)
	moved := r.sum(`campaign_engine_records_total{outcome="rezoned"`)
	seen.until(ready.Add(took + time.Second))
	var late []time.Duration
	seen.find("what was due meanwhile", func(all []due) bool {
		for _, d := range all {
			if at := d.at.Add(-d.late); at.After(ready) && at.Before(ready.Add(took)) {
				late = append(late, d.late)
			}
		}
		return true
	})
	slices.Sort(late)
	r.report(fmt.Sprintf("%d pending of another time zone release", *rows), "looked at in "+ms(took),
		fmt.Sprintf("%d were left when it was ready, %d have moved; lateness of %d transitions meanwhile p50 %s, p99 %s, max %s",
			left, moved, len(late), ms(late[len(late)/2]), ms(late[len(late)*99/100]), ms(late[len(late)-1])))
	r.stop()
}

// outdated writes rows into the table of timers, as an engine with another release would have.
func (r *rig) outdated(count int) {
	r.t.Helper()
	const name, starts, ends = "America/New_York", "2034-06-01T09:00:00", "2034-07-01T09:00:00"
	startsAt, err := zone.Default().Resolve(name, starts, zone.Compatible)
	r.must(err)
	endsAt, err := zone.Default().Resolve(name, ends, zone.Compatible)
	r.must(err)
	client := r.connect()
	for i := range count {
		change := timer.Change{
			Revision: 1, AdvertiserID: "a-17", Currency: "USD", StartsAt: startsAt, EndsAt: endsAt, Lead: 86_400_000,
			Wording: timer.Wording{StartsAtLocal: starts, EndsAtLocal: ends, Zone: name, Database: "2020a"},
		}
		if i%10 == 0 {
			change.StartsAt += 3_600_000
		}
		row := timer.Decide(timer.Row{}, false, change, instant.Of(time.Now()), timer.Normal).Row
		client.Produce(r.ctx, &kgo.Record{
			Topic: string(topics.CampaignEngineTimersTable), Key: fmt.Appendf(nil, "old-%07d", i), Value: row.AppendBinary(nil),
		}, func(_ *kgo.Record, err error) {
			if err != nil {
				r.t.Errorf("writing a row: %v", err)
			}
		})
	}
	r.must(client.Flush(r.ctx))
	client.Close()
}
