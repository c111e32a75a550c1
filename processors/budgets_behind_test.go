package processors_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestAllPlaysCountHoweverFarBehindTheTransitionsLie: the table is gone and everything is read anew. More plays of a campaign than
// are held for an unknown one lie before its transitions, had both topics been read side by side.
func TestAllPlaysCountHoweverFarBehindTheTransitionsLie(t *testing.T) {
	const plays = budget.HeldMax + 50
	began := instant.Of(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))
	before := newBroker(t, setup{partitions: 1, now: began})
	before.begin(topics.Timers)
	before.begin(topics.Lifecycle)
	before.ready()
	for _, id := range []string{"c-0", "c-1"} {
		before.publish([]topics.Record{definedAs(id, 1)})
		before.settle()
	}
	applied := before.stored(topics.TransitionsApplied)
	reported := make([]topics.Record, plays)
	for n := range reported {
		reported[n] = playOn("c-1", fmt.Sprintf("p-%d", n), 0)
	}
	d := newBroker(t, setup{partitions: 1, now: began})
	d.publish(append(slices.Repeat(applied[:1], plays), applied...))
	d.publish(reported)
	d.begin(topics.Budgets)
	d.ready()
	d.settle()
	if counts := d.counted(topics.Budgets); counts[budget.Valid.String()] != plays {
		t.Errorf("of %d plays: %v", plays, counts)
	}
}

// TestMoreIsHeldOfWhatLayThereAtTheClaim: there are no transitions yet, since what makes them is behind as well.
func TestMoreIsHeldOfWhatLayThereAtTheClaim(t *testing.T) {
	const plays = budget.HeldMax + 50
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))})
	reported := make([]topics.Record, plays)
	for n := range reported {
		reported[n] = playOn("c-1", fmt.Sprintf("p-%d", n), 0)
	}
	d.publish(reported)
	d.begin(topics.Budgets)
	d.ready()
	d.settle()
	d.begin(topics.Timers)
	d.begin(topics.Lifecycle)
	d.ready()
	d.publish([]topics.Record{definedAs("c-1", 1)})
	d.settle()
	d.drive(instant.Of(time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC)))
	d.settle()
	statements := byTopic(d.outputs())[topics.CampaignStatements]
	if len(statements) != 1 || statementOf(t, statements[0]).Plays != plays {
		t.Errorf("%d statements; of %d plays: %v", len(statements), plays, d.counted(topics.Budgets))
	}
}

// TestTheHourOfAHoldBeginsWhenTheInputsAreCaughtUpWith: plays are held, and then nothing runs for longer than that: neither what
// would have scheduled their campaign, nor what holds them.
func TestTheHourOfAHoldBeginsWhenTheInputsAreCaughtUpWith(t *testing.T) {
	began := instant.Of(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))
	d := newBroker(t, setup{partitions: 1, now: began})
	d.begin(topics.Budgets)
	d.ready()
	d.publish([]topics.Record{playOn("c-1", "p-1", 0), playOn("c-2", "p-1", 0)})
	d.settle()
	d.halt(topics.Budgets)
	back := began.Add(3 * budget.Hold)
	d.drive(back)
	d.start(d.setup.settings)
	d.publish([]topics.Record{definedAs("c-1", 1)})
	d.settle()
	d.drive(back.Add(budget.Hold - 1))
	d.settle()
	if got := d.counted(topics.Budgets)[budget.UnknownCampaign.String()]; got != 0 {
		t.Errorf("%d plays were refused within the hour", got)
	}
	d.drive(back.Add(budget.Hold))
	d.settle()
	if got := d.counted(topics.Budgets)[budget.UnknownCampaign.String()]; got != 1 {
		t.Errorf("%d plays were refused after the hour; want 1", got)
	}
	d.drive(instant.Of(time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC)))
	d.settle()
	statements := byTopic(d.outputs())[topics.CampaignStatements]
	if len(statements) != 1 || statementOf(t, statements[0]).Plays != 1 {
		t.Errorf("%d statements", len(statements))
	}
}
