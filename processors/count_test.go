package processors

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// happening is a record of either input, as the engine reads it at an instant.
type happening struct {
	record  topics.Record
	applied *schemas.Applied // else a play
}

// happenings draws a campaign's life, a record each second, or in a time of which three are a hold: definitions with budgets and
// prices that change, starts, pauses, an end, and between them plays of any time (where holds end, of none that is behind the
// record), some twice, some of more than is left.
func happenings(t *rapid.T) (all []happening) {
	pace := rapid.SampledFrom([]int{1000, int(budget.Hold / 3)}).Draw(t, "pace")
	sequence, status, offset := int64(0), schemas.Status(""), map[topics.Name]int64{}
	add := func(topic topics.Name, value []byte, err error, applied *schemas.Applied) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, happening{topics.Record{Topic: string(topic), Partition: 3, Offset: offset[topic], Key: []byte("c-1"), Value: value,
			Timestamp: schemas.Instant(pace * (len(all) + 1))}, applied})
		offset[topic]++
	}
	for range rapid.IntRange(1, 60).Draw(t, "records") {
		now := schemas.Instant(pace * (len(all) + 1))
		if rapid.IntRange(0, 3).Draw(t, "kind") > 0 {
			at := schemas.Instant(rapid.IntRange(0, 60).Draw(t, "at") * pace)
			if pace > 1000 {
				at = min(at, now)
			}
			value := fmt.Appendf(nil, `{"specversion":"1.0","id":"e","source":"test","type":"play.reported","subject":"c-1","data":{"play_id":"p-%d",`+
				`"campaign_id":"c-1","creative_id":"cr-%d","device_id":"d-1","store_id":"s-%d","started_at":%q,"ended_at":%q,"impressions":%q}}`,
				rapid.IntRange(0, 40).Draw(t, "play"), rapid.IntRange(0, 2).Draw(t, "creative"), rapid.IntRange(0, 2).Draw(t, "store"), at, at+1,
				rapid.SampledFrom([]string{"1", "12.5", "900", "-1"}).Draw(t, "impressions"))
			add(topics.Plays, value, nil, nil)
			continue
		}
		a := nextTransition(t, status, pace)
		sequence++
		a.Sequence, a.From, a.DecidedAt, a.AppliedAt, a.ScheduledFor, a.Revision = sequence, status, now, now, now, 1
		a.CampaignID, a.TransitionID = "c-1", fmt.Sprintf("c-1/1/%s", a.Transition)
		status = a.To
		event := schemas.NewEvent(a.TransitionID, schemas.TransitionApplied, "c-1", now, a)
		value, err := topics.EncodeApplied(&event)
		add(topics.TransitionsApplied, value, err, &a)
	}
	return all
}

func nextTransition(t *rapid.T, status schemas.Status, pace int) schemas.Applied {
	next := map[schemas.Status][]schemas.Applied{
		"":                {{Due: schemas.Due{Transition: schemas.Schedule}, To: schemas.Scheduled}},
		schemas.Scheduled: {{Due: schemas.Due{Transition: schemas.Start}, To: schemas.Active}},
		schemas.Active: {{Due: schemas.Due{Transition: schemas.Pause}, To: schemas.Paused}, {Due: schemas.Due{Transition: schemas.End}, To: schemas.Completed},
			{Due: schemas.Due{Transition: schemas.Reschedule}, To: schemas.Active}},
		schemas.Paused:    {{Due: schemas.Due{Transition: schemas.Resume}, To: schemas.Active}},
		schemas.Completed: {{Due: schemas.Due{Transition: schemas.Distribute}, To: schemas.Completed}},
	}[status]
	a := rapid.SampledFrom(next).Draw(t, "transition")
	placed, err := topics.EncodePlaced(schemas.Placed{CampaignID: "c-1", Revision: 1, AdvertiserID: "a-1", TimeZone: "UTC", StartsAt: schemas.Instant(5 * pace),
		EndsAt: schemas.Instant(rapid.IntRange(20, 60).Draw(t, "ends") * pace), CPM: rapid.SampledFrom([]string{"2.50", "1"}).Draw(t, "cpm"),
		Budget: schemas.Money{Amount: rapid.SampledFrom([]string{"4.00", "1.00", "100.00"}).Draw(t, "budget"), Currency: "USD"}})
	if err != nil {
		t.Fatal(err)
	}
	a.Campaign = placed
	return a
}

