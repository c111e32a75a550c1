package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The tests' campaign: defined at second 100 with the window [110 s, 130 s), paused at 115 s, resumed at 118 s, its end moved to
// 140 s at 120 s, settled a grace of 1 s after its end. The lead is 5 s.
const (
	second  = int64(1000)
	leadMs  = 5 * second
	graceMs = 1 * second
)

var testNames = Names{"campaign-events", "transitions-due", "transitions-applied", "transitions-rejected", "dead-letters"}

// world is a run in which all is right, until a test breaks something in it.
type world struct {
	logs   Logs
	tables Tables
	calm   bool
	until  int64
}

func at(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

func text(t *testing.T, value any) []byte {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

type fields map[string]any

func (w *world) input(t *testing.T, ms int64, kind string, data fields) *Record {
	t.Helper()
	id, _ := data["campaign_id"].(string)
	w.logs.Events = append(w.logs.Events, Record{
		Offset: int64(len(w.logs.Events)), Timestamp: ms, Key: id, Headers: map[string]string{},
		Value: text(t, fields{"specversion": "1.0", "id": "e", "type": kind, "subject": id, "data": data}),
	})
	return &w.logs.Events[len(w.logs.Events)-1]
}

func definitionOf(id string, revision, starts, ends int64) fields {
	return fields{
		"campaign_id": id, "revision": revision, "advertiser_id": "a-1", "name": fmt.Sprintf("as of %d", revision),
		"starts_at": at(starts), "ends_at": at(ends), "time_zone": "UTC", "budget": fields{"amount": "1.00", "currency": "USD"},
	}
}

func changeOf(id string, revision int64) fields {
	return fields{"campaign_id": id, "revision": revision, "reason": "why"}
}

func transitionRecord(t *testing.T, log []Record, kind string, id string, data fields) Record {
	t.Helper()
	name, _ := data["transition_id"].(string)
	if _, step, _ := strings.Cut(kind, "."); step != "due" {
		name += "/" + step
	}
	return Record{
		Offset: int64(len(log)), Timestamp: ms(t, data["decided_at"]) + 5, Key: id,
		Value: text(t, fields{"id": name, "type": kind, "subject": id, "data": data}),
	}
}

func ms(t *testing.T, instantText any) int64 {
	t.Helper()
	told, _ := instantText.(string)
	at, err := instant(told)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// due is a transition that was due; what became of it is in force of the window shown.
type due struct {
	revision        int64
	kind            string
	scheduled       int64
	decided, late   int64
	from, to        string
	first           bool
	shownAs, starts int64
	ends            int64
}

// right is the run of the tests' campaign.
func right(t *testing.T) *world {
	t.Helper()
	w := &world{until: 200 * second, calm: true}
	w.input(t, 100*second, "campaign.created", definitionOf("c", 1, 110*second, 130*second))
	w.input(t, 101*second, "campaign.created", definitionOf("c", 1, 110*second, 130*second)) // a duplicate
	w.input(t, 115*second, "campaign.paused", changeOf("c", 2))
	w.input(t, 118*second, "campaign.resumed", changeOf("c", 3))
	w.input(t, 118*second, "campaign.paused", changeOf("c", 2))                              // stale
	w.input(t, 119*second, "campaign.cancelled", changeOf("c", 3))                           // a duplicate, whatever its type
	w.input(t, 119*second, "campaign.updated", definitionOf("c", 3, 110*second, 150*second)) // a conflict
	w.input(t, 120*second, "campaign.updated", definitionOf("c", 4, 105*second, 140*second))
	w.input(t, 121*second, "campaign.paused", changeOf("never", 1)) // unknown
	planted := w.input(t, 122*second, "campaign.exploded", changeOf("c", 5))
	planted.Headers[RefusedHeader] = "unknown-type"

	for _, d := range []due{
		{1, "schedule", 100*second + 3, 100*second + 3, 0, "", scheduled, false, 1, 110, 130},
		{1, "distribute", 105 * second, 105*second + 7, 7, scheduled, scheduled, false, 1, 110, 130},
		{1, "start", 110 * second, 110 * second, 0, scheduled, active, true, 1, 110, 130},
		{2, "pause", 115*second + 2, 115*second + 2, 0, active, paused, false, 1, 110, 130},
		{3, "resume", 118*second + 1, 118*second + 1, 0, paused, active, false, 1, 110, 130},
		{4, "reschedule", 120*second + 1, 120*second + 1, 0, active, active, false, 4, 110, 140},
		{4, "distribute", 100 * second, 120*second + 1, 0, active, active, false, 4, 110, 140},
		{4, "start", 105 * second, 120*second + 1, 0, active, "", false, 4, 110, 140}, // rejected: already active
		{4, "end", 140 * second, 140*second + 4, 4, active, completed, false, 4, 110, 140},
		{4, "settle", 141 * second, 141*second + 1, 1, completed, completed, false, 4, 110, 140},
	} {
		w.add(t, d)
	}
	w.refuse(t, 6, "revision-conflict")
	w.refuse(t, 8, "unknown-campaign")
	w.refuse(t, 9, "unknown-type")
	w.tables = Tables{
		Timers: []TimerRow{
			{Campaign: "c", Revision: 1, DecidedAt: 100*second + 3, StartsAt: 110 * second, EndsAt: 130 * second, GraceMs: graceMs,
				Alarms: map[string]int64{distribute: 105 * second, start: 110 * second, endOf: 130 * second, settle: 131 * second}},
			{Campaign: "c", Revision: 4, DecidedAt: 141*second + 1, Closed: endOf, Settled: true, Alarms: map[string]int64{}},
		},
		Status: []StatusRow{
			{Campaign: "c", Status: scheduled, Revision: 1, Sequence: 1, StartsAt: 110 * second, EndsAt: 130 * second, Position: 1,
				DecidedAt: 100*second + 3},
			{Campaign: "c", Status: completed, Revision: 4, Sequence: 9, WasActive: true, Settled: true, StartsAt: 110 * second,
				EndsAt: 140 * second, Position: 10, DecidedAt: 141*second + 1},
		},
	}
	return w
}

// add writes a due transition and what became of it.
func (w *world) add(t *testing.T, d due) {
	t.Helper()
	id := fmt.Sprintf("c/%d/%s", d.revision, d.kind)
	data := func() fields {
		told := fields{
			"transition_id": id, "campaign_id": "c", "revision": d.revision, "transition": d.kind,
			"scheduled_for": at(d.scheduled), "decided_at": at(d.decided), "lateness_ms": d.late,
		}
		if slices.Contains([]string{"pause", "resume"}, d.kind) {
			told["change_reason"] = "why"
		}
		return told
	}
	campaign := fields{
		"revision": d.shownAs, "name": fmt.Sprintf("as of %d", d.shownAs), "starts_at": at(d.starts * second),
		"ends_at": at(d.ends * second),
	}
	told := data()
	switch d.kind {
	case "schedule":
		told["campaign"] = campaign
	case "reschedule": // what was asked for; in force stays the start
		told["campaign"] = fields{
			"revision": d.shownAs, "name": fmt.Sprintf("as of %d", d.shownAs), "starts_at": at(105 * second),
			"ends_at": at(d.ends * second),
		}
	}
	w.logs.Due = append(w.logs.Due, transitionRecord(t, w.logs.Due, "transition.due", "c", told))
	told = data()
	if d.to == "" {
		told["status"], told["reason"] = d.from, "already-active"
		w.logs.Rejected = append(w.logs.Rejected, transitionRecord(t, w.logs.Rejected, "transition.rejected", "c", told))
		return
	}
	told["from"], told["to"], told["applied_at"], told["sequence"] = d.from, d.to, at(d.decided), len(w.logs.Applied)+1
	told["first_active"], told["campaign"] = d.first, campaign
	w.logs.Applied = append(w.logs.Applied, transitionRecord(t, w.logs.Applied, "transition.applied", "c", told))
}

func (w *world) refuse(t *testing.T, offset int64, reason string) {
	t.Helper()
	input := &w.logs.Events[offset]
	id := fmt.Sprintf("campaign-events/0/%d", offset)
	w.logs.DeadLetters = append(w.logs.DeadLetters, Record{
		Offset: int64(len(w.logs.DeadLetters)), Key: input.Key,
		Value: text(t, fields{"id": id, "type": "record.refused", "data": fields{
			"reason": reason, "topic": "campaign-events", "partition": 0, "offset": offset,
			"value_bytes": len(input.Value), "value_sha256": digest(input.Value),
		}}),
	})
}

func (w *world) judge() Verdict {
	settings := Settings{LeadMs: leadMs, GraceMs: graceMs, Partitions: 1, Until: w.until, Calm: func(int64) bool { return w.calm }}
	return Judge(w.logs, w.tables, testNames, settings)
}

// edit changes the data of a record.
func edit(t *testing.T, r *Record, change func(fields)) {
	t.Helper()
	var event fields
	if err := json.Unmarshal(r.Value, &event); err != nil {
		t.Fatal(err)
	}
	data, _ := event["data"].(map[string]any)
	before, _ := data["transition_id"].(string)
	change(data)
	if id, is := event["id"].(string); is && before != "" { // the event is named after its transition
		after, _ := data["transition_id"].(string)
		event["id"] = after + strings.TrimPrefix(id, before)
	}
	r.Value = text(t, event)
}

func TestNothingIsFoundWhereAllIsRight(t *testing.T) {
	v := right(t).judge()
	for _, f := range v.Findings {
		t.Error(f)
	}
	want := InputCounts{Read: 10, Accepted: 4, Duplicates: 2, Stale: 1, Refused: 3}
	if v.Inputs != want || v.Due != 10 || v.Applied != 9 || v.Rejected != 1 || v.Pending != 0 || len(v.Timed) != 6 {
		t.Errorf("counted %+v", v)
	}
}

// The offsets of the right run's transitions.
const (
	scheduleAt, distributeAt, startAt, pauseAt, resumeAt, rescheduleAt = 0, 1, 2, 3, 4, 5
	endAt, settleAt                                                    = 8, 9
)

func cut(log []Record, at int) []Record { return slices.Delete(slices.Clone(log), at, at+1) }

func TestEachFaultIsFound(t *testing.T) {
	cases := []struct {
		name      string
		plant     func(*testing.T, *world)
		kind      Kind
		invariant string
		id        string
	}{
		{"a timed transition is never due", func(_ *testing.T, w *world) {
			w.logs.Due = cut(w.logs.Due, settleAt)
		}, Lost, "I1", "c/4/settle"},
		{"an operator's change is never due", func(_ *testing.T, w *world) {
			w.logs.Due = cut(w.logs.Due, pauseAt)
		}, Lost, "I1", "c/2/pause"},
		{"a due transition is not answered", func(_ *testing.T, w *world) {
			w.logs.Applied = cut(w.logs.Applied, 7)
		}, Lost, "I1", "c/4/end"},
		{"a rejection is missing", func(_ *testing.T, w *world) { w.logs.Rejected = nil }, Lost, "I1", "c/4/start"},
		{"a transition is due twice", func(_ *testing.T, w *world) {
			w.logs.Due = append(w.logs.Due, w.logs.Due[startAt])
		}, Doubled, "I2", "c/1/start"},
		{"a transition is applied twice", func(_ *testing.T, w *world) {
			w.logs.Applied = append(w.logs.Applied, w.logs.Applied[2])
		}, Doubled, "I2", "c/1/start"},
		{"a transition is applied and rejected", func(_ *testing.T, w *world) {
			w.logs.Rejected = append(w.logs.Rejected, w.logs.Rejected[0])
			edit(t, &w.logs.Rejected[1], func(d fields) { d["transition_id"], d["revision"] = "c/1/start", 1 })
		}, Doubled, "I2", "c/1/start"},
		{"a timer is decided early", func(t *testing.T, w *world) {
			edit(t, &w.logs.Due[endAt], func(d fields) { d["decided_at"] = at(140*second - 1) })
		}, Early, "I3", "c/4/end"},
		{"a timer is written early", func(_ *testing.T, w *world) {
			w.logs.Due[endAt].Timestamp = 140*second - 1
		}, Early, "I3", "c/4/end"},
		{"a change is decided before it was written", func(_ *testing.T, w *world) {
			w.logs.Events[2].Timestamp = 115*second + 3
		}, Early, "I3", "c/2/pause"},
		{"a lateness is wrong", func(t *testing.T, w *world) {
			edit(t, &w.logs.Due[endAt], func(d fields) { d["lateness_ms"] = 0 })
		}, Wrong, "I3", "c/4/end"},
		{"what an older revision set comes after the newer", func(t *testing.T, w *world) {
			edit(t, &w.logs.Due[endAt], func(d fields) { d["transition_id"], d["revision"] = "c/1/end", 1 })
		}, Wrong, "I5", "c/1/end"},
		{"a timer fires for the instant of an older revision", func(t *testing.T, w *world) {
			edit(t, &w.logs.Due[endAt], func(d fields) { d["scheduled_for"] = at(130 * second) })
		}, Wrong, "I5", "c/4/end"},
		{"a timer fires that was never set", func(t *testing.T, w *world) {
			w.logs.Due = slices.Insert(w.logs.Due, resumeAt, w.logs.Due[distributeAt])
			edit(t, &w.logs.Due[resumeAt], func(d fields) {
				d["transition_id"], d["revision"], d["decided_at"] = "c/2/distribute", 2, at(115*second+2)
			})
		}, Wrong, "I5", "c/2/distribute"},
		{"timers come in the wrong order", func(_ *testing.T, w *world) {
			w.logs.Due[endAt], w.logs.Due[settleAt] = w.logs.Due[settleAt], w.logs.Due[endAt]
		}, Wrong, "I5", "c/4/settle"},
		{"changes come in the wrong order", func(_ *testing.T, w *world) {
			w.logs.Due[pauseAt], w.logs.Due[resumeAt] = w.logs.Due[resumeAt], w.logs.Due[pauseAt]
		}, Wrong, "I5", "c/3/resume"},
		{"a change overtakes a due timer though nothing is broken", func(_ *testing.T, w *world) {
			w.logs.Due[startAt], w.logs.Due[pauseAt] = w.logs.Due[pauseAt], w.logs.Due[startAt]
		}, Wrong, "I5", "c/2/pause"},
		{"a change carries another definition", func(t *testing.T, w *world) {
			edit(t, &w.logs.Due[rescheduleAt], func(d fields) { d["campaign"] = fields{"starts_at": at(1), "ends_at": at(2)} })
		}, Wrong, "I6", "c/4/reschedule"},
		{"an address goes out", func(t *testing.T, w *world) {
			edit(t, &w.logs.Due[scheduleAt], func(d fields) {
				d["campaign"] = fields{"starts_at": at(1), "ends_at": at(2), "contacts": []string{"me"}}
			})
		}, Wrong, "I6", "c"},
		{"a campaign is due in two partitions", func(_ *testing.T, w *world) {
			w.logs.Due[endAt].Partition = 1
		}, Wrong, "I5", "c/4/end"},
		{"an owner that is gone writes what is older", func(t *testing.T, w *world) {
			edit(t, &w.logs.Due[settleAt], func(d fields) { d["decided_at"] = at(140*second + 3) })
		}, Wrong, "I9", "c/4/settle"},
		{"something is due without an input", func(_ *testing.T, w *world) {
			w.logs.Events = w.logs.Events[:2]
		}, Wrong, "I6", "c/2/pause"},
		{"a sequence has a gap", func(t *testing.T, w *world) {
			edit(t, &w.logs.Applied[8], func(d fields) { d["sequence"] = 10 })
		}, Wrong, "I9", "c/4/settle"},
		{"a status is wrong", func(t *testing.T, w *world) {
			edit(t, &w.logs.Applied[4], func(d fields) { d["to"] = scheduled })
		}, Wrong, "I7", "c/3/resume"},
		{"the first activation is not told", func(t *testing.T, w *world) {
			edit(t, &w.logs.Applied[2], func(d fields) { d["first_active"] = false })
		}, Wrong, "I7", "c/1/start"},
		{"a rejection has another reason", func(t *testing.T, w *world) {
			edit(t, &w.logs.Rejected[0], func(d fields) { d["reason"] = "paused" })
		}, Wrong, "I7", "c/4/start"},
		{"a start moves though it has been", func(t *testing.T, w *world) {
			edit(t, &w.logs.Applied[5], func(d fields) {
				campaign, _ := d["campaign"].(map[string]any)
				campaign["starts_at"] = at(105 * second)
			})
		}, Wrong, "I7", "c/4/reschedule"},
		{"something is applied that was never due", func(t *testing.T, w *world) {
			w.logs.Applied = append(w.logs.Applied, w.logs.Applied[8])
			edit(t, &w.logs.Applied[9], func(d fields) { d["transition_id"], d["revision"], d["sequence"] = "c/9/settle", 9, 10 })
		}, Wrong, "I6", "c/9/settle"},
		{"a dead letter is missing", func(_ *testing.T, w *world) {
			w.logs.DeadLetters = w.logs.DeadLetters[1:]
		}, Lost, "I6", "campaign-events/0/6"},
		{"a dead letter comes twice", func(_ *testing.T, w *world) {
			w.logs.DeadLetters = append(w.logs.DeadLetters, w.logs.DeadLetters[0])
		}, Doubled, "I6", "campaign-events/0/6"},
		{"a good input is refused", func(t *testing.T, w *world) { w.refuse(t, 0, "schema") }, Wrong, "I6", "campaign-events/0/0"},
		{"an input is refused for another reason", func(t *testing.T, w *world) {
			edit(t, &w.logs.DeadLetters[2], func(d fields) { d["reason"] = "schema" })
		}, Wrong, "I6", "campaign-events/0/9"},
		{"a dead letter is about another value", func(_ *testing.T, w *world) {
			w.logs.Events[6].Value = append(w.logs.Events[6].Value, ' ')
		}, Wrong, "I6", "campaign-events/0/6"},
		{"a dead letter has another key", func(_ *testing.T, w *world) {
			w.logs.DeadLetters[0].Key = "z"
		}, Wrong, "I6", "campaign-events/0/6"},
		{"an event's id is made up anew", func(_ *testing.T, w *world) {
			w.logs.Applied[2].Value = bytes.Replace(w.logs.Applied[2].Value, []byte("start/applied"), []byte("start/again"), 1)
		}, Wrong, "I6", "c"},
		{"what was applied is not where its campaign belongs", func(_ *testing.T, w *world) {
			w.logs.Applied[2].Partition = 1
		}, Wrong, "I5", "c"},
		{"all of a campaign is where its input was put", func(_ *testing.T, w *world) {
			for _, log := range [][]Record{w.logs.Due, w.logs.Applied, w.logs.Rejected} {
				for i := range log {
					log[i].Partition = 1
				}
			}
		}, Wrong, "I5", "c"},
		{"a timer row is in another partition", func(_ *testing.T, w *world) { w.tables.Timers[1].Partition = 1 }, Wrong, "I5", "c"},
		{"a status row is in another partition", func(_ *testing.T, w *world) { w.tables.Status[1].Partition = 1 }, Wrong, "I5", "c"},
		{"a row's revision falls", func(_ *testing.T, w *world) {
			w.tables.Timers = append(w.tables.Timers, w.tables.Timers[0], w.tables.Timers[1])
		}, Wrong, "I4", "c"},
		{"a status row's sequence falls", func(_ *testing.T, w *world) {
			w.tables.Status = append(w.tables.Status, w.tables.Status[0], w.tables.Status[1])
		}, Wrong, "I4", "c"},
		{"a timer row is not the fold", func(_ *testing.T, w *world) { w.tables.Timers[1].Settled = false }, Wrong, "I7", "c"},
		{"a status row is not the fold", func(_ *testing.T, w *world) { w.tables.Status[1].Sequence = 10 }, Wrong, "I7", "c"},
		{"a timer row is missing", func(_ *testing.T, w *world) { w.tables.Timers = w.tables.Timers[:0] }, Lost, "I7", "c"},
		{"a status row is missing", func(_ *testing.T, w *world) { w.tables.Status = w.tables.Status[:0] }, Lost, "I7", "c"},
		{"a row has no input", func(_ *testing.T, w *world) {
			w.tables.Timers = append(w.tables.Timers, TimerRow{Campaign: "z"})
		}, Wrong, "I7", "z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := right(t)
			c.plant(t, w)
			v := w.judge()
			if !slices.ContainsFunc(v.Findings, func(f Finding) bool {
				return f.Kind == c.kind && f.Invariant == c.invariant && f.ID == c.id
			}) {
				t.Errorf("found %v, want %s %s %s among it", v.Findings, c.kind, c.invariant, c.id)
			}
		})
	}
}

// TestAChangeMayOvertakeATimerAfterATakeover: what the contract allows while something is broken is counted, no finding.
func TestAChangeMayOvertakeATimerAfterATakeover(t *testing.T) {
	w := &world{until: 109 * second}
	w.input(t, 100*second, "campaign.created", definitionOf("c", 1, 110*second, 130*second))
	w.input(t, 106*second, "campaign.paused", changeOf("c", 2))
	w.add(t, due{1, "schedule", 100 * second, 100 * second, 0, "", scheduled, false, 1, 110, 130})
	w.add(t, due{2, "pause", 106 * second, 106 * second, 0, scheduled, paused, false, 1, 110, 130})
	w.add(t, due{2, "distribute", 105 * second, 106 * second, 1000, paused, paused, false, 1, 110, 130})
	if v := w.judge(); len(v.Findings) > 0 || v.Overtaken != 1 || v.Pending != 3 {
		t.Errorf("found %v, %d overtaken, %d pending", v.Findings, v.Overtaken, v.Pending)
	}
	w.calm = true
	if v := w.judge(); v.Findings.Count(Wrong) != 1 {
		t.Errorf("found %v where nothing was broken, want that the distribute was overtaken", v.Findings)
	}
}

func TestBinaryModeAndWallClockTimes(t *testing.T) {
	w := &world{}
	definition := definitionOf("c", 1, 0, 0)
	delete(definition, "starts_at")
	delete(definition, "ends_at")
	definition["time_zone"], definition["starts_at_local"], definition["ends_at_local"] =
		"America/New_York", "2026-12-01T00:00:00", "2026-12-01T00:00:00.500"
	w.logs.Events = []Record{{Key: "c", Value: text(t, definition), Headers: map[string]string{
		"ce_specversion": "1.0", "ce_type": "campaign.created",
	}}}
	c, err := readChange(&w.logs.Events[0])
	if err != nil || at(c.Definition.StartsAt) != "2026-12-01T05:00:00.000Z" || c.Definition.EndsAt != c.Definition.StartsAt+500 {
		t.Errorf("read %+v, %v", c.Definition, err)
	}
}

// TestIndependence holds that the oracle shares nothing with what it judges.
func TestIndependence(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			if first, _, _ := strings.Cut(strings.Trim(spec.Path.Value, `"`), "/"); strings.Contains(first, ".") {
				t.Errorf("%s imports %s: the oracle imports the standard library alone", file, spec.Path.Value)
			}
		}
	}
}
