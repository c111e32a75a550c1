package topics

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/schemas"
)

func sampleApplied(tb testing.TB) *schemas.Event[schemas.Applied] {
	due := sampleDue(tb, true)
	event := schemas.NewEvent("c-1/1/start/applied", schemas.TransitionApplied, "c-1", *due.Time, schemas.Applied{
		Due: due.Data, From: schemas.Scheduled, To: schemas.Active, AppliedAt: due.Data.DecidedAt, Sequence: 2, FirstActive: true,
	})
	event.Data.Transition, event.Data.TransitionID = schemas.Start, "c-1/1/start"
	return &event
}

func TestDecodeAppliedReadsWhatEncodeAppliedWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		due := drawDue(t)
		if due.Campaign == nil {
			due.Campaign = []byte(`{}`)
		}
		statuses := []schemas.Status{schemas.Scheduled, schemas.Active, schemas.Paused, schemas.Completed, schemas.Cancelled}
		status := rapid.SampledFrom(statuses)
		data := schemas.Applied{
			Due: due, From: status.Draw(t, "from"), To: status.Draw(t, "to"), AppliedAt: due.DecidedAt,
			Sequence: rapid.Int64Range(1, schemas.IntegerMax).Draw(t, "sequence"), FirstActive: rapid.Bool().Draw(t, "first"),
		}
		if due.Transition == schemas.Schedule && rapid.Bool().Draw(t, "from nowhere") {
			data.From = ""
		}
		event := envelopeOf(t, schemas.TransitionApplied, due, data)
		written, err := EncodeApplied(event)
		if err != nil {
			t.Fatal(err)
		}
		back, refusal := DecodeApplied(written)
		if refusal != nil {
			t.Fatalf("%s is refused: %+v", written, *refusal)
		}
		if diff := cmp.Diff(event, back); diff != "" {
			t.Fatalf("applied differs (-written +read):\n%s", diff)
		}
	})
}

func TestDecodeAppliedRefuses(t *testing.T) {
	whole, err := EncodeApplied(sampleApplied(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, refusal := DecodeApplied(whole); refusal != nil {
		t.Fatal(*refusal)
	}
	const decided = `2026-12-01T05:00:00.021Z`
	cases := []struct {
		name, old, new string
		reason         schemas.Reason
		detail         string
	}{
		{"a tombstone", string(whole), ``, schemas.Malformed, "value: must not be empty"},
		{"cut off", `"sequence":2,"first_active":true}}`, `"sequence":2`, schemas.Malformed, "value: "},
		{"nesting 33", `"campaign":{`, `"campaign":{"x":` + times("[", 30) + times("]", 30) + `,`, schemas.TooDeep, "value: "},
		{"a name twice", `"to":`, `"to":"PAUSED","to":`, schemas.Malformed, "value: must not name"},
		{"another type", `transition.applied`, `transition.due`, schemas.UnknownType, "type: "},
		{"another specversion", `"1.0"`, `"2.0"`, schemas.Malformed, "specversion: "},
		{"no data", `"data":{`, `"Data":{`, schemas.Malformed, "data: "},
		{"no campaign_id", `"campaign_id":"c-1","revision":1,"transition"`, `"revision":1,"transition"`, schemas.BadSchema,
			"data.campaign_id: "},
		{"an id of another transition", `"transition":"start"`, `"transition":"end"`, schemas.BadSchema, "data.transition_id: "},
		{"not decided", `"decided_at":`, `"x":`, schemas.BadSchema, "data.decided_at: is required"},
		{"from nowhere", `"from":"SCHEDULED",`, ``, schemas.BadSchema, "data.from: is required"},
		{"from another status", `"from":"SCHEDULED"`, `"from":"DRAFT"`, schemas.BadSchema, "data.from: must be a status"},
		{"to nowhere", `"to":"ACTIVE",`, ``, schemas.BadSchema, "data.to: is required"},
		{"to no text", `"to":"ACTIVE"`, `"to":1`, schemas.BadSchema, "data.to: must be a status"},
		{"to an empty text", `"to":"ACTIVE"`, `"to":""`, schemas.BadSchema, "data.to: must be a status"},
		{"not applied", `"applied_at":`, `"x":`, schemas.BadSchema, "data.applied_at: is required"},
		{"applied at another instant", `"applied_at":"` + decided, `"applied_at":"2026-12-01T05:00:00.022Z`, schemas.BadSchema,
			"data.applied_at: must equal decided_at"},
		{"applied in the year 10000 of UTC", `"applied_at":"` + decided, `"applied_at":"9999-12-31T23:59:59-23:59`, schemas.BadSchema,
			"data.applied_at: must lie in the years"},
		{"no sequence", `,"sequence":2`, ``, schemas.BadSchema, "data.sequence: is required"},
		{"sequence 0", `"sequence":2`, `"sequence":0`, schemas.BadSchema, "data.sequence: "},
		{"a sequence that a double cannot hold", `"sequence":2`, `"sequence":9007199254740993`, schemas.BadSchema, "data.sequence: "},
		{"half a sequence", `"sequence":2`, `"sequence":1.5`, schemas.BadSchema, "data.sequence: "},
		{"first_active as a text", `"first_active":true`, `"first_active":"true"`, schemas.BadSchema, "data.first_active: "},
		{"no campaign", `"campaign":{`, `"Campaign":{`, schemas.BadSchema, "data.campaign: is required"},
		{"a campaign that is no object", `"campaign":{`, `"campaign":[],"x":{`, schemas.BadSchema, "data.campaign: "},
		{"more than a record", `"campaign":{`, `"campaign":{"x":"` + times("x", schemas.RecordMaxBytes) + `",`, schemas.TooLarge, "value: "},
		{"more than a record once numbers are written out", `"campaign":{`,
			`"campaign":{"x":[0` + times(",1e20", schemas.RecordMaxBytes/8) + `],`, schemas.TooLarge, "value in "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(string(whole), c.old) {
				t.Fatalf("the event has no %s", c.old)
			}
			event, refusal := DecodeApplied([]byte(strings.Replace(string(whole), c.old, c.new, 1)))
			if refusal == nil {
				t.Fatalf("it was accepted: %+v", event)
			}
			if refusal.Reason != c.reason || !strings.HasPrefix(refusal.Detail, c.detail) {
				t.Errorf("got %s (%s), want %s (%s...)", refusal.Reason, refusal.Detail, c.reason, c.detail)
			}
		})
	}
}

// TestDecodeAppliedTakesTheCampaignAsItStands: what is in it is for DecodePlaced to judge.
func TestDecodeAppliedTakesTheCampaignAsItStands(t *testing.T) {
	event := sampleApplied(t)
	event.Data.Campaign = []byte(`{"b":"<&>","a":[1,{"starts_at":"yesterday"}]}`)
	written, err := EncodeApplied(event)
	if err != nil {
		t.Fatal(err)
	}
	back, refusal := DecodeApplied(written)
	if refusal != nil {
		t.Fatal(*refusal)
	}
	if string(back.Data.Campaign) != string(event.Data.Campaign) {
		t.Errorf("it is %s", back.Data.Campaign)
	}
}

func BenchmarkDecodeApplied(b *testing.B) {
	value, err := EncodeApplied(sampleApplied(b))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := DecodeApplied(value); refusal != nil {
			b.Fatal(refusal)
		}
	}
}
