package processors

import (
	"sync"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// toldMax is of how many keys a process logs that their rows cannot be read. After a rollback it may be all of them;
// dead-letters names each.
const toldMax = 100

// told is the keys of which it was logged that their rows cannot be read. It is safe for concurrent use.
type told struct {
	what string // a key is of: campaign
	mu   sync.Mutex
	keys map[string]bool
}

func newTold() *told { return newToldOf("campaign") }

func newToldOf(what string) *told { return &told{what: what, keys: make(map[string]bool)} }

// first says whether nothing was logged of the key yet, and whether it is the last of which something is.
func (t *told) first(key string) (first, last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys[key] || len(t.keys) >= toldMax {
		return false, false
	}
	t.keys[key] = true
	return true, len(t.keys) == toldMax
}

// refusing is what follows for the records of a key whose row is Unreadable, where they are refused.
const refusing = "its records go to dead-letters"

// unreadable logs that the row of the callback's key, or a part of it, is Unreadable, and what follows until it is repaired.
func (t *told) unreadable(ctx engine.Context, table topics.Name, follows string) {
	if first, last := t.first(ctx.Key()); first {
		log := engine.LogOf(ctx)
		log.Error().Str("topic", string(table)).Int32("partition", ctx.Partition()).Str(t.what+"_id", ctx.Key()).
			Bool("no_more_are_logged", last).
			Msgf("the row of a %s cannot be read; %s until it is repaired or removed", t.what, follows)
	}
}

// refuseUnreadable refuses a record of a key whose row in a table topic is Unreadable. The row stays as it is: what it
// means is for a person, or the version that wrote it, to say.
func (t *told) refuseUnreadable(ctx engine.Context, record topics.Record, table topics.Name, at hop) {
	t.unreadable(ctx, table, refusing)
	ctx.Count(UnreadableRows)
	deadLetter(ctx, record, &topics.Refusal{
		Reason: schemas.Malformed,
		Detail: "the engine's own row of this " + t.what + " in " + string(table) + " cannot be read: it must be repaired or removed",
	}, at)
}
