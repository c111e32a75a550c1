package processors_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestALockWaitsForThePlaysThatAreThere: when the settlement is read, plays lie unread, in the partition beside it or where a
// foreign partitioner has put them. They came before the lock, so they count.
func TestALockWaitsForThePlaysThatAreThere(t *testing.T) {
	for _, c := range []struct {
		what       string
		partitions int32
		campaign   string
	}{
		{"in the partition beside it", 1, "c-1"},
		{"in another partition", 2, keyIn(t, 1, 2)},
	} {
		t.Run(c.what, func(t *testing.T) { lockWaits(t, c.partitions, c.campaign) })
	}
}

// keyIn returns a campaign whose key belongs to a partition.
func keyIn(t *testing.T, partition, partitions int32) string {
	t.Helper()
	for n := range 1000 {
		if id := fmt.Sprintf("c-%d", n); topics.PartitionOf([]byte(id), partitions) == partition {
			return id
		}
	}
	t.Fatal("no key belongs there")
	return ""
}

func lockWaits(t *testing.T, partitions int32, id string) {
	const unread = 59
	d := newBroker(t, setup{partitions: partitions, now: instant.Of(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))})
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
	defined := definedAs(id, 1)
	defined.Partition = byKey
	d.publish([]topics.Record{defined})
	d.settle()
	armed.Store(true)
	d.publish([]topics.Record{playOn(id, "p-0", 0)}) // as all plays, in partition 0
	within(t, "budgets is held", holding)
	for n := range unread {
		d.publish([]topics.Record{playOn(id, fmt.Sprintf("p-%d", n+1), n)})
	}
	d.drive(instant.Of(time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC)))
	d.settled(topics.Timers, d.timersAtRest)
	d.settled(topics.Lifecycle, d.lifecycleAtRest)
	close(release)
	d.settle()
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

// TestNoLockIsEarlyForABacklog: the settlement lies behind an outage, and the plays of another partition take longer than a lock
// waits for. The campaign's own partition has been caught up with long before.
func TestNoLockIsEarlyForABacklog(t *testing.T) {
	const plays = 1000
	id, other := keyIn(t, 0, 2), keyIn(t, 1, 2)
	d := newBroker(t, setup{partitions: 2, now: instant.Of(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))})
	d.begin(topics.Timers)
	d.begin(topics.Lifecycle)
	d.ready()
	defined := definedAs(id, 1)
	defined.Partition = byKey
	d.publish([]topics.Record{defined})
	ended := instant.Of(time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC))
	d.drive(ended)
	d.settled(topics.Timers, d.timersAtRest)
	d.settled(topics.Lifecycle, d.lifecycleAtRest)
	reported := make([]topics.Record, plays)
	for n := range reported {
		reported[n] = playOn(other, fmt.Sprintf("p-%d", n), 0)
		reported[n].Partition = 1
	}
	d.publish(reported)
	transitions, noted := d.reading.counts[topics.TransitionsApplied], 0
	looked := d.looksForStrays(topics.CampaignEngineBudgetsLoop)
	d.configure = func(c *engine.Config) {
		c.RecordsMax = 1
		counted := c.Observe.Counted
		c.Observe.Counted = func(byName map[string]int) {
			counted(byName)
			before := noted
			if noted += byName[processors.Noted]; before < transitions && noted == transitions {
				// The settlement is read, and few of the plays. As soon as this goes on, the campaign's own partition may fire.
				select {
				case <-looked:
				case <-t.Context().Done():
				}
				d.drive(ended.Add(2 * budget.LockWaitMax))
			}
		}
	}
	d.begin(topics.Budgets)
	d.ready()
	d.settle()
	if counts := d.counted(topics.Budgets); counts[processors.Locked] != 1 || counts[processors.LockedEarly] != 0 {
		t.Errorf("it was locked early: %v", counts)
	}
}

// latestOffset asks for the end of a partition (KIP-79).
const latestOffset = -1

// looksForStrays returns a channel that is closed when a group asks for the end of its loop: from then on nothing is on its way
// to its partitions by it.
func (d *brokerDeployment) looksForStrays(loop topics.Name) <-chan struct{} {
	looked := make(chan struct{})
	var once sync.Once
	d.cluster.ControlKey(int16(kmsg.ListOffsets), func(request kmsg.Request) (kmsg.Response, error, bool) {
		asked, is := request.(*kmsg.ListOffsetsRequest)
		if !is || asked.IsolationLevel != 0 { // the other one is how this test reads
			return nil, nil, false
		}
		for _, topic := range asked.Topics {
			if topic.Topic == string(loop) && topic.Partitions[0].Timestamp == latestOffset {
				once.Do(func() { close(looked) })
			}
		}
		return nil, nil, false
	})
	return looked
}
