package processors

import (
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/mail"
	"github.com/rmn-arms/campaign-engine/topics"
)

// provisionalStatements is the codec of provisional-statements: *schemas.Statement of version 0, as plain JSON.
type provisionalStatements struct{}

// Encode takes a *schemas.Statement; equal ones give equal bytes.
func (provisionalStatements) Encode(value any) ([]byte, error) {
	statement, is := value.(*schemas.Statement)
	if !is {
		return nil, fmt.Errorf("encoding a provisional statement: got a %T", value)
	}
	encoded, err := jsonv2.Marshal(statement, jsonv2.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encoding a provisional statement: %w", err)
	}
	return encoded, nil
}

// Decode returns a *schemas.Statement, or an Unreadable. It never fails.
func (provisionalStatements) Decode(data []byte) (any, error) {
	statement := new(schemas.Statement)
	if jsonv2.Unmarshal(data, statement) != nil || statement.Version != 0 {
		return Unreadable(data), nil
	}
	return statement, nil
}

// tellProvisional writes what a campaign that has ended now has come to, if its count closes so much later that its contacts are
// written to before. It is what has been counted when the end is read: plays that lie unread are not in it, so while they are
// being caught up with, none is made.
func (b budgets) tellProvisional(ctx engine.Context, applied *schemas.Applied, account *budget.Account) {
	if ctx.CatchingUp() || !account.Known || account.Lock.Stage != budget.Running || !endsBeforeItCloses(applied) {
		return
	}
	statement, err := account.Statement(partsOf(ctx))
	if err != nil { // the end is taken in; the lock will find the same
		b.told.unreadable(ctx, topics.CampaignEngineBudgetsTable, refusing)
		return
	}
	data := StatementOf(ctx.Key(), statement)
	data.LockedAt = applied.DecidedAt
	ctx.Count(Provisional)
	ctx.Emit(goka.Stream(topics.ProvisionalStatements), ctx.Key(), &data)
}

// endsBeforeItCloses says that a transition is an end, or a cancel, whose letter does not wait for the final statement.
func endsBeforeItCloses(applied *schemas.Applied) bool {
	if applied.Transition != schemas.End && applied.Transition != schemas.Cancel {
		return false
	}
	grace, told := topics.GraceOf(applied.Campaign)
	return told && (&mail.Campaign{Grace: instant.Millis(grace)}).IsFarOff()
}
