package processors

import (
	"sync"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// toldMax is of how many campaigns a process logs that their rows cannot be read. After a rollback it may be all of them;
// dead-letters names each.
const toldMax = 100

// told is the campaigns of which it was logged that their rows cannot be read. It is safe for concurrent use.
type told struct {
	mu        sync.Mutex
	campaigns map[string]bool
}

func newTold() *told { return &told{campaigns: make(map[string]bool)} }

// first says whether nothing was logged of the campaign yet, and whether it is the last of which something is.
func (t *told) first(campaign string) (first, last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.campaigns[campaign] || len(t.campaigns) >= toldMax {
		return false, false
	}
	t.campaigns[campaign] = true
	return true, len(t.campaigns) == toldMax
}

// unreadable logs that the row of the callback's campaign, or a part of it, is Unreadable.
func (t *told) unreadable(ctx engine.Context, table topics.Name) {
	if first, last := t.first(ctx.Key()); first {
		log := engine.LogOf(ctx)
		log.Error().Str("topic", string(table)).Int32("partition", ctx.Partition()).Str("campaign_id", ctx.Key()).
			Bool("no_more_are_logged", last).
			Msg("the row of a campaign cannot be read; its records go to dead-letters until it is repaired or removed")
	}
}

// refuseUnreadable refuses a record of a campaign whose row in a table topic is Unreadable. The row stays as it is: what it
// means is for a person, or the version that wrote it, to say.
func (t *told) refuseUnreadable(ctx engine.Context, record topics.Record, table topics.Name, at hop) {
	t.unreadable(ctx, table)
	ctx.Count(UnreadableRows)
	deadLetter(ctx, record, &topics.Refusal{
		Reason: schemas.Malformed,
		Detail: "the engine's own row of this campaign in " + string(table) + " cannot be read: it must be repaired or removed",
	}, at)
}
