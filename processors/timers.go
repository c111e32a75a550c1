package processors

import (
	"encoding/json"
	"strconv"

	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/topics"
)

// timers is the sequencer and the clock.
//
//	reads   campaign-events; its loop (events that sat in a foreign partition); its own timers
//	owns    per campaign: revision, window, pending timers, what fired (state/timer)
//	writes  transitions-due; dead-letters
//	replay  events read again are duplicates or stale and change nothing; dead letters are written again under the same id;
//	        with the table gone, wall-clock times are resolved by this process's time zone database
type timers struct {
	settings Settings
	told     *told
	rezoned  *told
	traces   tracing
}

// Timers returns the group graph of the sequencer.
func Timers(settings Settings, options ...Option) *engine.Graph {
	t := timers{settings, newTold(), newTold(), tracingOf(options)}
	events := t.events()
	return engine.Define(groupOf(topics.Timers),
		engine.Input(goka.Stream(topics.CampaignEvents), topics.RawCodec{}, events.onRecord),
		engine.Loop(topics.LoopCodec{}, events.onCarried),
		engine.Timers(t.onTimer),
		engine.Output(goka.Stream(topics.TransitionsDue), topics.DueCodec{}),
		engine.Output(goka.Stream(topics.DeadLetters), topics.RefusedCodec{}),
		engine.Persist(timerRows{settings: settings}),
	)
}

// events is how campaign-events is taken.
func (t timers) events() carriedInput[topics.CampaignEvent] {
	return carriedInput[topics.CampaignEvent]{
		traces: t.traces, decode: topics.DecodeCampaignEvent, take: t.decide,
		traceOf: func(e topics.CampaignEvent) topics.TraceContext { return e.Trace },
	}
}

// decide sequences the event's change.
func (t timers) decide(ctx engine.Context, record topics.Record, event topics.CampaignEvent) {
	at := t.traces.process(ctx, record, event.Trace)
	value := ctx.Value()
	if _, is := value.(Unreadable); is {
		t.told.refuseUnreadable(ctx, record, topics.CampaignEngineTimersTable, at)
		return
	}
	row, exists := stored[timer.Row](value)
	change, resolved, refusal := changeOf(event, t.settings)
	if refusal != nil {
		deadLetter(ctx, record, firstRefusal(&row, exists, &change, refusal), at)
		return
	}
	change.Trace = timer.Trace(at.context.Parent)
	mode := timer.Normal
	var dues []timer.Due
	if ctx.CatchingUp() {
		mode = timer.CatchingUp
	} else {
		row, dues = t.rezone(ctx, row)
	}
	decision := timer.Decide(row, exists, change, ctx.Now(), mode)
	if decision.Changed {
		ctx.SetValue(&decision.Row)
	}
	t.emit(ctx, append(dues, decision.Dues...), at.context, &event, resolved)
	if decision.Verdict == timer.Refused {
		deadLetter(ctx, record, refusalOf(decision.Refusal), at)
		return
	}
	outcome := outcomes[decision.Verdict]
	ctx.Count(outcome)
	at.became(outcome)
}

// outcomes are what is counted of an event that was not refused.
var outcomes = [...]string{timer.Duplicate: Duplicates, timer.Stale: Stale, timer.Accepted: Accepted}

// onTimer fires what is due in a campaign's row. An event read in the same breath may have fired it already.
func (t timers) onTimer(gctx goka.Context, _ any) {
	ctx := engine.From(gctx)
	row, exists := stored[timer.Row](ctx.Value())
	if !exists { // what cannot be read is not due, whatever fired for it
		return
	}
	row, rezoned := t.rezone(ctx, row)
	row, dues := timer.Fire(row, ctx.Now())
	ctx.SetValue(&row)
	t.emit(ctx, append(rezoned, dues...), topics.TraceContext{}, nil, window{})
}

// emit writes dues in their order. event, read in a trace, is what an operator's due comes from.
func (t timers) emit(
	ctx engine.Context, dues []timer.Due, trace topics.TraceContext, event *topics.CampaignEvent, resolved window,
) {
	for i := range dues {
		due := dueEvent(ctx.Key(), &dues[i])
		parent := traceOfRow(dues[i].Trace)
		if to := dues[i].Rezone; to != nil {
			due.Data.Window = rezonedWindow(to)
		}
		if !dues[i].Timed {
			due.Data.ChangeReason, due.Data.Campaign = t.carried(ctx, event, resolved)
			parent = trace
		}
		ctx.Count(Due)
		if dues[i].DecidedAt > ctx.Now() {
			ctx.Count(Postdated)
		}
		countLateness(ctx, &due.Data)
		at := t.traces.due(ctx, &due.Data, parent)
		ctx.Emit(goka.Stream(topics.TransitionsDue), ctx.Key(), &due, carrying(at.context)...)
	}
}

// carried returns what an operator's due takes along of its event: a reason, or the definition with its window and grace
// resolved.
func (t timers) carried(ctx engine.Context, event *topics.CampaignEvent, resolved window) (string, json.RawMessage) {
	if event.Change != nil {
		return event.Change.Reason, nil
	}
	grace := t.settings.graceOf(event.Definition)
	placed, err := topics.EncodePlaced(event.Definition.Place(
		schemas.Instant(resolved.startsAt), schemas.Instant(resolved.endsAt), resolved.tzdb, int64(grace)))
	if err != nil {
		ctx.Fail(err)
	}
	return "", placed
}

func dueEvent(campaignID string, due *timer.Due) schemas.Event[schemas.Due] {
	id := campaignID + "/" + strconv.FormatInt(due.Revision, 10) + "/" + string(due.Transition)
	if due.Rezone != nil {
		id += "-" + due.Rezone.Suffix
	}
	return schemas.NewEvent(id, schemas.TransitionDue, campaignID, schemas.Instant(due.DecidedAt), schemas.Due{
		TransitionID: id, CampaignID: campaignID, Revision: due.Revision, Transition: schemas.Transition(due.Transition),
		ScheduledFor: schemas.Instant(due.ScheduledFor), DecidedAt: schemas.Instant(due.DecidedAt),
		LatenessMs: int64(due.LatenessMs),
	})
}
