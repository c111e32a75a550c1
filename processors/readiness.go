package processors

import (
	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/readiness"
	"github.com/rmn-arms/campaign-engine/topics"
)

// readinessSums adds up how ready the stores are for each campaign, and records it at the start.
//
//	reads   transitions-applied; readiness-changes; its own timers
//	owns    per campaign: sums, what it had at its start, what was told last; in parts: the newest of each store (state/readiness)
//	writes  campaign-readiness
//	replay  a transition is told by its sequence; changes that are read again end at the same sums, and nothing is told on the way
type readinessSums struct {
	told   *told
	traces tracing
}

// readinessRows are rows that may wait for an instant. What lies beside them, in parts, does not.
type readinessRows struct {
	rowCodec[readiness.Row, *readiness.Row]
}

var _ engine.DatedCodec = readinessRows{}

// DueOf implements engine.DatedCodec, as timerRows does.
func (readinessRows) DueOf(data []byte) (due instant.Instant, readable bool) {
	var row readiness.Row
	if row.UnmarshalBinary(data) != nil {
		return readiness.Never, false
	}
	return row.NextDue(), true
}

// Readiness returns the group graph of the sums.
func Readiness(options ...Option) *engine.Graph {
	r := readinessSums{newTold(), tracingOf(options)}
	return engine.Define(groupOf(topics.Readiness),
		engine.Input(goka.Stream(topics.TransitionsApplied), topics.AppliedCodec{}, r.onApplied),
		engine.Input(goka.Stream(topics.ReadinessChanges), readinessChanges{}, r.onChange),
		engine.Timers(r.onTimer),
		engine.Output(goka.Stream(topics.CampaignReadiness), topics.ReadinessCodec{}),
		engine.Persist(readinessRows{}),
	)
}

// onApplied takes a transition in. What cannot be read is passed over: budgets reads the same records, and files them in
// dead-letters.
func (r readinessSums) onApplied(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	record := recordOf(ctx, message)
	at := r.traces.process(ctx, record, topics.TraceOf(record.Headers))
	transition, readable := readinessTransition(ctx.Key(), message)
	if !readable {
		ctx.Count(PassedOver)
		at.became(PassedOver)
		return
	}
	row, readable := r.row(ctx)
	if !readable {
		r.unreadable(ctx)
		at.became(UnreadableRows)
		return
	}
	report, again, err := row.Apply(partsOf(ctx), &transition, momentOf(ctx))
	if again {
		ctx.Count(Duplicates)
		at.became(Duplicates)
		return
	}
	ctx.Count(Noted)
	at.became(Noted)
	r.keep(ctx, row, report, err, at)
}

// onChange takes in what a store says now.
func (r readinessSums) onChange(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	change, is := message.(*readiness.Change)
	if !is {
		ctx.Count(PassedOver)
		return
	}
	row, readable := r.row(ctx)
	if !readable {
		r.unreadable(ctx)
		return
	}
	outcome, report, err := row.Take(partsOf(ctx), change, momentOf(ctx))
	switch outcome {
	case readiness.Lost:
		r.unreadable(ctx)
	case readiness.Taken:
		ctx.Count(Summed)
		r.keep(ctx, row, report, err, hop{})
	default:
		ctx.Count(changeOutcomes[outcome])
	}
}

// changeOutcomes are what is counted of a change that says nothing new.
var changeOutcomes = [...]string{readiness.Same: Duplicates, readiness.TooLate: AfterEnd, readiness.Unsound: PassedOver}

// onTimer does what a row has to do by itself.
func (r readinessSums) onTimer(gctx goka.Context, _ any) {
	ctx := engine.From(gctx)
	row, exists := stored[readiness.Row](ctx.Value())
	if !exists { // what cannot be read is not due, whatever fired for it
		return
	}
	report, err := row.Fire(partsOf(ctx), ctx.Now())
	r.keep(ctx, &row, report, err, hop{})
}

// keep keeps the row, and tells the report, if there is one. err says that what lies beside the row cannot be read: the report
// waits for that to be repaired.
func (r readinessSums) keep(ctx engine.Context, row *readiness.Row, report *readiness.Report, err error, at hop) {
	ctx.SetValue(row)
	if err != nil {
		r.tellUnreadable(ctx)
	}
	if report != nil {
		ctx.Count(Reported)
		event := readinessEvent(ctx.Key(), report)
		ctx.Emit(goka.Stream(topics.CampaignReadiness), ctx.Key(), &event, carrying(at.context)...)
	}
}

// row returns the row of the callback's key; false for one that cannot be read.
func (readinessSums) row(ctx engine.Context) (*readiness.Row, bool) {
	value := ctx.Value()
	if _, is := value.(Unreadable); is {
		return nil, false
	}
	if row, exists := stored[readiness.Row](value); exists {
		return &row, true
	}
	return new(readiness.New()), true
}

// unreadable passes a record over whose campaign's row, or store's part, cannot be read.
func (r readinessSums) unreadable(ctx engine.Context) {
	ctx.Count(UnreadableRows)
	r.tellUnreadable(ctx)
}

func (r readinessSums) tellUnreadable(ctx engine.Context) {
	r.told.unreadable(ctx, topics.CampaignEngineReadinessTable, "how ready its devices are is not told")
}

func momentOf(ctx engine.Context) readiness.Moment {
	return readiness.Moment{Now: ctx.Now(), CatchingUp: ctx.CatchingUp()}
}
