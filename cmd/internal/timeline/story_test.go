package timeline_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/money"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/topics"
)

// story writes the records about a campaign as the engine does.
type story struct {
	t        *testing.T
	id       string
	records  []topics.Record
	campaign json.RawMessage
	sequence int64
}

func instantOf(t *testing.T, text string) schemas.Instant {
	t.Helper()
	var at schemas.Instant
	if err := at.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return at
}

func (s *story) add(topic topics.Name, value []byte) {
	s.records = append(s.records, topics.Record{
		Topic: string(topic), Partition: 3, Offset: int64(len(s.records)), Key: []byte(s.id), Value: value,
		Timestamp: instantOf(s.t, "2026-11-23T08:00:00Z"),
	})
}

// publish adds an event of campaign-events.
func (s *story) publish(kind schemas.Type, revision int64, data string) {
	s.add(topics.CampaignEvents, fmt.Appendf(nil, `{"specversion":"1.0","id":"e-%d","source":"test","type":%q,"subject":%q,`+
		`"data":{"campaign_id":%q,"revision":%d%s}}`, revision, kind, s.id, s.id, revision, data))
}

// place sets the definition that transitions carry from now on.
func (s *story) place(p schemas.Placed) {
	p.CampaignID = s.id
	encoded, err := topics.EncodePlaced(p)
	if err != nil {
		s.t.Fatal(err)
	}
	s.campaign = encoded
}

func (s *story) due(transition schemas.Transition, revision int64, scheduled, decided string, reason string) schemas.Due {
	due := schemas.Due{
		TransitionID: fmt.Sprintf("%s/%d/%s", s.id, revision, transition), CampaignID: s.id, Revision: revision,
		Transition: transition, ScheduledFor: instantOf(s.t, scheduled), DecidedAt: instantOf(s.t, decided), ChangeReason: reason,
	}
	due.LatenessMs = int64(due.DecidedAt - due.ScheduledFor)
	if transition == schemas.Schedule || transition == schemas.Reschedule {
		due.Campaign = s.campaign
	}
	return s.addDue(due)
}

// rezone adds a move of the window.
func (s *story) rezone(revision int64, decided string, to *schemas.Rezoned) schemas.Due {
	at := instantOf(s.t, decided)
	return s.addDue(schemas.Due{
		TransitionID: fmt.Sprintf("%s/%d/rezone-%s", s.id, revision, to.TZDB), CampaignID: s.id, Revision: revision,
		Transition: schemas.Rezone, ScheduledFor: at, DecidedAt: at, Window: to,
	})
}

func (s *story) addDue(due schemas.Due) schemas.Due {
	event := schemas.NewEvent(due.TransitionID, schemas.TransitionDue, s.id, due.DecidedAt, due)
	value, err := topics.EncodeDue(&event)
	if err != nil {
		s.t.Fatal(err)
	}
	s.add(topics.TransitionsDue, value)
	return due
}

func (s *story) applied(due schemas.Due, from, to schemas.Status) {
	s.sequence++
	due.Campaign = s.campaign
	event := schemas.NewEvent(due.TransitionID+"/applied", schemas.TransitionApplied, s.id, due.DecidedAt,
		schemas.Applied{Due: due, From: from, To: to, AppliedAt: due.DecidedAt, Sequence: s.sequence})
	value, err := topics.EncodeApplied(&event)
	if err != nil {
		s.t.Fatal(err)
	}
	s.add(topics.TransitionsApplied, value)
}

func (s *story) rejected(due schemas.Due, status schemas.Status, reason schemas.RejectionReason) {
	event := schemas.NewEvent(due.TransitionID+"/rejected", schemas.TransitionRejected, s.id, due.DecidedAt,
		schemas.Rejected{Due: due, Status: status, Reason: reason})
	value, err := topics.EncodeRejected(&event)
	if err != nil {
		s.t.Fatal(err)
	}
	s.add(topics.TransitionsRejected, value)
}

func (s *story) refused(reason schemas.Reason, detail string, offset int64) {
	event := schemas.NewEvent("dead", schemas.RecordRefused, s.id, 0, schemas.Refused{
		Reason: reason, Detail: detail, Topic: string(topics.CampaignEvents), Partition: 3, Offset: offset,
		Timestamp: instantOf(s.t, "2026-11-23T08:00:00Z"),
	})
	value, err := topics.RefusedCodec{}.Encode(&event)
	if err != nil {
		s.t.Fatal(err)
	}
	s.add(topics.DeadLetters, value)
}

// row adds a row of the timer table with these timers armed.
func (s *story) row(revision int64, armed map[timer.Kind]string) {
	row := timer.Row{Revision: revision, EndsAt: instant.Max, DecidedAt: 1}
	if _, open := armed[timer.End]; !open {
		row.Result = timer.Completed
	}
	for kind, at := range armed {
		row.Timers[kind] = timer.Timer{Armed: true, At: instant.Instant(instantOf(s.t, at)), SetAt: 1}
	}
	s.add(topics.CampaignEngineTimersTable, row.AppendBinary(nil))
}

