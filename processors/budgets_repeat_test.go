package processors_test

import (
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestAccountsOutliveTheirPositions: what is read a second time, from the start, changes nothing, and nothing is told twice but the
// dead letter of what is refused again.
func TestAccountsOutliveTheirPositions(t *testing.T) {
	t.Parallel()
	inputs := newAccountInputs(t)
	d := inputs.budgetsAlone(t)
	before := accountsTold(d)
	d.outputs()
	counted := d.counted(topics.Budgets)
	again := len(inputs.applied) + len(inputs.plays) + len(inputs.late)
	carried := counted[processors.Carried]
	d.losePositions(topics.Budgets)
	d.reread = again + len(d.stored(topics.CampaignEngineBudgetsLoop))
	d.begin(topics.Budgets)
	d.ready()
	d.settle()
	told := byTopic(d.outputs())
	if letters := told[topics.DeadLetters]; len(told) != 1 || len(letters) != 1 || string(letters[0].Value) != before["dead-letters c-0"][0] {
		t.Errorf("reading again wrote %v; want the one dead letter as it was", told)
	}
	after := accountsTold(d)
	delete(before, "dead-letters c-0")
	delete(after, "dead-letters c-0")
	same(t, before, after)
	counts := d.counted(topics.Budgets)
	grown := make(map[string]int)
	for name, count := range counts {
		if count != counted[name] {
			grown[name] = count - counted[name]
		}
	}
	same(t, map[string]int{
		processors.Duplicates: d.reread - 1, processors.Carried: carried, processors.Refused + "schema": 1,
	}, grown)
}

// TestARepeatedInputReleasesNothing: all that was ever published is published once more (I8).
func TestARepeatedInputReleasesNothing(t *testing.T) {
	t.Parallel()
	inputs := newAccountInputs(t)
	d := inputs.budgetsAlone(t)
	d.outputs()
	accounts := moneyOf(accountsTold(d))
	for _, topic := range [...]topics.Name{topics.TransitionsApplied, topics.Plays} {
		d.publish(d.stored(topic))
	}
	d.settle()
	d.drive(inputs.now.Add(60 * minute))
	d.settle()
	told := byTopic(d.outputs())
	delete(told, topics.TransitionsApplied) // published here
	if len(told) != 1 || len(told[topics.DeadLetters]) != 1 {
		t.Errorf("what was published again wrote %v; want one dead letter", told)
	}
	same(t, accounts, moneyOf(accountsTold(d)))
}

// moneyOf leaves releases and statements.
func moneyOf(told map[string][]string) map[string][]string {
	money := make(map[string][]string)
	for at, values := range told {
		if strings.HasPrefix(at, string(topics.BudgetReleased)) || strings.HasPrefix(at, string(topics.CampaignStatements)) {
			money[at] = values
		}
	}
	return money
}

func statementOf(t *testing.T, record topics.Record) schemas.Statement {
	t.Helper()
	decoded, err := topics.StatementCodec{}.Decode(record.Value)
	event, is := decoded.(*schemas.Event[schemas.Statement])
	if err != nil || !is {
		t.Fatalf("%s is no statement: %v", record.Value, err)
	}
	return event.Data
}