// fireUnknown has an account of a campaign that nobody has scheduled do what is due.
func fireUnknown(account *budget.Account, parts memoryParts, now instant.Instant) error {
	if account.Known {
		return nil
	}
	_, err := account.Fire(parts, true, now)
	return err
}

// TestCountIsTheEnginesCount: what is counted from the two topics, one after the other, is what the engine has in its account,
// which reads both as they come.
func TestCountIsTheEnginesCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := happenings(t)
		var account budget.Account
		parts := memoryParts{}
		count := NewCount("c-1")
		for _, h := range all {
			now, err := instant.Instant(h.record.Timestamp), error(nil)
			if err := fireUnknown(&account, parts, now); err != nil {
				t.Fatal(err)
			}
			if h.applied != nil {
				count.Applied(h.record)
				change, refusal := accountChange("c-1", h.applied)
				if refusal != nil {
					t.Fatal(refusal)
				}
				_, err = account.Apply(parts, &change, positionOf(h.record), 0, now)
			} else {
				event, refusal := topics.DecodePlay(h.record.Key, h.record.Value, nil)
				if refusal != nil {
					t.Fatal(refusal)
				}
				play := playOf(event.Play)
				_, err = account.Report(parts, &play, positionOf(h.record), budget.HeldMax, now)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, h := range all {
			if h.applied == nil {
				if err := count.Play(h.record); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, known, err := count.Statement()
		if err != nil || known != account.Known {
			t.Fatalf("known %v, %v", known, err)
		}
		if !known {
			return
		}
		statement, err := account.Statement(parts)
		if err != nil {
			t.Fatal(err)
		}
		want := StatementOf("c-1", statement)
		if got.Held != want.Released || got.Statement.Released.Amount != "0.00" {
			t.Fatalf("held %v, released %v, want %v", got.Held, got.Statement.Released, want.Released)
		}
		got.Statement.Released = want.Released
		if diff := cmp.Diff(want, got.Statement); diff != "" {
			t.Fatalf("(-engine +count):\n%s", diff)
		}
	})
}

// TestCountGivesUpWhatNobodySchedules: plays that came more than the hold before their campaign are gone, as in the engine,
// and what cannot be read is passed over.
func TestCountGivesUpWhatNobodySchedules(t *testing.T) {
	for _, c := range []struct {
		after instant.Millis
		plays int64
	}{{budget.Hold - 1, 1}, {budget.Hold, 0}} {
		count := NewCount("c-1")
		decided := schemas.Instant(instant.Instant(1000).Add(c.after))
		placed, err := topics.EncodePlaced(schemas.Placed{CampaignID: "c-1", Revision: 1, AdvertiserID: "a-1", TimeZone: "UTC", StartsAt: 1,
			EndsAt: 5000, Budget: schemas.Money{Amount: "1.00", Currency: "USD"}})
		if err != nil {
			t.Fatal(err)
		}
		due := schemas.Due{TransitionID: "c-1/1/schedule", CampaignID: "c-1", Revision: 1, Transition: schemas.Schedule, DecidedAt: decided,
			ScheduledFor: decided, Campaign: placed}
		event := schemas.NewEvent("e", schemas.TransitionApplied, "c-1", decided, schemas.Applied{Due: due, To: schemas.Scheduled,
			AppliedAt: decided, Sequence: 1})
		value, err := topics.EncodeApplied(&event)
		if err != nil {
			t.Fatal(err)
		}
		count.Applied(topics.Record{Topic: string(topics.TransitionsApplied), Value: []byte("{}")})
		count.Applied(topics.Record{Topic: string(topics.TransitionsApplied), Value: value})
		play := []byte(`{"specversion":"1.0","id":"e","source":"test","type":"play.reported","subject":"c-1","data":{"play_id":"p-1","campaign_id":"c-1",` +
			`"creative_id":"cr-1","device_id":"d-1","store_id":"s-1","started_at":"1970-01-01T00:00:01Z","ended_at":"1970-01-01T00:00:02Z","impressions":"1"}}`)
		for i, value := range [][]byte{[]byte("{}"), play} {
			if err := count.Play(topics.Record{Topic: string(topics.Plays), Offset: int64(i), Key: []byte("c-1"), Value: value, Timestamp: 1000}); err != nil {
				t.Fatal(err)
			}
		}
		counted, known, err := count.Statement()
		if err != nil || !known || counted.Statement.NotCounted[schemas.PlayNotActive] != c.plays {
			t.Errorf("scheduled %d ms after the play: %v %v, %+v", c.after, known, err, counted.Statement)
		}
	}
}

// TestCountUnderAClockThatIsNotTheProducers: the engine's is driven and months ahead, or the producer's is hours behind. Plays
// count all the same, and what was shown after a raise of the budget is held against the raised one.
func TestCountUnderAClockThatIsNotTheProducers(t *testing.T) {
	const minute, known = 60_000, schemas.Instant(1_806_000_000_000) // in 2027
	for _, behind := range []instant.Millis{0, 2 * budget.Hold, 120 * 24 * budget.Hold} {
		count := NewCount("c-1")
		for i, a := range []schemas.Applied{
			{Due: schemas.Due{Transition: schemas.Schedule}, To: schemas.Scheduled},
			{Due: schemas.Due{Transition: schemas.Start}, From: schemas.Scheduled, To: schemas.Active},
			{Due: schemas.Due{Transition: schemas.Reschedule}, From: schemas.Active, To: schemas.Active},
		} {
			placed, err := topics.EncodePlaced(schemas.Placed{CampaignID: "c-1", Revision: 1, AdvertiserID: "a-1", TimeZone: "UTC", CPM: "1",
				StartsAt: known + 10*minute, EndsAt: known + 60*minute, Budget: schemas.Money{Amount: fmt.Sprintf("%d.00", 1+i/2), Currency: "USD"}})
			if err != nil {
				t.Fatal(err)
			}
			a.DecidedAt, a.Sequence, a.Revision, a.CampaignID, a.Campaign = known+schemas.Instant(i*10*minute), int64(i)+1, 1, "c-1", placed
			a.AppliedAt, a.ScheduledFor, a.TransitionID = a.DecidedAt, a.DecidedAt, fmt.Sprintf("c-1/1/%s", a.Transition)
			event := schemas.NewEvent(a.TransitionID, schemas.TransitionApplied, "c-1", a.DecidedAt, a)
			value, err := topics.EncodeApplied(&event)
			if err != nil {
				t.Fatal(err)
			}
			count.Applied(topics.Record{Topic: string(topics.TransitionsApplied), Offset: int64(i), Value: value})
		}
		for i, minutes := range []int{11, 12, 21, 90} { // it costs 0.80; the budget of 1.00 is raised to 2.00 at 20
			at := known + schemas.Instant(minutes*minute)
			value := fmt.Appendf(nil, `{"specversion":"1.0","id":"e","source":"test","type":"play.reported","subject":"c-1","data":{"play_id":"p-%d",`+
				`"campaign_id":"c-1","creative_id":"cr-1","device_id":"d-1","store_id":"s-1","started_at":%q,"ended_at":%q,"impressions":"800"}}`, i, at, at)
			published := schemas.Instant(instant.Instant(at).Add(-behind))
			if err := count.Play(topics.Record{Offset: int64(i), Key: []byte("c-1"), Value: value, Timestamp: published}); err != nil {
				t.Fatal(err)
			}
		}
		counted, known, err := count.Statement()
		got := counted.Statement
		if err != nil || !known || got.Plays != 2 || got.NotCounted[schemas.PlayOverBudget] != 1 || got.NotCounted[schemas.PlayOutOfWindow] != 1 {
			t.Errorf("records %d ms behind: %v %v, %d plays, not counted %v", behind, known, err, got.Plays, got.NotCounted)
		}
	}
}
