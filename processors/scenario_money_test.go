package processors_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/topics"
)

// settled is a release or a statement as a script tells it: its id, and what it says.
type settled struct{ id, text string }

func toldReleased(event *schemas.Event[schemas.Released]) settled {
	r := &event.Data
	return settled{r.ReleaseID, fmt.Sprintf("at %s  budget %s = spent %s + released %s %s",
		toldInstant(*event.Time), r.Budget.Amount, r.Spent.Amount, r.Released.Amount, r.Budget.Currency)}
}

func toldStatementLine(event *schemas.Event[schemas.Statement]) settled {
	s := &event.Data
	kind := strings.TrimPrefix(string(event.Type), "statement.")
	words := []string{
		fmt.Sprintf("%s at %s  plays %d impressions %s", kind, toldInstant(*event.Time), s.Plays, s.Impressions),
		fmt.Sprintf("cost %s spent %s released %s %s", s.Cost, s.Spent.Amount, s.Released.Amount, s.Budget.Currency),
	}
	if s.Overran > 0 {
		words = append(words, fmt.Sprintf("overran %d", s.Overran))
	}
	if s.Late != nil {
		words = append(words, fmt.Sprintf("late %d impressions %s", s.Late.Plays, s.Late.Impressions))
	}
	if counts := toldCounts(func(verdict schemas.Verdict) int64 { return s.NotCounted[verdict] }); counts != "" {
		words = append(words, "not-counted "+counts)
	}
	return settled{s.StatementID, strings.Join(words, "  ")}
}

// toldCounts renders what is not 0, in the contract's order.
func toldCounts(of func(schemas.Verdict) int64) string {
	var words []string
	for _, verdict := range schemas.Verdicts() {
		if count := of(verdict); count != 0 {
			words = append(words, fmt.Sprintf("%s=%d", verdict, count))
		}
	}
	return strings.Join(words, " ")
}

// countedOfPlays are the counters of budgets that a script tells.
func countedOfPlays() []string {
	return append(atArrival(), string(schemas.PlayUnknownCampaign), processors.Carried, processors.LockedEarly)
}

// toldPlays renders what became of the plays when they were read. Behind a start it is only how many that were: which of
// the plays and transitions of an outage are read first is up to the engine.
func (c *chapter) toldPlays() string {
	var words []string
	read := 0
	for _, name := range countedOfPlays() {
		count := c.plays[name]
		switch {
		case c.begun && slices.Contains(atArrival(), name):
			read += count
		case count > 0:
			words = append(words, fmt.Sprintf("%s %d", name, count))
		}
	}
	if read > 0 {
		words = slices.Insert(words, 0, fmt.Sprintf("read %d", read))
	}
	return strings.Join(words, ", ")
}

// toldAccount renders a row of the accounts' table.
func toldAccount(row []byte) (string, error) {
	if row == nil {
		return "none", nil
	}
	var a budget.Account
	if err := a.UnmarshalBinary(row); err != nil {
		return "", err
	}
	words := []string{fmt.Sprintf("plays %d impressions %s cost %s", a.Counted.Plays, a.Counted.Impressions, a.Cost)}
	if counts := toldCounts(notCountedOf(&a)); counts != "" {
		words = append(words, "not-counted "+counts)
	}
	words = append(words, map[budget.Stage]string{
		budget.Running: "running", budget.Settling: "settling", budget.Locked: "locked", budget.Forgotten: "forgotten",
	}[a.Lock.Stage])
	if due := a.NextDue(); due != budget.Never {
		words = append(words, "waits for "+toldInstant(schemas.Instant(due)))
	}
	return strings.Join(words, ", "), nil
}

func notCountedOf(a *budget.Account) func(schemas.Verdict) int64 {
	return func(wanted schemas.Verdict) int64 {
		for verdict, count := range a.NotCounted {
			if budget.Verdict(verdict).String() == string(wanted) {
				return count
			}
		}
		return 0
	}
}

// toldStatement renders a statement, one member a line.
func toldStatement(s *schemas.Statement) ([]string, error) {
	if s == nil {
		return nil, nil
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return toldCampaign(encoded)
}

// countBefore counts the records that lie before a position.
func countBefore(records []topics.Record, partition int32, offset int64) int64 {
	count := int64(0)
	for _, record := range records {
		if record.Partition == partition && record.Offset < offset {
			count++
		}
	}
	return count
}

// countInputs puts into the place of a statement's positions how many of the campaign's records lie before them: where a
// record lies differs between deployments. Each must be right behind a record of the campaign, or behind none.
func (h *history) countInputs(s *schemas.Statement) error {
	counted := make(map[string]schemas.Position, len(s.Inputs))
	for topic, at := range s.Inputs {
		behind := slices.ContainsFunc(h.recordsOf(topics.Name(topic)), func(record topics.Record) bool {
			return record.Partition == at.Partition && record.Offset == at.Offset-1
		})
		if at != (schemas.Position{}) && !behind {
			return fmt.Errorf("%s of %s must be right behind one of the campaign's records: %v", topic, s.StatementID, at)
		}
		counted[topic] = schemas.Position{Offset: countBefore(h.recordsOf(topics.Name(topic)), at.Partition, at.Offset)}
	}
	s.Inputs = counted
	return nil
}

// recordsOf are the campaign's records on an input of the accounts.
func (h *history) recordsOf(topic topics.Name) []topics.Record {
	if topic == topics.Plays {
		return h.plays
	}
	return h.log
}

// countedRow does the same with the positions in a row of the accounts' table.
func (c *chronicle) countedRow(t *testing.T, key string, row []byte) []byte {
	t.Helper()
	if isPart(key) {
		return row
	}
	var a budget.Account
	if err := a.UnmarshalBinary(row); err != nil {
		t.Fatal(err)
	}
	past := c.of(key)
	a.Plays = budget.Position{Offset: countBefore(past.plays, a.Plays.Partition, a.Plays.Offset)}
	a.Applied = budget.Position{Offset: countBefore(past.log, a.Applied.Partition, a.Applied.Offset)}
	return a.AppendBinary(nil)
}
