package processors_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// A process may die at any step between a poll and a commit, while plays and settlements are read and while counts are locked,
// and its successor at the same one: what is told, and what the rows hold, is what they would be without the deaths.
func TestAccountsOutliveAProcessAtEachStep(t *testing.T) {
	t.Parallel()
	inputs := newAccountInputs(t)
	want := accountsTold(inputs.budgetsAlone(t))
	for _, step := range engine.Steps() {
		for _, phase := range []string{"reading", "locking"} {
			if phase == "locking" && readingOnly[step] || phase == "reading" && step == engine.StepFired {
				continue
			}
			t.Run(fmt.Sprintf("%s, %s", step, phase), func(t *testing.T) {
				t.Parallel()
				d := inputs.deployment(t)
				d.faulty, d.uncounted = true, true
				for range 2 {
					d.dies(step, phase)
				}
				d.configure = nil
				d.begin(topics.Budgets)
				d.ready()
				d.settle()
				inputs.lateOnes(d)
				same(t, want, accountsTold(d))
			})
		}
	}
}

// readingOnly are the steps that come when there is something to read.
var readingOnly = map[engine.Step]bool{engine.StepPolled: true, engine.StepMoved: true, engine.StepRead: true}

// dies runs budgets until it reaches a step, and kills it there. Its transactions are small, so that one death leaves enough to do.
func (d *brokerDeployment) dies(step engine.Step, phase string) {
	d.t.Helper()
	cord := &cord{conns: make(map[net.Conn]bool)}
	died, started := make(chan struct{}), make(chan struct{})
	var locking, dead atomic.Bool
	locking.Store(phase != "locking")
	d.configure = func(c *engine.Config) {
		c.TimersMax, c.RecordsMax = 4, 10
		c.Connect = append(c.Connect, kgo.Dialer(cord.dial))
		c.Reached = func(at engine.Step) {
			if at == engine.StepFired {
				locking.Store(true)
			}
			if at == step && locking.Load() && dead.CompareAndSwap(false, true) {
				<-started
				cord.cut()
				close(died)
			}
		}
	}
	d.begin(topics.Budgets)
	doomed := d.running[topics.Budgets]
	close(started)
	within(d.t, "it dies", died)
	doomed.cancel()
	delete(d.running, topics.Budgets)
	d.t.Cleanup(func() { <-doomed.done })
}

// within waits for a signal.
func within(t *testing.T, what string, signal <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), brokerDeadline)
	defer cancel()
	select {
	case <-signal:
	case <-ctx.Done():
		t.Fatalf("still waiting after %s: %s", brokerDeadline, what)
	}
}

// cord holds the connections of one process, so that they can be cut for good.
type cord struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
	gone  bool
}

var errCut = errors.New("the process was killed")

func (c *cord) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil, errors.Join(errCut, conn.Close())
	}
	c.conns[conn] = true
	return conn, nil
}

func (c *cord) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	for conn := range c.conns {
		_ = conn.Close()
	}
}
