package processors

import (
	"encoding/json"

	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// lifecycle is the only decider of a campaign's status: a fold over transitions-due, without a clock.
//
//	reads   transitions-due
//	owns    per campaign: status, sequence, newest revision, what is in force, how far its log was read (state/campaign)
//	writes  transitions-applied; transitions-rejected; dead-letters
//	replay  the same transitions-due gives the same transitions-applied and -rejected, byte for byte; with the table kept,
//	        what is read again is counted as a duplicate and changes nothing; dead letters come again under the same id
type lifecycle struct {
	told   *told
	traces tracing
}

// Lifecycle returns the group graph of the lifecycle.
func Lifecycle(options ...Option) *engine.Graph {
	l := lifecycle{newTold(), tracingOf(options)}
	return engine.Define(groupOf(topics.Lifecycle),
		engine.Input(goka.Stream(topics.TransitionsDue), topics.DueCodec{}, l.onDue),
		engine.Output(goka.Stream(topics.TransitionsApplied), topics.AppliedCodec{}),
		engine.Output(goka.Stream(topics.TransitionsRejected), topics.RejectedCodec{}),
		engine.Output(goka.Stream(topics.DeadLetters), topics.RefusedCodec{}),
		engine.Persist(campaignRows{}),
	)
}

// onDue decides one due transition.
func (l lifecycle) onDue(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	read, is := message.(topics.ReadDue)
	if !is {
		refuseMalformed(ctx, l.traces, message)
		return
	}
	due := &read.Data
	value := ctx.Value()
	row, _ := stored[campaign.Row](value)
	placed, refusal := definitionOf(ctx, due, &row)
	if refusal != nil {
		record, at := l.read(ctx, message)
		deadLetter(ctx, record, refusal, at)
		return
	}
	if _, is := value.(Unreadable); is {
		record, at := l.read(ctx, message)
		l.told.refuseUnreadable(ctx, record, topics.CampaignEngineLifecycleTable, at)
		return
	}
	decision := campaign.Apply(row, lifecycleDue(due, placed.window, ctx.Offset()))
	if decision.Repeated {
		ctx.Count(Duplicates)
		if l.traces.tracer != nil {
			_, at := l.read(ctx, message)
			at.became(Duplicates)
		}
		return
	}
	l.answer(ctx, due, placed, &decision)
}

// read returns the record of a callback that answers nothing to it, and its place in a trace.
func (l lifecycle) read(ctx engine.Context, message any) (topics.Record, hop) {
	record := recordOf(ctx, message)
	return record, l.traces.process(ctx, record, topics.TraceOf(record.Headers))
}

// answer tells what became of a due and keeps the row, also that of a rejected one: it says how far the log was read.
func (l lifecycle) answer(ctx engine.Context, due *schemas.Due, placed placement, decision *campaign.Decision) {
	if decision.Applied {
		decision.Row.Campaign = rendering(ctx, decision, placed)
		l.emitApplied(ctx, due, decision)
	} else {
		l.emitRejected(ctx, due, decision)
	}
	if decision.Row.Settled {
		decision.Row.Campaign = nil // nothing is applied any more, so nothing repeats it
	}
	ctx.SetValue(&decision.Row)
}

// placement is a definition that a due carries, or, of a rezone, the one in force with the window that it carries; raw is
// how that is written, and empty where it is not yet.
type placement struct {
	window
	campaign schemas.Placed
	raw      json.RawMessage
}

// definitionOf reads the definition of a due that must carry one. What fails here can only have been written by others.
func definitionOf(ctx engine.Context, due *schemas.Due, row *campaign.Row) (placement, *topics.Refusal) {
	if due.CampaignID != ctx.Key() {
		return placement{}, &topics.Refusal{Reason: schemas.KeyMismatch, Detail: "key: must equal data.campaign_id"}
	}
	switch due.Transition {
	case schemas.Schedule, schemas.Reschedule:
	case schemas.Rezone:
		if due.Window != nil {
			return rezonedPlacement(due.Window, row)
		}
	default:
		return placement{}, nil
	}
	placed, err := topics.DecodePlaced(due.Campaign)
	if err != nil {
		return placement{}, &topics.Refusal{Reason: schemas.BadSchema, Detail: "data.campaign: must be a placed definition"}
	}
	return placementAt(placed, due.Campaign), nil
}

// rezonedPlacement is the definition in force with another window. Without one in force, or when it is not kept any more, the
// rezone is rejected, whatever its window.
func rezonedPlacement(to *schemas.Rezoned, row *campaign.Row) (placement, *topics.Refusal) {
	if to.EndsAt <= to.StartsAt {
		return placement{}, &topics.Refusal{Reason: schemas.BadSchema, Detail: "data.window.ends_at: must be after starts_at"}
	}
	if row.Campaign == nil {
		return placement{}, nil
	}
	placed, err := topics.DecodePlaced(row.Campaign)
	if err != nil {
		return placement{}, &topics.Refusal{Reason: schemas.BadSchema, Detail: "data.window: the campaign in force cannot be read"}
	}
	placed.Rezone(to)
	return placementAt(placed, nil), nil
}

func placementAt(placed schemas.Placed, raw json.RawMessage) placement {
	return placement{
		window:   window{startsAt: instant.Instant(placed.StartsAt), endsAt: instant.Instant(placed.EndsAt)},
		campaign: placed, raw: raw,
	}
}

// rendering returns the campaign in force as every applied transition shows it.
func rendering(ctx engine.Context, decision *campaign.Decision, placed placement) []byte {
	switch {
	case !decision.Redefined:
		return decision.Row.Campaign
	case !decision.StartFixed && placed.raw != nil:
		return placed.raw
	}
	inForce := placed.campaign
	if decision.StartFixed {
		// It has started: the start is a fact, and the wall-clock time that was wished for instead is not in force.
		inForce.StartsAt, inForce.StartsAtLocal = schemas.Instant(decision.Row.StartsAt), ""
		if inForce.EndsAtLocal == "" {
			inForce.TZDB = "" // nothing is left that it resolves
		}
	}
	encoded, err := topics.EncodePlaced(inForce)
	if err != nil {
		ctx.Fail(err)
	}
	return encoded
}

func (l lifecycle) emitApplied(ctx engine.Context, due *schemas.Due, decision *campaign.Decision) {
	data := schemas.Applied{
		Due: *due, From: schemas.Status(decision.From), To: schemas.Status(decision.To), AppliedAt: due.DecidedAt,
		Sequence: decision.Sequence, FirstActive: decision.FirstActive,
	}
	data.Campaign = decision.Row.Campaign
	event := schemas.NewEvent(due.TransitionID+"/applied", schemas.TransitionApplied, due.CampaignID, due.DecidedAt, data)
	ctx.Count(Applied)
	countLateness(ctx, due)
	at := l.traces.answer(ctx, due, Applied, "campaign.status", string(data.To))
	ctx.Emit(goka.Stream(topics.TransitionsApplied), ctx.Key(), &event, carrying(at.context)...)
}

func (l lifecycle) emitRejected(ctx engine.Context, due *schemas.Due, decision *campaign.Decision) {
	event := schemas.NewEvent(due.TransitionID+"/rejected", schemas.TransitionRejected, due.CampaignID, due.DecidedAt,
		schemas.Rejected{
			Due: *due, Status: schemas.Status(decision.From), Reason: schemas.RejectionReason(decision.Reason),
		})
	ctx.Count(Rejected)
	at := l.traces.answer(ctx, due, Rejected, "campaign.rejection_reason", string(decision.Reason))
	ctx.Emit(goka.Stream(topics.TransitionsRejected), ctx.Key(), &event, carrying(at.context)...)
}
