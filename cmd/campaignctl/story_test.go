package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/topics"
)

// started puts a campaign there that has started, among others' records.
func started(t *testing.T, k *kfake.Cluster) {
	t.Helper()
	due := startOf(t)
	foreign := record(topics.CampaignEvents, "c-1", []byte(created))
	foreign.Partition = (foreign.Partition + 1) % testPartitions // as another partitioner would
	next := record(topics.CampaignEvents, "c-1", []byte(strings.Replace(created, `"revision":1`, `"revision":2`, 1)))
	row := timer.Row{Revision: 1, DecidedAt: 1, EndsAt: 2}
	for kind := timer.End; kind <= timer.Settle; kind++ {
		row.Timers[kind] = timer.Timer{Armed: true, At: 1796706000000, SetAt: 1}
	}
	placed, err := topics.EncodePlaced(schemas.Placed{CampaignID: "c-1", Revision: 1, AdvertiserID: "a-1", TimeZone: "America/New_York",
		StartsAt: due.ScheduledFor, EndsAt: 1796706000000, Budget: schemas.Money{Amount: "500.00", Currency: "USD"}})
	if err != nil {
		t.Fatal(err)
	}
	due.Campaign = placed
	applied := encoded(t, schemas.TransitionApplied, schemas.Applied{Due: due, From: schemas.Scheduled,
		To: schemas.Active, AppliedAt: due.DecidedAt, Sequence: 3})
	due.Campaign = nil
	put(t, k, foreign, next,
		record(topics.TransitionsDue, "c-1", encoded(t, schemas.TransitionDue, due)),
		record(topics.TransitionsApplied, "c-1", applied),
		record(topics.CampaignEngineTimersTable, "c-1", row.AppendBinary(nil)),
		record(topics.TransitionsDue, "c-2", encoded(t, schemas.TransitionDue, due)),
		record(topics.DeadLetters, "c-2", []byte("{}")),
	)
}

func TestShow(t *testing.T) {
	k := cluster(t)
	started(t, k)
	got := run(t, k, "", "show", "c-1")
	for _, says := range []string{
		"Status       ACTIVE\n", "Revision     1, sequence 3\n",
		"Starts       2026-12-01T05:00:00.000Z  2026-12-01 00:00:00 -05:00 EST\n",
		"Next         end         2026-12-08T05:00:00.000Z  2026-12-08 00:00:00 -05:00 EST  in 2 d 11 h\n",
		"             settle      2026-12-08T05:00:00.000Z",
		"Not decided  campaign.created, revision 2, published 2026-12-05T17:30:00.000Z\n",
	} {
		got.check(t, exitClean, says)
	}
	var summary timeline.Summary
	document := run(t, k, "", "show", "c-1", "--json")
	if err := json.Unmarshal([]byte(document.out), &summary); err != nil || summary.Status != schemas.Active || len(summary.Next) != 2 {
		t.Errorf("%v: %s", err, document.out)
	}
}

func TestTimeline(t *testing.T) {
	k := cluster(t)
	started(t, k)
	run(t, k, "", "timeline", "c-1").check(t, exitClean, "start       1         2026-12-01T05:00:00.000Z  "+
		"2026-12-01 00:00:00 -05:00 EST  2026-12-01T05:00:00.021Z  21 ms  3: SCHEDULED → ACTIVE\n")
	var story timeline.Timeline
	document := run(t, k, "", "timeline", "c-1", "--json")
	if err := json.Unmarshal([]byte(document.out), &story); err != nil || len(story.Steps) != 1 || story.Steps[0].LatenessMs != 21 {
		t.Errorf("%v: %s", err, document.out)
	}
}

func TestStoryOfAnUnknownCampaign(t *testing.T) {
	k := cluster(t)
	run(t, k, "", "show", "c-1").check(t, exitFailed, `campaign "c-1": no topic says anything about it`)
	started(t, k)
	run(t, k, "", "timeline", "c-3").check(t, exitFailed, `campaign "c-3": no topic says anything about it`)
}

func TestStoryWithoutTopics(t *testing.T) {
	k := cluster(t)
	started(t, k)
	admin := kadm.NewClient(client(t, k))
	if _, err := admin.DeleteTopic(t.Context(), string(topics.CampaignEngineTimersTable)); err != nil {
		t.Fatal(err)
	}
	run(t, k, "", "show", "c-1").check(t, exitClean, "Next         not known: the engine's table cannot be read")
	if _, err := admin.DeleteTopic(t.Context(), string(topics.TransitionsApplied)); err != nil {
		t.Fatal(err)
	}
	run(t, k, "", "show", "c-1").check(t, exitFailed, "topic transitions-applied does not exist")
}

// TestStoryEndsBehindAMarker lets every partition end with the marker of an aborted transaction.
func TestStoryEndsBehindAMarker(t *testing.T) {
	k := cluster(t)
	started(t, k)
	p := client(t, k, kgo.TransactionalID("engine-a"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := p.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for _, topic := range timeline.Topics() {
		for partition := range int32(testPartitions) {
			lost := &kgo.Record{Topic: string(topic), Partition: partition, Key: []byte("c-1"), Value: []byte("{}")}
			if err := p.ProduceSync(t.Context(), lost).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := topics.Settle(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if err := p.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	run(t, k, "", "show", "c-1").check(t, exitClean, "in 2 d 11 h")
}
