package processors_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// rezoneOf writes a rezone of revision 1 as timers does.
func rezoneOf(id, version, decided, more string) string {
	due := dueOf(id, 1, schemas.Rezone, decided, more)
	return strings.Replace(due, `/rezone"`, `/rezone-`+version+`"`, 1)
}

func rezonedTo(starts, ends, locals string) string {
	return fmt.Sprintf(`,"window":{"starts_at":%q,"ends_at":%q%s,"tzdb":"2027a"}`, starts, ends, locals)
}

// TestLifecyclePutsRezonesInForce: a window goes into the definition in force, a whole definition stands in its place, and what
// has no such definition, or cannot have that window, is answered all the same.
func TestLifecyclePutsRezonesInForce(t *testing.T) {
	const morning, noon, evening, end = "2026-12-01T08:00:00Z", "2026-12-01T12:00:00Z", "2026-12-01T18:00:00Z", "2026-12-09T18:00:00Z"
	const ends = `,"ends_at_local":"2026-12-09T19:00:00"`
	cases := []struct{ value, want string }{
		{rezoneOf("c-1", "2027a", morning, rezonedTo(noon, end, "")), "rejected superseded"}, // before its schedule
		{dueOf("c-1", 1, schemas.Schedule, morning, windowed("c-1", "2026-12-01T10:00:00Z", end)),
			"applied 2026-12-01T10:00:00.000Z..2026-12-09T18:00:00.000Z a-1"},
		{rezoneOf("c-1", "2027a", morning, rezonedTo(noon, end, ends)),
			"applied 2026-12-01T12:00:00.000Z..2026-12-09T18:00:00.000Z 2026-12-09T19:00:00 2027a a-1"},
		{rezoneOf("c-1", "2027b", morning, windowed("c-1", morning, end)), // as another writer may
			"applied 2026-12-01T08:00:00.000Z..2026-12-09T18:00:00.000Z a-1"},
		{rezoneOf("c-1", "2027c", morning, ""), "refused data.campaign: must be a placed definition"},
		{rezoneOf("c-1", "2027d", morning, rezonedTo(end, end, "")), "refused data.window.ends_at: must be after starts_at"},
		{dueOf("c-1", 1, schemas.Start, noon, ""), "applied 2026-12-01T08:00:00.000Z..2026-12-09T18:00:00.000Z a-1"},
		{rezoneOf("c-1", "2027e", noon, rezonedTo(noon, evening, `,"starts_at_local":"2026-12-01T13:00:00"`+ends)), // its start is fixed
			"applied 2026-12-01T08:00:00.000Z..2026-12-01T18:00:00.000Z 2026-12-09T19:00:00 2027a a-1"},
		{rezoneOf("c-1", "2027f", noon, rezonedTo(noon, evening, `,"starts_at_local":"2026-12-01T13:00:00"`)), // nothing is left to resolve
			"applied 2026-12-01T08:00:00.000Z..2026-12-01T18:00:00.000Z a-1"},
		{dueOf("c-1", 1, schemas.End, evening, ""), "applied 2026-12-01T08:00:00.000Z..2026-12-01T18:00:00.000Z a-1"},
		{rezoneOf("c-1", "2027g", evening, rezonedTo(noon, end, ends)), "rejected completed"},
		{dueOf("c-1", 1, schemas.Settle, evening, ""), "applied 2026-12-01T08:00:00.000Z..2026-12-01T18:00:00.000Z a-1"},
		{rezoneOf("c-1", "2027h", evening, rezonedTo(noon, end, ends)), "rejected completed"}, // by a row that has shrunk
	}
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))})
	d.begin(topics.Lifecycle)
	d.ready()
	for _, c := range cases {
		d.publish([]topics.Record{{Topic: string(topics.TransitionsDue), Key: []byte("c-1"), Value: []byte(c.value)}})
		d.settle()
		heard := slices.DeleteFunc(d.outputs(), func(r topics.Record) bool { return r.Topic == string(topics.TransitionsDue) })
		if len(heard) != 1 {
			t.Fatalf("%d answers to %s", len(heard), c.value)
		}
		if got := toldAnswer(t, heard[0]); got != c.want {
			t.Errorf("%s\ngives %s\nwant  %s", c.value, got, c.want)
		}
	}
}

// toldAnswer renders what became of a due: of an applied one the window in force.
func toldAnswer(t *testing.T, record topics.Record) string {
	t.Helper()
	switch topics.Name(record.Topic) {
	case topics.DeadLetters:
		return "refused " + refusedOf(t, record).Detail
	case topics.TransitionsRejected:
		decoded, err := topics.RejectedCodec{}.Decode(record.Value)
		event, is := decoded.(*schemas.Event[schemas.Rejected])
		if err != nil || !is {
			t.Fatalf("%s cannot be read", record.Value)
		}
		return "rejected " + string(event.Data.Reason)
	}
	event, refusal := topics.DecodeApplied(record.Value)
	if refusal != nil {
		t.Fatalf("%s: %+v", record.Value, refusal)
	}
	placed, err := topics.DecodePlaced(event.Data.Campaign)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(fmt.Sprintf("applied %s..%s %s %s %s %s", placed.StartsAt, placed.EndsAt,
		placed.StartsAtLocal, placed.EndsAtLocal, placed.TZDB, placed.AdvertiserID)), " ")
}
