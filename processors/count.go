package processors

import (
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Count counts the plays of one campaign by the rules of budgets, outside of the engine and before the lock: what its
// statement would say now. Transitions are added first, then plays, each in the order of their partition.
//
// Between them the order is that of time: a play is judged by what was decided before its record was published, as the
// engine does in the regular course. It matters for what was over budget alone. Memory: some 100 bytes a play.
type Count struct {
	campaignID string
	account    budget.Account
	parts      memoryParts
	waiting    []dated         // transitions that no play was behind yet
	knownFrom  instant.Instant // when the first of all was decided
	endsAt     instant.Instant // the latest end of a window
}

type dated struct {
	change budget.Change
	at     budget.Position
}

// memoryParts are buckets that last as long as the process.
type memoryParts map[string][]byte

// Part implements linearhash.Buckets.
func (m memoryParts) Part(name string) []byte { return m[name] }

// SetPart implements linearhash.Buckets.
func (m memoryParts) SetPart(name string, value []byte) {
	if m[name] = value; value == nil {
		delete(m, name)
	}
}

// NewCount returns the count of a campaign of which nothing is known.
func NewCount(campaignID string) *Count {
	return &Count{campaignID: campaignID, parts: make(memoryParts), knownFrom: budget.Never}
}

// Applied takes a record of transitions-applied. What cannot be read is passed over, as the engine does.
func (c *Count) Applied(r topics.Record) {
	event, refusal := topics.DecodeApplied(r.Value)
	if refusal != nil {
		return
	}
	if change, refusal := accountChange(c.campaignID, &event.Data); refusal == nil {
		c.waiting = append(c.waiting, dated{change, positionOf(r)})
		c.knownFrom = min(c.knownFrom, change.DecidedAt)
		c.endsAt = max(c.endsAt, change.Definition.EndsAt) // 0 where it defines nothing
	}
}

// Play takes a record of plays. What cannot be read is passed over, as the engine does. Its error says that the count is
// broken, which is a mistake of the program.
func (c *Count) Play(r topics.Record) error {
	event, refusal := topics.DecodePlay(r.Key, r.Value, r.Headers)
	if refusal != nil {
		return nil
	}
	play := playOf(event.Play)
	at := c.cameAt(instant.Instant(r.Timestamp), play.StartedAt)
	if err := c.advance(at); err != nil {
		return err
	}
	_, err := c.account.Report(c.parts, &play, positionOf(r), budget.HeldMax, at)
	return err
}

// cameAt returns when a play came, by the engine's clock. Its record is dated by its producer's, which may be behind: by months
// where the engine's is driven. A play that is dated so long before its campaign was known that nobody held it any more, and was
// shown later than that, came when it was shown at the earliest. A start behind all windows is none: somebody made it up.
func (c *Count) cameAt(published, startedAt instant.Instant) instant.Instant {
	if published.Add(budget.Hold) >= c.knownFrom {
		return published
	}
	return max(published, min(startedAt, c.endsAt))
}

// advance applies what was decided at an instant or before.
func (c *Count) advance(until instant.Instant) error {
	for len(c.waiting) > 0 && c.waiting[0].change.DecidedAt <= until {
		next := &c.waiting[0]
		if err := c.giveUp(next.change.DecidedAt); err != nil {
			return err
		}
		if _, err := c.account.Apply(c.parts, &next.change, next.at, 0, next.change.DecidedAt); err != nil {
			return err
		}
		c.waiting = c.waiting[1:]
	}
	return c.giveUp(until)
}

// giveUp refuses the plays of a campaign that nobody has scheduled within the hold, as the engine has done by then.
func (c *Count) giveUp(now instant.Instant) error {
	if c.account.Known {
		return nil
	}
	_, err := c.account.Fire(c.parts, true, now)
	return err
}

// Counted is what a campaign has come to before its lock.
type Counted struct {
	// Statement is what would be said now. Its Version is 0, it has no LockedAt, and Released is nothing yet.
	Statement schemas.Statement
	// Held is the budget without what is spent: what a lock would release.
	Held schemas.Money
}

// Statement returns what the campaign has come to; false when nothing was scheduled. Its error is as with Play. Nothing
// may be added any more.
func (c *Count) Statement() (Counted, bool, error) {
	if err := c.advance(budget.Never - 1); err != nil || !c.account.Known {
		return Counted{}, false, err
	}
	statement, err := c.account.Statement(c.parts)
	if err != nil {
		return Counted{}, false, err
	}
	counted := Counted{StatementOf(c.campaignID, statement), wireMoney(statement.Released)}
	counted.Statement.LockedAt = 0
	counted.Statement.Released = wireMoney(c.account.Budget.Minus(c.account.Budget))
	return counted, true, nil
}
