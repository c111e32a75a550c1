package topics

import (
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// drawDue draws a due transition; its texts hold all that JSON escapes.
func drawDue(t *rapid.T) schemas.Due {
	transitions := []schemas.Transition{
		schemas.Schedule, schemas.Reschedule, schemas.Rezone, schemas.Distribute, schemas.Start, schemas.Pause,
		schemas.Resume, schemas.End, schemas.Settle, schemas.Cancel,
	}
	due := schemas.Due{
		CampaignID:   rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,20}`).Draw(t, "campaign"),
		Revision:     rapid.Int64Range(1, schemas.IntegerMax).Draw(t, "revision"),
		Transition:   rapid.SampledFrom(transitions).Draw(t, "transition"),
		ScheduledFor: schemas.Instant(rapid.Int64Range(0, int64(schemas.InstantMax)).Draw(t, "scheduled")),
		DecidedAt:    schemas.Instant(rapid.Int64Range(0, int64(schemas.InstantMax)).Draw(t, "decided")),
		LatenessMs:   rapid.Int64Range(0, schemas.IntegerMax).Draw(t, "lateness"),
		ChangeReason: rapid.StringOfN(rapid.Rune(), 0, 40, -1).Draw(t, "reason"),
	}
	due.TransitionID = schemas.TransitionID(due.CampaignID, due.Revision, due.Transition)
	if due.Transition == schemas.Rezone {
		due.TransitionID += "-2026c"
		due.Window = drawRezoned(t)
	}
	if rapid.Bool().Draw(t, "with campaign") {
		due.Campaign = []byte(`{"campaign_id":"c","stores":["s"],"name":"<&>é\n"}`)
	}
	return due
}

// drawRezoned draws the window of a rezone, or none.
func drawRezoned(t *rapid.T) *schemas.Rezoned {
	if rapid.Bool().Draw(t, "without window") {
		return nil
	}
	instants := rapid.Int64Range(0, int64(schemas.InstantMax))
	text := rapid.StringOfN(rapid.Rune(), 0, schemas.LocalMaxChars, -1)
	return &schemas.Rezoned{
		StartsAt: schemas.Instant(instants.Draw(t, "starts")), StartsAtLocal: text.Draw(t, "starts local"),
		EndsAt: schemas.Instant(instants.Draw(t, "ends")), EndsAtLocal: text.Draw(t, "ends local"),
		TZDB: rapid.StringOfN(rapid.Rune(), 1, schemas.TZDBMaxChars, -1).Draw(t, "tzdb"),
	}
}

func envelopeOf[D any](t *rapid.T, kind schemas.Type, due schemas.Due, data D) *schemas.Event[D] {
	event := schemas.NewEvent(due.TransitionID, kind, due.CampaignID, due.DecidedAt, data)
	if rapid.Bool().Draw(t, "without subject and time") {
		event.Subject, event.Time = "", nil
	}
	return &event
}

// checkEncoding wants by hand what reflection gives.
func checkEncoding[D any](t *rapid.T, event *schemas.Event[D], got []byte, err error) {
	want, wantErr := jsonv2.Marshal(event)
	if err != nil || wantErr != nil {
		t.Fatalf("by hand: %v, by reflection: %v", err, wantErr)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Fatalf("encodings differ (-reflection +hand):\n%s", diff)
	}
}

func TestTransitionsAreWrittenAsReflectionWritesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		due := drawDue(t)
		event := envelopeOf(t, schemas.TransitionDue, due, due)
		got, err := EncodeDue(event)
		checkEncoding(t, event, got, err)

		back, refusal := DecodeDue(got)
		if refusal != nil {
			t.Fatalf("%s is refused: %+v", got, *refusal)
		}
		if diff := cmp.Diff(event, back); diff != "" {
			t.Fatalf("due differs (-written +read):\n%s", diff)
		}
		status := rapid.SampledFrom([]schemas.Status{"", schemas.Scheduled, schemas.Active, schemas.Cancelled})
		applied := envelopeOf(t, schemas.TransitionApplied, due, schemas.Applied{
			Due: due, From: status.Draw(t, "from"), To: status.Draw(t, "to"), AppliedAt: due.DecidedAt,
			Sequence: rapid.Int64().Draw(t, "sequence"), FirstActive: rapid.Bool().Draw(t, "first"),
		})
		got, err = EncodeApplied(applied)
		checkEncoding(t, applied, got, err)

		rejected := envelopeOf(t, schemas.TransitionRejected, due, schemas.Rejected{
			Due: due, Status: status.Draw(t, "status"), Reason: schemas.RejectedNotEnded,
		})
		got, err = EncodeRejected(rejected)
		checkEncoding(t, rejected, got, err)
	})
}

func TestTransitionsAreReadBackByTheirCodecs(t *testing.T) {
	due := sampleDue(t, true)
	applied := schemas.NewEvent(due.ID+"/applied", schemas.TransitionApplied, "c-1", *due.Time, schemas.Applied{
		Due: due.Data, To: schemas.Scheduled, AppliedAt: due.Data.DecidedAt, Sequence: 1,
	})
	rejected := schemas.NewEvent(due.ID+"/rejected", schemas.TransitionRejected, "c-1", *due.Time, schemas.Rejected{
		Due: due.Data, Status: schemas.Completed, Reason: schemas.RejectedCompleted,
	})
	refused := RefusedEvent(Record{Topic: "campaign-events", Key: []byte("c-1"), Value: []byte("x")}, tooLarge("value", 1))
	cases := []struct {
		name  string
		codec interface {
			Encode(any) ([]byte, error)
			Decode([]byte) (any, error)
		}
		value any
	}{
		{"due", DueCodec{}, due}, {"applied", AppliedCodec{}, &applied}, {"rejected", RejectedCodec{}, &rejected},
		{"released", ReleasedCodec{}, sampleReleased()}, {"statement", StatementCodec{}, sampleStatement(2)},
		{"command", CommandCodec{}, sampleCommand(2)}, {"readiness", ReadinessCodec{}, sampleReadiness(2)},
		{"refused", RefusedCodec{}, refused}, {"raw", RawCodec{}, Raw("x")}, {"tombstone", RawCodec{}, Raw(nil)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			encoded, err := c.codec.Encode(c.value)
			if err != nil {
				t.Fatal(err)
			}
			back, err := c.codec.Decode(encoded)
			if err != nil {
				t.Fatal(err)
			}
			var raw Raw
			switch read := back.(type) {
			case ReadDue:
				back, raw = read.Event, read.Raw
			case ReadApplied:
				back, raw = read.Event, read.Raw
			}
			if raw != nil && string(raw) != string(encoded) {
				t.Errorf("read from %s, not %s", raw, encoded)
			}
			if diff := cmp.Diff(c.value, back); diff != "" {
				t.Errorf("value differs (-written +read):\n%s", diff)
			}
			if _, err := c.codec.Encode(struct{}{}); err == nil {
				t.Error("a value of another kind is encoded")
			}
		})
	}
}

func TestCodecsTurnWhatTheyCannotReadIntoMalformed(t *testing.T) {
	codecs := map[string]interface{ Decode([]byte) (any, error) }{
		"due": DueCodec{}, "applied": AppliedCodec{}, "rejected": RejectedCodec{}, "refused": RefusedCodec{},
		"released": ReleasedCodec{}, "statement": StatementCodec{}, "command": CommandCodec{}, "readiness": ReadinessCodec{},
		"loop": LoopCodec{},
	}
	values := []string{
		"", "null5", "[]", "{", `{"id":1}`, "\xff", strings.Repeat("[", 10000), "\x01",
		"\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff",
	}
	for name, codec := range codecs {
		for _, value := range values {
			got, err := codec.Decode([]byte(value))
			malformed, is := got.(Malformed)
			if err != nil || !is {
				t.Errorf("%s: %.20q gives %T, %v", name, value, got, err)
				continue
			}
			if string(malformed.Raw) != value || malformed.Refusal == nil || malformed.Refusal.Reason == "" {
				t.Errorf("%s: %.20q gives %+v", name, value, malformed)
			}
		}
	}
}

func TestDecodeDueRefuses(t *testing.T) {
	whole, err := EncodeDue(sampleDue(t, true))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, old, new string
		reason         schemas.Reason
		detail         string
	}{
		{"another type", `transition.due`, `transition.applied`, schemas.UnknownType, "type: "},
		{"another specversion", `"1.0"`, `"2.0"`, schemas.Malformed, "specversion: "},
		{"no campaign", `"campaign_id":"c-1",`, ``, schemas.BadSchema, "data.campaign_id: "},
		{"a revision that is a text", `"revision":1,`, `"revision":"1",`, schemas.BadSchema, "data.revision: "},
		{"another transition", `"schedule",`, `"stop",`, schemas.BadSchema, "data.transition: "},
		{"an id of another revision", `"transition_id":"c-1/1/`, `"transition_id":"c-1/2/`, schemas.BadSchema,
			"data.transition_id: "},
		{"an id of another transition", `"transition":"schedule"`, `"transition":"start"`, schemas.BadSchema,
			"data.transition_id: "},
		{"a rezone without its version", `"transition":"schedule"`, `"transition":"rezone"`, schemas.BadSchema,
			"data.transition_id: "},
		{"no instant", `"decided_at":`, `"x":`, schemas.BadSchema, "data.decided_at: "},
		{"not scheduled", `"scheduled_for":`, `"x":`, schemas.BadSchema, "data.scheduled_for: "},
		{"early", `"lateness_ms":21`, `"lateness_ms":-1`, schemas.BadSchema, "data.lateness_ms: "},
		{"decided in the year 10000 of UTC", `"decided_at":"2026-12-01T05:00:00.021Z"`,
			`"decided_at":"9999-12-31T23:59:59-23:59"`, schemas.BadSchema, "data.decided_at: must lie in the years"},
		{"scheduled before the year 0 of UTC", `"scheduled_for":"2026-12-01T05:00:00.000Z"`,
			`"scheduled_for":"0000-01-01T00:00:00+00:01"`, schemas.BadSchema, "data.scheduled_for: must lie in the years"},
		{"written in the year 10000 of UTC", `"time":"2026-12-01T05:00:00.021Z"`, `"time":"9999-12-31T23:59:59-23:59"`,
			schemas.Malformed, "time: must lie in the years"},
		{"more than a record", `"campaign":{`, `"campaign":{"x":"` + strings.Repeat("x", schemas.RecordMaxBytes) + `",`,
			schemas.TooLarge, "value: "},
		{"more than a record once numbers are written out", `"campaign":{`,
			`"campaign":{"x":[0` + strings.Repeat(",1e20", schemas.RecordMaxBytes/8) + `],`, schemas.TooLarge, "value in "},
		{"a window that is no object", `"campaign":{`, `"window":[],"campaign":{`, schemas.BadSchema, "data.window: "},
		{"a window without its start", `"campaign":{`, `"window":{"ends_at":"2026-12-08T05:00:00Z","tzdb":"2026c"},"campaign":{`,
			schemas.BadSchema, "data.window.starts_at: "},
		{"a window without its end", `"campaign":{`, `"window":{"starts_at":"2026-12-08T05:00:00Z","tzdb":"2026c"},"campaign":{`,
			schemas.BadSchema, "data.window.ends_at: "},
		{"a window of no database", `"campaign":{`,
			`"window":{"starts_at":"2026-12-01T05:00:00Z","ends_at":"2026-12-08T05:00:00Z"},"campaign":{`,
			schemas.BadSchema, "data.window.tzdb: "},
		{"a window that ends in the year 10000 of UTC", `"campaign":{`, `"window":{"ends_at":"9999-12-31T23:59:59-23:59"},"campaign":{`,
			schemas.BadSchema, "data.window.ends_at: must lie in the years"},
		{"a campaign that is no object", `"campaign":{`, `"campaign":[],"x":{`, schemas.BadSchema, "data.campaign: "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(string(whole), c.old) {
				t.Fatalf("the event has no %s", c.old)
			}
			event, refusal := DecodeDue([]byte(strings.Replace(string(whole), c.old, c.new, 1)))
			if refusal == nil {
				t.Fatalf("it was accepted: %+v", event)
			}
			if refusal.Reason != c.reason || !strings.HasPrefix(refusal.Detail, c.detail) {
				t.Errorf("got %s (%s), want %s (%s...)", refusal.Reason, refusal.Detail, c.reason, c.detail)
			}
		})
	}
}

func TestEncodeDueNamesWhatCannotBeWritten(t *testing.T) {
	notUTF8, tooLate := sampleDue(t, false), sampleDue(t, false)
	notUTF8.Data.ChangeReason = "\xff"
	tooLate.Data.ScheduledFor = schemas.InstantMax + 1
	for name, event := range map[string]*schemas.Event[schemas.Due]{"text": notUTF8, "instant": tooLate} {
		if encoded, err := EncodeDue(event); err == nil || encoded != nil {
			t.Errorf("%s: got %s, %v", name, encoded, err)
		}
	}
}
