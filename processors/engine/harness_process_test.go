package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// process is one engine that takes part in the group, with what it told its observer.
type process struct {
	engine *engine.Engine
	wire   *wire
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // what Run returned, once ended is closed

	mu        sync.Mutex
	assigned  []int
	commits   []commit
	recovered int
	fenced    []string
	aborted   []string
	restarted []string
	jumps     []time.Duration
}

type commit struct{ records, timers, rows int }

// start runs an engine under an instance name. Batches are committed at once, so that nothing waits for the clock.
func (b *bench) start(name string, graph *goka.GroupGraph, change ...func(*engine.Config)) *process {
	b.t.Helper()
	return b.startUntil(b.t, name, graph, change...)
}

// startUntil is start of a process that is waited for at the end of a test that may be one around the bench's.
func (b *bench) startUntil(end *testing.T, name string, graph *goka.GroupGraph, change ...func(*engine.Config)) *process {
	b.t.Helper()
	p := &process{wire: newWire(), ended: make(chan struct{})}
	config := engine.Config{
		Connect:        []kgo.Opt{kgo.SeedBrokers(b.brokers...), kgo.Dialer(p.wire.dial)},
		Instance:       name,
		Clock:          b.clock,
		CommitInterval: -1,
		SessionTimeout: 3 * time.Second,
		Log:            zerolog.New(zerolog.NewTestWriter(end)).Level(zerolog.WarnLevel).With().Str("process", name).Logger(),
		Observe:        p.observer(),
	}
	for _, f := range change {
		f(&config)
	}
	e, err := engine.New(config, graph)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.engine, p.cancel = e, cancel
	go func() {
		defer close(p.ended)
		p.err = e.Run(ctx)
	}()
	end.Cleanup(func() {
		for _, h := range b.holdups {
			h.free()
		}
		p.wire.letGo()
		p.wire.thaw()
		cancel()
		<-p.ended
	})
	return p
}

func (p *process) observer() engine.Observer {
	return engine.Observer{
		Committed: func(records, timers, rows int, _, _ time.Duration) {
			p.note(func() { p.commits = append(p.commits, commit{records, timers, rows}) })
		},
		Aborted:   func(cause string) { p.note(func() { p.aborted = append(p.aborted, cause) }) },
		Recovered: func(_ int32, rows int, _ time.Duration) { p.note(func() { p.recovered += rows }) },
		Fenced:    func(id string) { p.note(func() { p.fenced = append(p.fenced, id) }) },
		ClockJump: func(by time.Duration) { p.note(func() { p.jumps = append(p.jumps, by) }) },
		Assigned:  func(partitions int) { p.note(func() { p.assigned = append(p.assigned, partitions) }) },
		Restarted: func(cause string) { p.note(func() { p.restarted = append(p.restarted, cause) }) },
	}
}

func (p *process) note(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// owns returns how many partitions the process was given last.
func (p *process) owns() (count int) {
	p.note(func() {
		if len(p.assigned) > 0 {
			count = p.assigned[len(p.assigned)-1]
		}
	})
	return count
}

// assignments returns how often the process was given partitions.
func (p *process) assignments() (count int) {
	p.note(func() { count = len(p.assigned) })
	return count
}

// aborts returns how many transactions were taken back.
func (p *process) aborts() (count int) {
	p.note(func() { count = len(p.aborted) })
	return count
}

// sum adds up what was committed.
func (p *process) sum() (all commit) {
	p.note(func() {
		for _, c := range p.commits {
			all.records, all.timers, all.rows = all.records+c.records, all.timers+c.timers, all.rows+c.rows
		}
	})
	return all
}

// told waits until the process has told of so many timers; a reader may see a commit a moment earlier.
func (b *bench) told(timers int, processes ...*process) {
	b.t.Helper()
	sum := func() (sum int) {
		for _, p := range processes {
			sum += p.sum().timers
		}
		return sum
	}
	b.await("all commits are told of", func() bool { return sum() >= timers })
	if got := sum(); got > timers {
		b.t.Errorf("%d timers were committed, not %d", got, timers)
	}
}

func (p *process) ids() (fenced []string) {
	p.note(func() { fenced = slices.Clone(p.fenced) })
	return fenced
}

// restarts returns how often a session ended for a reason that holds text.
func (p *process) restarts(text string) (count int) {
	p.note(func() {
		for _, cause := range p.restarted {
			if strings.Contains(cause, text) {
				count++
			}
		}
	})
	return count
}

// ready waits until the processes share all partitions and have recovered them.
func (b *bench) ready(partitions int, processes ...*process) {
	b.t.Helper()
	b.await("all partitions are owned and recovered", func() bool {
		sum := 0
		for _, p := range processes {
			if p.engine.Ready() != nil {
				return false
			}
			sum += p.owns()
		}
		return sum == partitions
	})
}

// stop ends a process as SIGTERM does, and waits.
func (b *bench) stop(p *process) {
	b.t.Helper()
	p.cancel()
	if err := b.end(p); err != nil {
		b.t.Fatalf("ending a process: %v", err)
	}
}

// end waits until a process has ended, and returns why.
func (b *bench) end(p *process) error {
	b.t.Helper()
	b.signal("a process ends", p.ended)
	return p.err
}

// kill ends a process as kill -9 does, as far as a broker can tell: its connections are gone, it says nothing more, and
// what it had begun stays. It does not wait: inside, the process still finds out.
func (b *bench) kill(p *process) {
	p.wire.cut(errors.New("the process was killed"))
	p.cancel()
}

func TestConfigIsChecked(t *testing.T) {
	b := newBench(t, 1)
	for _, c := range []struct {
		name   string
		config engine.Config
	}{
		{"no instance", engine.Config{Clock: b.clock}},
		{"no clock", engine.Config{Instance: "a"}},
	} {
		if _, err := engine.New(c.config, alarms(hooks{})); err == nil {
			t.Errorf("%s: New accepts it", c.name)
		}
	}
	withoutTable := goka.DefineGroup(testGroup,
		goka.Input(testInput, engine.TimerCodec{}, func(goka.Context, any) {}),
		engine.OnTimer(testGroup, func(goka.Context, any) {}))
	if _, err := engine.New(engine.Config{Instance: "a", Clock: b.clock}, withoutTable); err == nil {
		t.Error("New accepts timers without a table")
	}
}
