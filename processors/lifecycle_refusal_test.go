package processors_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	yearTenThousand = "9999-12-31T23:59:59-23:59"
	beforeYearZero  = "0000-01-01T00:00:00+00:01"
)

// dueOf writes a due transition as somebody else than the engine might.
func dueOf(id string, revision int, transition schemas.Transition, decided, more string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"e","source":"s","type":"transition.due","data":{`+
		`"transition_id":"%[1]s/%[2]d/%[3]s","campaign_id":%[1]q,"revision":%[2]d,"transition":%[3]q,`+
		`"scheduled_for":"2026-12-01T05:00:00Z","decided_at":%[4]q,"lateness_ms":0%[5]s}}`,
		id, revision, transition, decided, more)
}

// windowed is the part of a due that carries a definition.
func windowed(id, starts, ends string) string {
	return fmt.Sprintf(`,"campaign":{"campaign_id":%q,"revision":1,"advertiser_id":"a-1","starts_at":%q,"ends_at":%q,`+
		`"time_zone":"UTC","budget":{"amount":"1.00","currency":"USD"}}`, id, starts, ends)
}

// TestLifecycleRefusesWhatItCannotAnswer writes dues of which no answer can be written: each must become a dead letter, and
// the partition must go on to the good one behind it.
func TestLifecycleRefusesWhatItCannotAnswer(t *testing.T) {
	const noon = "2026-12-01T12:00:00Z"
	cases := []struct {
		name, value string
		reason      schemas.Reason
	}{
		{"decided too late to write", dueOf("c-1", 2, schemas.Pause, yearTenThousand, ""), schemas.BadSchema},
		{"decided too early to write", dueOf("c-1", 2, schemas.Pause, beforeYearZero, ""), schemas.BadSchema},
		{"a window that ends too late to write", dueOf("c-1", 2, schemas.Reschedule, noon,
			windowed("c-1", "2026-12-02T10:00:00Z", yearTenThousand)), schemas.BadSchema},
		{"a window that starts too early to write", dueOf("c-1", 2, schemas.Reschedule, noon,
			windowed("c-1", beforeYearZero, "2026-12-09T18:00:00Z")), schemas.BadSchema},
		{"too large to answer", dueOf("c-1", 2, schemas.Pause, noon,
			`,"x":"`+strings.Repeat("x", 3<<20)+`"`), schemas.TooLarge},
		{"too large to answer once its numbers are written out", dueOf("c-1", 2, schemas.Reschedule, noon,
			`,"campaign":{"x":[0`+strings.Repeat(",1e20", 200_000)+`]}`), schemas.TooLarge},
	}
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))})
	d.begin(topics.Lifecycle)
	d.ready()
	put := func(value string) {
		d.publish([]topics.Record{{Topic: string(topics.TransitionsDue), Key: []byte("c-1"), Value: []byte(value)}})
	}
	// It has started, so a reschedule is rendered anew.
	put(dueOf("c-1", 1, schemas.Schedule, noon, windowed("c-1", "2026-12-01T10:00:00Z", "2026-12-09T18:00:00Z")))
	put(dueOf("c-1", 1, schemas.Start, noon, ""))
	for _, c := range cases {
		put(c.value)
	}
	put(dueOf("c-1", 3, schemas.Pause, noon, ""))
	d.settle()
	heard := byTopic(d.outputs())
	if got := len(heard[topics.TransitionsApplied]); got != 3 {
		t.Errorf("%d transitions were applied, want the schedule, the start, and the pause behind what is refused", got)
	}
	letters := heard[topics.DeadLetters]
	if len(letters) != len(cases) {
		t.Fatalf("%d dead letters of %d records", len(letters), len(cases))
	}
	for i, c := range cases {
		if got := refusedOf(t, letters[i]); got.Reason != c.reason {
			t.Errorf("%s: refused as %s (%s), want %s", c.name, got.Reason, got.Detail, c.reason)
		}
	}
}

// TestLifecyclesDeadLettersHoldTheRecord: whoever mends the producer needs what it wrote, whichever check refused it.
func TestLifecyclesDeadLettersHoldTheRecord(t *testing.T) {
	const noon = "2026-12-01T12:00:00Z"
	cases := []struct {
		name, value string
		reason      schemas.Reason
	}{
		{"no due at all", "nonsense", schemas.Malformed},
		{"another campaign's", dueOf("c-2", 1, schemas.Start, noon, ""), schemas.KeyMismatch},
		{"without its definition", dueOf("c-1", 1, schemas.Schedule, noon, ""), schemas.BadSchema},
		{"more than a dead letter holds", dueOf("c-1", 1, schemas.Schedule, noon,
			`,"x":"`+strings.Repeat("x", schemas.RefusedValueMaxBytes)+`"`), schemas.BadSchema},
	}
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))})
	d.begin(topics.Lifecycle)
	d.ready()
	for _, c := range cases {
		d.publish([]topics.Record{{Topic: string(topics.TransitionsDue), Key: []byte("c-1"), Value: []byte(c.value)}})
	}
	d.settle()
	letters := byTopic(d.outputs())[topics.DeadLetters]
	if len(letters) != len(cases) {
		t.Fatalf("%d dead letters of %d records", len(letters), len(cases))
	}
	for i, c := range cases {
		got := refusedOf(t, letters[i])
		digest := sha256.Sum256([]byte(c.value))
		kept := base64.StdEncoding.EncodeToString([]byte(c.value[:min(len(c.value), schemas.RefusedValueMaxBytes)]))
		if got.Reason != c.reason || got.ValueBytes != int64(len(c.value)) || got.ValueBase64 != kept ||
			got.ValueSHA256 != hex.EncodeToString(digest[:]) {
			t.Errorf("%s: %s of %d bytes, %.40s..., want %s of %d bytes, %.40s...", c.name, got.Reason, got.ValueBytes,
				got.ValueBase64, c.reason, len(c.value), kept)
		}
	}
}

func byTopic(records []topics.Record) map[topics.Name][]topics.Record {
	all := make(map[topics.Name][]topics.Record)
	for _, record := range records {
		all[topics.Name(record.Topic)] = append(all[topics.Name(record.Topic)], record)
	}
	return all
}

func refusedOf(t *testing.T, record topics.Record) schemas.Refused {
	t.Helper()
	var event schemas.Event[schemas.Refused]
	if err := json.Unmarshal(record.Value, &event); err != nil {
		t.Fatal(err)
	}
	return event.Data
}
