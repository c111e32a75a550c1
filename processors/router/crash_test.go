package router_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors/router"
)

// A process may die at any step between a poll and a commit, and its successor at the same one: each command is in its
// store's topic once, and in order.
func TestAProcessMayDieAtEachStep(t *testing.T) {
	t.Parallel()
	for _, step := range router.Steps() {
		for _, successor := range []string{"a", "b"} { // under its name, and under another one
			t.Run(string(step)+", "+successor, func(t *testing.T) {
				t.Parallel()
				b := newBench(t)
				b.stores("s", 12, 2, 2)
				for _, name := range []string{"a", successor} {
					b.doomed(name, step)
				}
				b.start(successor)
				b.stores("s", 12, 2, 1)
				b.settled()
			})
		}
	}
}

// doomed runs a process until it dies at a step, in its second transaction. Transactions are small, so that one death leaves
// enough to do for the next.
func (b *bench) doomed(name string, step router.Step) {
	b.t.Helper()
	died, started := make(chan struct{}), make(chan struct{})
	var p *process
	var times atomic.Int32
	p = b.start(name, small, func(c *router.Config) {
		c.SessionTimeout = 600 * time.Millisecond
		c.Reached = func(at router.Step) {
			last := int32(2)
			if at == router.StepPolled {
				last = 1
			}
			if at == step && times.Add(1) == last {
				<-started
				p.kill()
				close(died)
			}
		}
	})
	close(started)
	select {
	case <-died:
	case <-b.ctx.Done():
		b.t.Fatalf("it does not come to %s", step)
	}
}

func small(c *router.Config) { c.TopicsMax, c.RecordsMax = 2, 100 }

// TestAZombieCommitsNothing: a process that is stopped past its session, in the middle of a transaction, and goes on.
func TestAZombieCommitsNothing(t *testing.T) {
	t.Parallel()
	for _, step := range []router.Step{router.StepBegun, router.StepProduced, router.StepFlushed, router.StepOffsets} {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.stores("s", 12, 2, 2)
			stopped, goOn := make(chan struct{}), make(chan struct{})
			var times atomic.Int32
			started := make(chan struct{})
			var first *process
			first = b.start("a", small, func(c *router.Config) {
				c.SessionTimeout = 600 * time.Millisecond
				c.Reached = func(at router.Step) {
					if at == step && times.Add(1) == 2 {
						<-started
						first.wire.freeze()
						close(stopped)
						<-goOn
					}
				}
			})
			close(started)
			select {
			case <-stopped:
			case <-b.ctx.Done():
				t.Fatal("it does not come so far")
			}
			second := b.start("b", small)
			b.ready(second)
			b.settled()
			first.wire.thaw()
			close(goOn)
			b.ready(first, second)
			b.stores("s", 12, 2, 1)
			b.settled()
		})
	}
}

// TestProcessesComeAndGo while commands come: a clean hand-over, both ways.
func TestProcessesComeAndGo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.start("a", small)
	b.stores("s", 8, 2, 2)
	for range 3 {
		second := b.start("b", small)
		b.stores("s", 8, 2, 2)
		b.ready(first, second)
		b.stores("s", 8, 2, 2)
		b.stop(first)
		b.stores("s", 8, 2, 2)
		b.ready(second)
		first = b.start("a", small)
		b.ready(first, second)
		b.stores("s", 8, 2, 2)
		b.stop(second)
	}
	b.ready(first)
	b.settled()
}