// counted adds the row of an account that has counted plays, at so many impressions each.
func (s *story) counted(plays int64, impressions string) {
	amount, err := money.ParseAmount("500.00", "USD")
	if err != nil {
		s.t.Fatal(err)
	}
	cpm, err := money.ParseRate("2.50")
	if err != nil {
		s.t.Fatal(err)
	}
	each, err := money.ParseExact(impressions)
	if err != nil {
		s.t.Fatal(err)
	}
	a := budget.Account{Known: true, AdvertiserID: "a-1", Budget: amount, Revision: 1, Sequence: 3, Status: budget.Active}
	a.Timeline.Terms = []budget.Terms{{StartsAt: 1, EndsAt: 2, CPM: cpm}}
	for range plays {
		a.Counted.Plays++
		a.Counted.Impressions = a.Counted.Impressions.Plus(each)
		a.Cost = a.Cost.Plus(money.Cost(each, cpm))
	}
	a.NotCounted[budget.Duplicate] = 7
	s.add(topics.CampaignEngineBudgetsTable, a.AppendBinary(nil))
}

// ready tells how ready the campaign is.
func (s *story) ready(number int, data schemas.Readiness) {
	data.CampaignID = s.id
	event := schemas.NewEvent(fmt.Sprintf("%s/readiness/%d", s.id, number), schemas.CampaignReadiness, s.id,
		instantOf(s.t, "2026-12-01T05:00:00.500Z"), data)
	value, err := topics.ReadinessCodec{}.Encode(&event)
	if err != nil {
		s.t.Fatal(err)
	}
	s.add(topics.CampaignReadiness, value)
}

func dollars(amount string) schemas.Money { return schemas.Money{Amount: amount, Currency: "USD"} }

// statement adds a statement of 0.09 spent of 500.00.
func (s *story) statement(data schemas.Statement) {
	kind := schemas.StatementFinal
	if data.Version > 1 {
		kind = schemas.StatementAdjusted
	}
	data.StatementID, data.CampaignID = fmt.Sprintf("%s/%d", s.id, data.Version), s.id
	data.LockedAt = instantOf(s.t, "2026-11-23T09:00:00.010Z")
	data.Budget, data.Spent, data.Released = dollars("500.00"), dollars("0.09"), dollars("499.91")
	event := schemas.NewEvent(data.StatementID, kind, s.id, data.LockedAt, data)
	value, err := topics.StatementCodec{}.Encode(&event)
	if err != nil {
		s.t.Fatal(err)
	}
	s.add(topics.CampaignStatements, value)
}

func (s *story) release() {
	id := schemas.ReleaseID(s.id)
	event := schemas.NewEvent(id, schemas.BudgetReleased, s.id, instantOf(s.t, "2026-11-23T09:00:00.010Z"), schemas.Released{
		ReleaseID: id, CampaignID: s.id, AdvertiserID: "a-1", Budget: dollars("500.00"), Spent: dollars("0.09"), Released: dollars("499.91"),
	})
	value, err := topics.ReleasedCodec{}.Encode(&event)
	if err != nil {
		s.t.Fatal(err)
	}
	s.add(topics.BudgetReleased, value)
}

func springSale(t *testing.T) schemas.Placed {
	return schemas.Placed{
		Revision: 1, AdvertiserID: "a-1", Name: "Spring sale", TimeZone: "America/New_York",
		StartsAt: instantOf(t, "2026-12-01T05:00:00Z"), StartsAtLocal: "2026-12-01T00:00:00",
		EndsAt: instantOf(t, "2026-12-08T05:00:00Z"), EndsAtLocal: "2026-12-08T00:00:00",
		Budget: schemas.Money{Amount: "500.00", Currency: "USD"}, CPM: "2.50",
	}
}

const definition = `,"advertiser_id":"a-1","time_zone":"America/New_York","budget":{"amount":"500.00","currency":"USD"},` +
	`"starts_at":"2026-12-01T05:00:00Z","ends_at":"2026-12-08T05:00:00Z"`

