package processors_test

import (
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestBudgetsBeginWithOldSettlements: budgets join a deployment that has run for long, or were away for longer than plays are
// kept. They lock and release what was settled meanwhile, and go on.
func TestBudgetsBeginWithOldSettlements(t *testing.T) {
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))})
	d.begin(topics.Timers)
	d.begin(topics.Lifecycle)
	d.ready()
	d.publish([]topics.Record{definedAs("c-1", 1)})
	end := instant.Of(time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC))
	d.settled(topics.Timers, d.timersAtRest)
	d.settled(topics.Lifecycle, d.lifecycleAtRest)
	d.drive(end)
	d.settled(topics.Timers, d.timersAtRest)
	d.settled(topics.Lifecycle, d.lifecycleAtRest)
	d.drive(end.Add(2 * budget.Memory))
	d.settled(topics.Timers, d.timersAtRest)
	d.settled(topics.Lifecycle, d.lifecycleAtRest)
	d.begin(topics.Budgets)
	d.ready()
	d.settle()
	d.drive(end.Add(2*budget.Memory + 1000))
	d.settle()
	if got := len(byTopic(d.outputs())[topics.BudgetReleased]); got != 1 {
		t.Errorf("there are %d releases", got)
	}
}
