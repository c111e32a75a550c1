package processors

import (
	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/topics"
)

// budgets keeps each campaign's account: it counts plays, locks the count, and releases what was not spent.
//
//	reads   transitions-applied; plays; its loop (plays that sat in a foreign partition); its own timers
//	owns    per campaign: budget, timeline, what counts, how far its inputs were read; in parts: its plays (state/budget)
//	writes  budget-released; campaign-statements; provisional-statements; dead-letters
//	replay  what is read again is told by its position, sequence or play_id and changes nothing; a lock is never done again
type budgets struct {
	told   *told
	traces tracing
}

// Budgets returns the group graph of the accounts.
func Budgets(options ...Option) *engine.Graph {
	b := budgets{newTold(), tracingOf(options)}
	plays := b.plays()
	return engine.Define(groupOf(topics.Budgets),
		engine.Input(goka.Stream(topics.TransitionsApplied), topics.AppliedCodec{}, b.onApplied),
		engine.Input(goka.Stream(topics.Plays), topics.RawCodec{}, plays.onRecord),
		engine.Loop(topics.LoopCodec{}, plays.onCarried),
		engine.Timers(b.onTimer),
		engine.Output(goka.Stream(topics.BudgetReleased), topics.ReleasedCodec{}),
		engine.Output(goka.Stream(topics.CampaignStatements), topics.StatementCodec{}),
		engine.Output(goka.Stream(topics.ProvisionalStatements), provisionalStatements{}),
		engine.Output(goka.Stream(topics.DeadLetters), topics.RefusedCodec{}),
		engine.Persist(accountRows{}),
	)
}

// onApplied takes a transition into its campaign's account.
func (b budgets) onApplied(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	read, is := message.(topics.ReadApplied)
	if !is {
		refuseMalformed(ctx, b.traces, message)
		return
	}
	record := recordOf(ctx, message)
	at := b.traces.process(ctx, record, topics.TraceOf(record.Headers))
	change, refusal := accountChange(ctx.Key(), &read.Data)
	if refusal != nil {
		deadLetter(ctx, record, refusal, at)
		return
	}
	account, readable := b.account(ctx, record, at)
	if !readable {
		return
	}
	again, err := account.Apply(partsOf(ctx), &change, positionOf(record), ticketFor(ctx, &change), ctx.Now())
	switch {
	case err != nil:
		b.told.refuseUnreadable(ctx, record, topics.CampaignEngineBudgetsTable, at)
	case again:
		ctx.Count(Duplicates)
		at.became(Duplicates)
	default:
		ctx.SetValue(account)
		ctx.Count(Noted)
		at.became(Noted)
		b.tellProvisional(ctx, &read.Data, account)
	}
}

// ticketFor returns the ticket for the plays that lie there, wherever, when a settlement is read.
func ticketFor(ctx engine.Context, change *budget.Change) int64 {
	if change.Kind != budget.Settlement {
		return 0
	}
	return ctx.Ticket(goka.Stream(topics.Plays))
}

// plays is how plays is taken.
func (b budgets) plays() carriedInput[topics.PlayEvent] {
	return carriedInput[topics.PlayEvent]{
		traces: b.traces, decode: topics.DecodePlay, take: b.report,
		traceOf: func(e topics.PlayEvent) topics.TraceContext { return e.Trace },
	}
}

// report judges a play.
func (b budgets) report(ctx engine.Context, record topics.Record, event topics.PlayEvent) {
	at := b.traces.process(ctx, record, event.Trace)
	account, readable := b.account(ctx, record, at)
	if !readable {
		return
	}
	play := playOf(event.Play)
	reported, err := account.Report(partsOf(ctx), &play, positionOf(record), heldMax(ctx), ctx.Now())
	if err != nil {
		b.told.refuseUnreadable(ctx, record, topics.CampaignEngineBudgetsTable, at)
		return
	}
	outcome := reported.Verdict.String()
	switch {
	case reported.Again:
		outcome = Duplicates
	case reported.Held:
		outcome = Held
	}
	if !reported.Again {
		ctx.SetValue(account)
	}
	ctx.Count(outcome)
	at.became(outcome)
}

func heldMax(ctx engine.Context) int64 {
	if ctx.CatchingUp() {
		return budget.HeldMaxBehind
	}
	return budget.HeldMax
}

// onTimer does what an account has to do by itself.
func (b budgets) onTimer(gctx goka.Context, _ any) {
	ctx := engine.From(gctx)
	account, exists := stored[budget.Account](ctx.Value())
	if !exists { // what cannot be read is not due, whatever fired for it
		return
	}
	account.HoldFrom(ctx.CaughtUpAt())
	account.WaitFrom(ctx.CaughtUpAt())
	fired, err := account.Fire(partsOf(ctx), ctx.Called(account.Lock.Ticket), ctx.Now())
	if err != nil { // no other campaign waits for it
		b.told.unreadable(ctx, topics.CampaignEngineBudgetsTable, refusing)
		account.Postpone(ctx.Now())
		ctx.SetValue(&account)
		return
	}
	if fired.GivenUp {
		for range fired.Refused {
			ctx.Count(budget.UnknownCampaign.String())
		}
		ctx.Delete()
		return
	}
	ctx.SetValue(&account)
	if fired.Statement != nil {
		b.tell(ctx, &fired)
	}
}

// tell writes a statement and, with the one of the lock, the release.
func (b budgets) tell(ctx engine.Context, fired *budget.Fired) {
	statement := statementEvent(ctx.Key(), fired.Statement)
	if fired.Locked {
		ctx.Count(Locked)
		if fired.Early {
			ctx.Count(LockedEarly)
		}
		ctx.CountSince(Locked, fired.Statement.Account.Lock.SettledAt)
		released := releasedEvent(ctx.Key(), fired.Statement)
		ctx.Emit(goka.Stream(topics.BudgetReleased), ctx.Key(), &released)
	} else {
		ctx.Count(Adjusted)
	}
	ctx.Emit(goka.Stream(topics.CampaignStatements), ctx.Key(), &statement)
}

// account returns the account of the callback's key; a record of one that cannot be read is refused.
// It is read anew at each call, so the callback may change it.
func (b budgets) account(ctx engine.Context, record topics.Record, at hop) (*budget.Account, bool) {
	value := ctx.Value()
	if _, is := value.(Unreadable); is {
		b.told.refuseUnreadable(ctx, record, topics.CampaignEngineBudgetsTable, at)
		return nil, false
	}
	if account, exists := value.(*budget.Account); exists {
		return account, true
	}
	return &budget.Account{}, true
}

// parts are the buckets of a callback's key.
type parts struct{ engine.Context }

func partsOf(ctx engine.Context) parts { return parts{ctx} }

func positionOf(record topics.Record) budget.Position {
	return budget.Position{Partition: record.Partition, Offset: record.Offset}
}
