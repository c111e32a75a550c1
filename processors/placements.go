package processors

import (
	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/fanout"
	"github.com/rmn-arms/campaign-engine/topics"
)

// placements spreads what happens to a campaign to its stores, step by step, so that no transaction is as large as the campaign.
//
//	reads   transitions-applied; its loop (the next step of a walk over a campaign's stores)
//	owns    per campaign: what is wanted, how far its stores have been told; in parts: its stores, what they get (state/fanout)
//	writes  store-placements
//	replay  a transition that is read again is told by its sequence, a step by its walk, and neither tells a store anything
type placements struct {
	told   *told
	traces tracing
}

// placementRows are rows that never wait, placementSteps the records of the loop.
type (
	placementRows  = rowCodec[fanout.Row, *fanout.Row]
	placementSteps = rowCodec[fanout.Walk, *fanout.Walk]
)

// Placements returns the group graph of the fan-out.
func Placements(options ...Option) *engine.Graph {
	p := placements{newTold(), tracingOf(options)}
	return engine.Define(groupOf(topics.Placements),
		engine.Input(goka.Stream(topics.TransitionsApplied), topics.AppliedCodec{}, p.onApplied),
		engine.Loop(placementSteps{}, p.onStep),
		engine.Output(goka.Stream(topics.StorePlacements), PlacementCodec{}),
		engine.Persist(placementRows{}),
	)
}

// onApplied takes a transition in, and makes a step of the walk that it begins, or of the one that is under way: so one goes on,
// too, whose record came while its row could not be read. What cannot be read is passed over: budgets reads the same records,
// and files them in dead-letters.
func (p placements) onApplied(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	at := p.process(ctx, message)
	row, readable := p.row(ctx, at)
	if !readable {
		return
	}
	change, readable := placementChange(ctx.Key(), message, row)
	if !readable {
		p.count(ctx, PassedOver, at)
		return
	}
	again, err := row.Apply(partsOf(ctx), &change)
	switch {
	case err != nil:
		p.unreadable(ctx, at)
	case again:
		p.count(ctx, Duplicates, at)
	default:
		p.count(ctx, Noted, at)
		ctx.SetValue(row)
		p.step(ctx, row, at)
	}
}

// onStep goes on with the walk that the row is in. A record of another one, or of another step, was overtaken by a transition,
// from which it goes on.
func (p placements) onStep(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	at := p.process(ctx, message)
	row, readable := p.row(ctx, at)
	if !readable {
		return
	}
	if walk, is := message.(*fanout.Walk); !is || *walk != row.Walk {
		p.count(ctx, Stale, at)
		return
	}
	p.step(ctx, row, at)
}

// step tells some stores, and has the walk go on when there are more.
func (p placements) step(ctx engine.Context, row *fanout.Row, at hop) {
	telling, err := row.Step(partsOf(ctx))
	if err != nil {
		p.unreadable(ctx, at)
		return
	}
	carried := carrying(at.context)
	for _, t := range telling {
		name := Unplaced
		if t.Placement.Placed {
			name = Placed
		}
		ctx.Count(name)
		ctx.Emit(goka.Stream(topics.StorePlacements), t.StoreID, t.Placement, carried...)
	}
	if row.Walk.Under() {
		ctx.Count(Continued)
		ctx.Loopback(ctx.Key(), &row.Walk, carried...)
	}
	ctx.SetValue(row)
}

// row returns the row of the callback's key; one that cannot be read is left alone.
func (p placements) row(ctx engine.Context, at hop) (*fanout.Row, bool) {
	value := ctx.Value()
	if _, is := value.(Unreadable); is {
		p.unreadable(ctx, at)
		return nil, false
	}
	row, _ := stored[fanout.Row](value)
	return &row, true
}

func (p placements) process(ctx engine.Context, message any) hop {
	record := recordOf(ctx, message)
	return p.traces.process(ctx, record, topics.TraceOf(record.Headers))
}

func (p placements) count(ctx engine.Context, outcome string, at hop) {
	ctx.Count(outcome)
	at.became(outcome)
}

func (p placements) unreadable(ctx engine.Context, at hop) {
	p.told.unreadable(ctx, topics.CampaignEnginePlacementsTable, "its stores are told nothing")
	p.count(ctx, UnreadableRows, at)
}