// aBusyOne has a bit of everything.
func aBusyOne(t *testing.T) *story {
	s := &story{t: t, id: "c-1"}
	s.publish(schemas.CampaignCreated, 1, definition)
	s.place(springSale(t))
	s.applied(s.due(schemas.Schedule, 1, "2026-11-23T08:00:00.010Z", "2026-11-23T08:00:00.010Z", ""), "", schemas.Scheduled)
	s.applied(s.due(schemas.Distribute, 1, "2026-11-30T05:00:00Z", "2026-11-30T05:00:00.004Z", ""), schemas.Scheduled, schemas.Scheduled)
	s.applied(s.due(schemas.Start, 1, "2026-12-01T05:00:00Z", "2026-12-01T05:00:00.021Z", ""), schemas.Scheduled, schemas.Active)
	s.publish(schemas.CampaignPaused, 2, `,"reason":"stock-out"`)
	s.applied(s.due(schemas.Pause, 2, "2026-12-02T09:30:00.123Z", "2026-12-02T09:30:00.123Z", "stock-out"), schemas.Active, schemas.Paused)
	s.publish(schemas.CampaignPaused, 3, "")
	s.rejected(s.due(schemas.Pause, 3, "2026-12-02T09:31:00.500Z", "2026-12-02T09:31:00.500Z", ""), schemas.Paused, schemas.RejectedAlreadyPaused)
	s.publish(schemas.CampaignPaused, 3, `,"reason":"other data"`)
	s.refused(schemas.RevisionConflict, "data.revision: was accepted before with other data", int64(len(s.records)-1))
	s.publish(schemas.CampaignPaused, 2, `,"reason":"stock-out"`) // stale
	s.publish(schemas.CampaignResumed, 4, "")
	s.due(schemas.Resume, 4, "2026-12-03T12:00:00.999Z", "2026-12-03T12:00:00.999Z", "")
	s.row(4, map[timer.Kind]string{timer.End: "2026-12-08T05:00:00Z", timer.Settle: "2026-12-08T06:00:00Z"})
	s.counted(250, "1.005")
	s.ready(1, schemas.Readiness{Revision: 1, DevicesTotal: 10, Unready: []schemas.UnreadyDevice{}, UnreadyTotal: 10})
	s.ready(2, schemas.Readiness{Revision: 1, DevicesTotal: 10, DevicesReady: 9, DevicesFailed: 1, UnreadyTotal: 1,
		Unready: []schemas.UnreadyDevice{{DeviceID: "d-7", StoreID: "s-1", Reason: "failed: disk-full"}},
		AtStart: &schemas.AtStart{DevicesReady: 8, DevicesTotal: 10}})
	s.publish(schemas.CampaignCancelled, 5, "")
	return s
}

func settled(t *testing.T) *story {
	s := &story{t: t, id: "c-1"}
	s.place(springSale(t))
	s.applied(s.due(schemas.Schedule, 1, "2026-11-23T08:00:00.010Z", "2026-11-23T08:00:00.010Z", ""), "", schemas.Scheduled)
	s.row(1, map[timer.Kind]string{timer.End: "2026-12-08T05:00:00Z", timer.Settle: "2026-12-08T05:00:00Z"})
	s.applied(s.due(schemas.Cancel, 2, "2026-11-23T09:00:00.010Z", "2026-11-23T09:00:00.010Z", "advertiser\x1b[2Jwithdrew"), schemas.Scheduled, schemas.Cancelled)
	s.applied(s.due(schemas.Settle, 2, "2026-11-23T09:00:00.010Z", "2026-11-23T09:00:00.010Z", ""), schemas.Cancelled, schemas.Cancelled)
	row := timer.Row{Revision: 2, Result: timer.Cancelled, Settled: true}
	s.add(topics.CampaignEngineTimersTable, row.AppendBinary(nil))
	s.counted(99, "12") // locked by now
	s.statement(schemas.Statement{Version: 1, Plays: 3, Impressions: "37.5", NotCounted: map[schemas.Verdict]int64{schemas.PlayDuplicate: 2}})
	s.release()
	s.statement(schemas.Statement{Version: 2, Plays: 4, Impressions: "50", Late: &schemas.Tally{Plays: 1, Impressions: "12.5"},
		AdjustedAt: new(instantOf(t, "2026-11-23T09:00:01Z")),
		NotCounted: map[schemas.Verdict]int64{schemas.PlayDuplicate: 2, schemas.PlayAfterLock: 1}})
	return s
}

// rezoned has had its window moved by the rules of its zone.
func rezoned(t *testing.T) *story {
	s := &story{t: t, id: "c-1"}
	placed := springSale(t)
	placed.TZDB = "2025c"
	s.place(placed)
	s.applied(s.due(schemas.Schedule, 1, "2026-11-23T08:00:00.010Z", "2026-11-23T08:00:00.010Z", ""), "", schemas.Scheduled)
	to := &schemas.Rezoned{
		StartsAt: instantOf(t, "2026-12-01T06:00:00Z"), StartsAtLocal: placed.StartsAtLocal,
		EndsAt: instantOf(t, "2026-12-08T06:00:00Z"), EndsAtLocal: placed.EndsAtLocal, TZDB: "2026c",
	}
	due := s.rezone(1, "2026-11-25T08:00:00Z", to)
	placed.Rezone(to)
	s.place(placed)
	s.applied(due, schemas.Scheduled, schemas.Scheduled)
	s.row(1, map[timer.Kind]string{timer.Start: "2026-12-01T06:00:00Z", timer.End: "2026-12-08T06:00:00Z", timer.Settle: "2026-12-08T06:00:00Z"})
	return s
}

func onlyRefused(t *testing.T) *story {
	s := &story{t: t, id: "c-1"}
	s.publish(schemas.CampaignCreated, 1, definition)
	s.refused(schemas.InvalidZone, "data.time_zone: must be a name of the IANA time zone database", 0)
	return s
}

func justPublished(t *testing.T) *story {
	s := &story{t: t, id: "c-1"}
	s.publish(schemas.CampaignPaused, 2, "")
	s.publish(schemas.CampaignCreated, 1, definition)
	s.add(topics.CampaignEngineTimersTable, []byte("of a later version"))
	s.add(topics.CampaignReadiness, []byte("of a later version"))
	return s
}
