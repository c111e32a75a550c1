package engine_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// What callbacks want done at the commit is done once, in their order, and not at all for a transaction that was aborted: its
// records come again, and with them what they want.
func TestOnCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	var mu sync.Mutex
	var asked, done []string
	later := func(ctx engine.Context, what string) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, what)
		engine.OnCommit(ctx, func() {
			mu.Lock()
			defer mu.Unlock()
			done = append(done, what)
		})
	}
	b.cluster.Fault(kfake.Fault{Keys: keys(kmsg.TxnOffsetCommit), Err: kerr.IllegalGeneration})
	b.set(alarm("k", testStart), alarm("l", testStart+10))
	p := b.start("a", alarms(hooks{
		setting: func(ctx engine.Context, _ string) { later(ctx, "set "+ctx.Key()) },
		timer:   func(ctx engine.Context, _ instant.Instant) { later(ctx, "ring "+ctx.Key()) },
	}))
	b.await("what was set has rung", func() bool { return p.sum().timers == 1 })
	b.clock.Set(testStart + 10)
	b.await("the other one, too", func() bool { return p.sum().timers == 2 })
	b.stop(p)
	if want := []string{"set k", "set l", "ring k", "ring l"}; !slices.Equal(done, want) {
		t.Errorf("done is %q, want %q", done, want)
	}
	if len(p.aborted) == 0 || len(asked) <= len(done) {
		t.Errorf("nothing was aborted: asked for is %q", asked)
	}
}
