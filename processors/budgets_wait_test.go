package processors_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestALockWaitsForThePlaysThatAreThere: when the settlement is read, plays lie unread in the partition beside it. They came before the
// lock, so they count.
func TestALockWaitsForThePlaysThatAreThere(t *testing.T) {
	const unread = 59
	d := newBroker(t, setup{partitions: 1, now: instant.Of(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))})
	var armed, held atomic.Bool
	holding, release := make(chan struct{}), make(chan struct{})
	d.configure = func(c *engine.Config) {
		c.RecordsMax = 5
		c.Reached = func(at engine.Step) {
			if armed.Load() && at == engine.StepKept && held.CompareAndSwap(false, true) {
				close(holding)
				<-release
			}
		}
	}
	d.begin(topics.Budgets)
	d.configure = nil
	d.begin(topics.Timers)
	d.begin(topics.Lifecycle)
	d.ready()
	d.publish([]topics.Record{definedAs("c-1", 1)})
	d.settle()
	armed.Store(true)
	d.publish([]topics.Record{playOn("c-1", "p-0", 0)})
	within(t, "budgets is held", holding)
	for n := range unread {
		d.publish([]topics.Record{playOn("c-1", fmt.Sprintf("p-%d", n+1), n)})
	}
	end := instant.Of(time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC))
	d.drive(end)
	d.settled(topics.Timers, d.timersAtRest)
	d.settled(topics.Lifecycle, d.lifecycleAtRest)
	close(release)
	d.settle()
	for n := range 10 { // it tries again after a while, and a longer one
		d.drive(end.Add(instant.Millis(200 << n)))
		d.settle()
	}
	statements := byTopic(d.outputs())[topics.CampaignStatements]
	if len(statements) != 1 {
		t.Fatalf("there are %d statements", len(statements))
	}
	if got := statementOf(t, statements[0]); got.Plays != unread+1 || d.counted(topics.Budgets)[processors.LockedEarly] != 0 {
		t.Errorf("%d plays count; %v", got.Plays, d.counted(topics.Budgets))
	}
}

// settled waits until one group is at rest.
func (d *brokerDeployment) settled(short string, atRest func(context.Context) string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), brokerDeadline)
	defer cancel()
	for why := atRest(ctx); why != ""; why = atRest(ctx) {
		select {
		case <-d.changed:
			d.alive()
		case <-ctx.Done():
			d.t.Fatalf("%s: still waiting after %s: %s", short, brokerDeadline, why)
		}
	}
}
