//go:build kafka

package suite

import (
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestACampaignsLife follows one campaign from its creation to its settlement, and ends the engine cleanly.
func TestACampaignsLife(t *testing.T) {
	d := deploy(t)
	e := d.start("one")
	d.ready(e)
	starts := time.Now().Add(10 * time.Second) // far enough for all to be read before it, on a slow machine too
	d.publish(d.client, d.created("c-1", starts, starts.Add(time.Second)),
		d.changed(schemas.CampaignPaused, "c-1", 2), d.changed(schemas.CampaignResumed, "c-1", 3),
		&kgo.Record{Topic: string(topics.CampaignEvents), Key: []byte("c-1"), Value: []byte("no event")})

	ledger := newLedger(d)
	var got []string
	d.follow(topics.TransitionsApplied, func(r *kgo.Record) bool {
		applied := ledger.seeApplied(r)
		got = append(got, string(applied.Transition)+" "+string(applied.To))
		return applied.Transition == schemas.Settle
	})
	want := []string{
		"schedule SCHEDULED", "distribute SCHEDULED", "pause PAUSED", "resume SCHEDULED", "start ACTIVE", "end COMPLETED",
		"settle COMPLETED",
	}
	if !slices.Equal(got, want) {
		t.Errorf("applied %q\nwant    %q", got, want)
	}
	d.follow(topics.DeadLetters, func(r *kgo.Record) bool {
		refused := decode[schemas.Refused](d, topics.RefusedCodec{}, r)
		if refused.Reason != schemas.Malformed {
			t.Errorf("refused as %s, want malformed", refused.Reason)
		}
		return true
	})
	d.idle()
	d.must(e.Terminate())
	if code, err := e.Wait(patience); err != nil || code != 0 {
		t.Errorf("ended with %d, %v\n%s", code, err, e.Report())
	}
}

// TestAForeignPartitioner publishes with another hash than the engine's, into topics that somebody else has created.
func TestAForeignPartitioner(t *testing.T) {
	d := deploy(t)
	d.must(kafkatest.Create(d.ctx, d.client, 6, string(topics.CampaignEvents)))

	refused := d.start("one")
	if code, err := refused.Wait(patience); err != nil || code != 1 || !strings.Contains(refused.Stderr(), "--partitions 6") {
		t.Errorf("with 8 partitions: ended with %d, %v; want 1 and a hint at --partitions 6\n%s", code, err, refused.Report())
	}

	d.ready(d.start("one", "--partitions", "6"), d.start("two", "--partitions", "6"))
	foreign := d.connect(kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
		return func(r *kgo.Record, n int) int { return int(crc32.ChecksumIEEE(r.Key) % uint32(n)) }
	})))
	const campaigns = 500
	now := time.Now()
	var records []*kgo.Record
	for i := range campaigns {
		id := name("c", i)
		records = append(records, d.created(id, now.Add(48*time.Hour), now.Add(96*time.Hour)),
			d.changed(schemas.CampaignPaused, id, 2), d.changed(schemas.CampaignResumed, id, 3),
			d.changed(schemas.CampaignCancelled, id, 4))
	}
	d.publish(foreign, records...)
	ledger := newLedger(d)
	settled := 0
	d.follow(topics.TransitionsApplied, func(r *kgo.Record) bool {
		if decode[schemas.Applied](d, topics.AppliedCodec{}, r).Transition == schemas.Settle {
			settled++
		}
		return settled == campaigns
	})
	ledger.all(5 * campaigns) // schedule, pause, resume, cancel, settle: in this order, or some would be rejected
}
