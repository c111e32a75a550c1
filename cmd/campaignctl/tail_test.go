package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

func encoded[D any](t *testing.T, kind schemas.Type, data D) []byte {
	t.Helper()
	event := schemas.NewEvent("e-1", kind, "c-1", 0, data)
	var value []byte
	var err error
	switch e := any(&event).(type) {
	case *schemas.Event[schemas.Due]:
		value, err = topics.EncodeDue(e)
	case *schemas.Event[schemas.Applied]:
		value, err = topics.EncodeApplied(e)
	case *schemas.Event[schemas.Rejected]:
		value, err = topics.EncodeRejected(e)
	case *schemas.Event[schemas.Refused]:
		value, err = topics.RefusedCodec{}.Encode(e)
	case *schemas.Event[schemas.Released]:
		value, err = topics.ReleasedCodec{}.Encode(e)
	case *schemas.Event[schemas.Statement]:
		value, err = topics.StatementCodec{}.Encode(e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

const created = `{"specversion":"1.0","id":"e-1","source":"test","type":"campaign.created","subject":"c-1",
 "data":{"campaign_id":"c-1","revision":1,"advertiser_id":"a-1","name":"Spring sale","starts_at":"2026-12-01T05:00:00Z",
 "ends_at_local":"2026-12-08T00:00:00","time_zone":"America/New_York","budget":{"amount":"500.00","currency":"USD"}}}`

func startOf(t *testing.T) schemas.Due {
	t.Helper()
	var at schemas.Instant
	if err := at.UnmarshalText([]byte("2026-12-01T05:00:00Z")); err != nil {
		t.Fatal(err)
	}
	return schemas.Due{TransitionID: "c-1/1/start", CampaignID: "c-1", Revision: 1, Transition: schemas.Start,
		ScheduledFor: at, DecidedAt: at + 21, LatenessMs: 21}
}

func record(topic topics.Name, key string, value []byte) *kgo.Record {
	return &kgo.Record{Topic: string(topic), Key: []byte(key), Value: value, Partition: topics.PartitionOf([]byte(key), testPartitions),
		Timestamp: testNow()}
}

func TestTailTellsEachTopic(t *testing.T) {
	due := startOf(t)
	pause := due
	pause.Transition, pause.TransitionID, pause.ChangeReason = schemas.Pause, "c-1/1/pause", "stock-out"
	pause.Campaign = []byte("{}")
	binary := record(topics.CampaignEvents, "c-1", []byte(`{"campaign_id":"c-1","revision":2,"reason":"a\u001b[2Jb"}`))
	for name, value := range map[string]string{"specversion": "1.0", "id": "e-2", "source": "test", "type": "campaign.paused"} {
		binary.Headers = append(binary.Headers, kgo.RecordHeader{Key: "ce_" + name, Value: []byte(value)})
	}
	signed := record(topics.DeviceCommands, "s-1", []byte("{}"))
	signed.Headers = []kgo.RecordHeader{{Key: "jws", Value: []byte("aGVhZGVy..c2ln")}, {Key: "ce_no", Value: []byte("x")}}
	shown := play(t, "c-1", "p-1", "s-1", 5, "12.5")
	shown.Timestamp = testNow()
	cases := []struct {
		name        string
		record      *kgo.Record
		person, doc string
	}{
		{"a definition", record(topics.CampaignEvents, "c-1", []byte(created)),
			"campaign.created, revision 1: Spring sale, 2026-12-01T05:00:00.000Z to 2026-12-08T00:00:00 America/New_York",
			`"key":"c-1","event":{"specversion":"1.0","id":"e-1"`},
		{"a change in binary mode, with a reason that a terminal must not see", binary,
			"campaign.paused, revision 2 (a\uFFFD[2Jb)",
			`"event":{"id":"e-2","source":"test","specversion":"1.0","type":"campaign.paused","data":{"campaign_id":"c-1"`},
		{"what cannot be taken", record(topics.CampaignEvents, "c-1", []byte("{}")), "cannot be taken: malformed", `"event":{}}`},
		{"a header that is no attribute: a signature", signed, "device-commands", `"key":"s-1","headers":{"jws":"aGVhZGVy..c2ln"},"event":{}}`},
		{"no JSON", record(topics.CampaignEvents, "c-1", []byte{0xff, 0}), "cannot be taken: malformed", `"value_base64":"/wA="}`},
		{"a tombstone", record(topics.CampaignEvents, "c-1", nil), "cannot be taken: malformed", `"key":"c-1"}`},
		{"due", record(topics.TransitionsDue, "c-1", encoded(t, schemas.TransitionDue, due)),
			"2026-12-01T05:00:00.021Z  transitions-due       c-1                       start       revision 1  due, 21 ms late", `"lateness_ms":21`},
		{"applied", record(topics.TransitionsApplied, "c-1", encoded(t, schemas.TransitionApplied,
			schemas.Applied{Due: pause, From: schemas.Active, To: schemas.Paused, AppliedAt: pause.DecidedAt, Sequence: 4})),
			"pause       revision 1  4: ACTIVE → PAUSED (stock-out)", `"sequence":4`},
		{"rejected", record(topics.TransitionsRejected, "c-1", encoded(t, schemas.TransitionRejected,
			schemas.Rejected{Due: due, Status: schemas.Paused, Reason: schemas.RejectedPaused})),
			"start       revision 1  rejected: paused", `"reason":"paused"`},
		{"refused", record(topics.DeadLetters, "c-1", encoded(t, schemas.RecordRefused,
			schemas.Refused{Reason: schemas.InvalidZone, Detail: "data.time_zone: no such", Topic: "campaign-events", Partition: 3, Offset: 7})),
			"invalid-zone: data.time_zone: no such (campaign-events/3/7)", `"reason":"invalid-zone"`},
		{"a play", shown,
			"play p-1: cr-1 in store s-1 on d-1, from 2026-12-01T05:05:00.000Z for 15000 ms, 12.5 impressions", `"play_id":"p-1"`},
		{"no play", record(topics.Plays, "c-1", []byte("{}")), "cannot be taken: malformed", `"event":{}}`},
		{"a release", record(topics.BudgetReleased, "c-1", encoded(t, schemas.BudgetReleased, schemas.Released{AdvertiserID: "a-1",
			Budget: schemas.Money{Amount: "5.00", Currency: "USD"}, Spent: schemas.Money{Amount: "1.00", Currency: "USD"},
			Released: schemas.Money{Amount: "4.00", Currency: "USD"}})), "4.00 USD released to a-1; 1.00 USD spent of 5.00 USD", `"advertiser_id":"a-1"`},
		{"a final statement", record(topics.CampaignStatements, "c-1", encoded(t, schemas.StatementFinal, schemas.Statement{Version: 1, Plays: 1,
			Impressions: "12.5", Budget: schemas.Money{Amount: "5.00", Currency: "USD"}, Spent: schemas.Money{Amount: "1.00", Currency: "USD"},
			NotCounted: map[schemas.Verdict]int64{schemas.PlayDuplicate: 2}})),
			"statement 1, final: 1 play for 12.5 impressions, 2 not counted; 1.00 USD spent of 5.00 USD", `"version":1`},
		{"an adjusted statement", record(topics.CampaignStatements, "c-1", encoded(t, schemas.StatementAdjusted, schemas.Statement{Version: 2, Plays: 3,
			Impressions: "37.5", Budget: schemas.Money{Amount: "5.00", Currency: "USD"}, Spent: schemas.Money{Amount: "1.00", Currency: "USD"},
			Late: &schemas.Tally{Plays: 1, Impressions: "12.5"}})),
			"statement 2, adjusted: 3 plays for 37.5 impressions, 1 of them after the lock; still 1.00 USD spent of 5.00 USD", `"version":2`},
		{"readiness", readiness(t, "c-1", nearlyReady()),
			"2026-12-01T05:00:00.000Z  campaign-readiness    c-1                       ready: 997 of 1000 devices, 1 failed, 1 unreachable",
			`"devices_ready":997`},
		{"another topic's", record(topics.CampaignEngineTimersTable, "c-1", []byte{1, 2, 3}), "3 bytes at 3/0", `"value_base64":"AQID"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			k := cluster(t)
			put(t, k, c.record)
			run(t, k, "", "tail", c.record.Topic, "--until-end").check(t, exitClean, c.person)
			got := run(t, k, "", "tail", c.record.Topic, "--until-end", "--json")
			got.check(t, exitClean, c.doc)
			if strings.Count(got.out, "\n") != 1 || !strings.HasPrefix(got.out, `{"topic":"`+c.record.Topic+`","partition":3,"offset":0,"timestamp":"2026-12-05T17:30:00.000Z"`) {
				t.Errorf("not one line that says where it stands: %s", got.out)
			}
		})
	}
}

// TestTailShowsWhatWasCommitted ends a log with an aborted transaction, and with one that is still open.
func TestTailShowsWhatWasCommitted(t *testing.T) {
	k := cluster(t)
	for _, c := range []struct {
		id  string
		end func(*kgo.Client) error
	}{
		{"committed", func(p *kgo.Client) error { return p.EndTransaction(t.Context(), kgo.TryCommit) }},
		{"aborted", func(p *kgo.Client) error { return p.EndTransaction(t.Context(), kgo.TryAbort) }},
		{"open", func(*kgo.Client) error { return nil }},
	} {
		p := client(t, k, kgo.TransactionalID(c.id), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err := p.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := p.ProduceSync(t.Context(), record(topics.DeadLetters, c.id, []byte("{}"))).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := topics.Settle(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if err := c.end(p); err != nil {
			t.Fatal(err)
		}
	}
	got := run(t, k, "", "tail", string(topics.DeadLetters), "--until-end", "--json")
	got.check(t, exitClean, `"key":"committed"`)
	if strings.Contains(got.out, "aborted") || strings.Contains(got.out, "open") {
		t.Errorf("shows what was not committed:\n%s", got.out)
	}
}

// TestTailFollows waits for what comes, until the context ends as with Ctrl-C.
func TestTailFollows(t *testing.T) {
	for _, c := range []struct {
		name  string
		args  []string
		shows string
		not   string
	}{
		{"from the end", nil, `"key":"new"`, `"key":"old"`},
		{"from the beginning", []string{"--from-beginning"}, `"key":"old"`, "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := cluster(t)
			put(t, k, record(topics.DeadLetters, "old", []byte("{}")))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out := newWatched()
			ended := make(chan int)
			go func() {
				args := append([]string{"tail", string(topics.DeadLetters), "--json", "--brokers", k.ListenAddrs()[0]}, c.args...)
				ended <- realMain(ctx, args, console{out: out, errs: io.Discard, now: testNow})
			}()
			stop := putUntil(ctx, t, k)
			out.await(t, c.shows)
			cancel()
			stop()
			if code := <-ended; code != exitClean {
				t.Errorf("exit code %d", code)
			}
			if strings.Contains(out.text.String(), c.not) {
				t.Errorf("shows %s:\n%s", c.not, out.text.String())
			}
		})
	}
}

// putUntil writes records until ctx ends: when tail begins to listen is not to be seen from outside.
func putUntil(ctx context.Context, t *testing.T, k *kfake.Cluster) (stop func()) {
	t.Helper()
	p, err := kgo.NewClient(kgo.SeedBrokers(k.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			p.ProduceSync(ctx, &kgo.Record{Topic: string(topics.DeadLetters), Key: []byte("new"), Value: []byte("{}")})
		}
	}()
	return func() {
		<-done
		p.Close()
	}
}

func TestTailOfNoTopic(t *testing.T) {
	run(t, cluster(t), "", "tail", "elsewhere").check(t, exitFailed,
		"topic elsewhere does not exist there, and is none of the engine's topics, which are campaign-events, transitions-due, ")
	run(t, cluster(t), "", "tail", string(topics.CampaignEngineTimersLoop)).check(t, exitFailed,
		"topic campaign-engine-timers-loop does not exist there; campaignd creates it")
	run(t, cluster(t), "", "tail").check(t, exitSwitches, "<topic>")
}

func TestColourIsForTerminals(t *testing.T) {
	k := cluster(t)
	put(t, k, record(topics.CampaignEvents, "c-1", []byte("{}")))
	var out bytes.Buffer
	code := realMain(t.Context(), []string{"tail", string(topics.CampaignEvents), "--until-end", "--brokers", k.ListenAddrs()[0]},
		console{out: &out, errs: io.Discard, outIsTerminal: true, now: testNow})
	if code != exitClean || !strings.Contains(out.String(), "\x1b[31m") {
		t.Errorf("exit code %d: %q", code, out.String())
	}
}
