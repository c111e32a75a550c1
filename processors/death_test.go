package processors_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// death is the end of a process that is killed.
type death struct {
	of    *brokerDeployment
	short string
	run   *runningEngine
	died  chan struct{}
}

// doomed begins a group, and kills its process at the first step of which at says so. A change makes its transactions small, so
// that one death leaves enough to do.
func (d *brokerDeployment) doomed(short string, change func(*engine.Config), at func(engine.Step) bool) *death {
	d.t.Helper()
	cord := &cord{conns: make(map[net.Conn]bool)}
	died := make(chan struct{})
	var dead atomic.Bool
	configure := d.configure
	d.configure = func(c *engine.Config) {
		change(c)
		speakTo(d.grave, c)
		c.Connect = append(c.Connect, kgo.Dialer(cord.dial))
		c.Reached = func(step engine.Step) {
			if !dead.Load() && at(step) && dead.CompareAndSwap(false, true) {
				cord.cut()
				close(died)
			}
		}
	}
	d.begin(short)
	d.configure = configure
	return &death{of: d, short: short, run: d.running[short], died: died}
}

// speakTo has an engine that may outlive a test, and that fails on purpose, speak to the one around it.
func speakTo(t *testing.T, c *engine.Config) {
	c.Log = zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	c.Observe.Restarted = func(cause string) { t.Logf("the doomed had to join again: %s", cause) }
	c.Observe.Aborted = func(cause string) { t.Logf("the doomed aborted a transaction: %s", cause) }
}

// comes waits for the death. Nobody waits for what is left of the process before all tests of its kind are done: without brokers
// an engine tries for seconds to end its transaction, and no successor needs to know.
func (x *death) comes() {
	d := x.of
	d.t.Helper()
	within(d.t, "it dies", x.died)
	x.run.cancel()
	delete(d.running, x.short)
	d.grave.Cleanup(func() { <-x.run.done })
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
