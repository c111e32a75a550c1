package torture

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
)

// nemesis does what the plan says.
type nemesis struct {
	cluster *kafkatest.Cluster
	links   *links
	engines []*engine
	client  *client
	admin   *admin
	say     func(format string, args ...any)

	mu sync.Mutex
	// spans are when something was broken, in ms, with what healing took.
	spans []span
	// rejoined are when members came anew to the group, whatever the reason.
	rejoined []span
	// losses are the moments at which a process stopped working, with the partitions of the sequencer that it owned.
	losses []loss
	done   map[Kind]int
	errs   []error
	// busy keeps two faults off one process, and off the brokers.
	busy    []sync.Mutex
	downing sync.Mutex
}

// span is a stretch of time, in ms since 1970.
type span struct{ from, to int64 }

// loss is a process that stopped working at an instant, and what it owned.
type loss struct {
	at         int64
	what       string
	partitions []int32
}

func newNemesis(c *kafkatest.Cluster, l *links, engines []*engine, cl *client, a *admin, say func(string, ...any)) *nemesis {
	return &nemesis{cluster: c, links: l, engines: engines, client: cl, admin: a, say: say, done: map[Kind]int{},
		busy: make([]sync.Mutex, len(engines))}
}

// run does all faults, each at its time from now on, and returns when all of them are healed.
func (n *nemesis) run(ctx context.Context, plan []Fault) {
	began := time.Now()
	var all sync.WaitGroup
	for _, f := range plan {
		if !pause(ctx, time.Until(began.Add(f.At))) {
			break
		}
		all.Go(func() { n.do(ctx, f) })
	}
	all.Wait()
}

// pause waits; false when the context has ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (n *nemesis) do(ctx context.Context, f Fault) {
	n.say("%s", f)
	from := time.Now().UnixMilli()
	err := n.fault(ctx, f)
	if err != nil {
		err = fmt.Errorf("doing %s: %w", f.Kind, err)
		n.say("%v", err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.spans = append(n.spans, span{from, time.Now().UnixMilli()})
	n.done[f.Kind]++
	if err != nil {
		n.errs = append(n.errs, err)
	}
}

func (n *nemesis) fault(ctx context.Context, f Fault) error {
	switch f.Kind {
	case KillProcess, KillCommitter, KillTwice, StopProcess, PauseProcess:
		n.busy[f.Process].Lock()
		defer n.busy[f.Process].Unlock()
		return n.process(ctx, f)
	case Storm:
		return n.storm(ctx, f)
	case KillBroker, KillBrokers:
		n.downing.Lock()
		defer n.downing.Unlock()
		return n.brokers(ctx, f)
	case CutLink, Isolate, SlowLink, ThinLink, HalfOpenLink:
		return n.link(ctx, f)
	case ReplayInputs:
		n.say("replayed %d inputs", n.client.replay())
		return nil
	}
	return fmt.Errorf("doing %q: no such fault", f.Kind)
}

// process does a fault at a process and heals it.
func (n *nemesis) process(ctx context.Context, f Fault) error {
	e := n.engines[f.Process]
	switch f.Kind {
	case StopProcess:
		if err := e.stop(); err != nil {
			return err
		}
		pause(ctx, f.Length)
		return e.start()
	case PauseProcess:
		if err := n.losing(ctx, f, e.pause); err != nil {
			return err
		}
		pause(ctx, f.Length)
		return e.resume()
	}
	if err := n.losing(ctx, f, func() error { return kill(ctx, f, e) }); err != nil {
		return err
	}
	if f.Kind != KillTwice {
		pause(ctx, f.Length)
		return e.start()
	}
	if err := e.start(); err != nil {
		return err
	}
	pause(ctx, time.Duration(f.Amount)*time.Millisecond)
	if err := e.kill(); err != nil {
		return err
	}
	pause(ctx, 500*time.Millisecond)
	return e.start()
}

// kill kills a process, KillCommitter at its moment: what it owns was asked for before, since the answer may take long.
func kill(ctx context.Context, f Fault, e *engine) error {
	if f.Kind == KillCommitter {
		pause(ctx, time.Until(time.Now().Truncate(time.Second).Add(time.Second+15*time.Millisecond)))
	}
	return e.kill()
}

// losing does something that stops a process from working, and notes what it owned.
func (n *nemesis) losing(ctx context.Context, f Fault, do func() error) error {
	partitions := n.admin.owned(ctx, n.engines[f.Process].instance)
	if err := do(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	what := fmt.Sprintf("%s engine-%d", f.Kind, f.Process+1)
	n.losses = append(n.losses, loss{time.Now().UnixMilli(), what, partitions})
	return nil
}

// storm lets members come and go faster than the group settles.
func (n *nemesis) storm(ctx context.Context, f Fault) error {
	var failures error
	for i := range f.Amount {
		target := (f.Process + i) % len(n.engines)
		n.busy[target].Lock()
		e := n.engines[target]
		switch i % 3 {
		case 0:
			failures = errors.Join(failures, e.kill(), e.start())
		case 1:
			failures = errors.Join(failures, e.pause())
			pause(ctx, 700*time.Millisecond)
			failures = errors.Join(failures, e.resume())
		case 2:
			failures = errors.Join(failures, e.stop(), e.start())
		}
		n.busy[target].Unlock()
		pause(ctx, f.Length/time.Duration(f.Amount)-700*time.Millisecond)
	}
	return failures
}

// brokers kills one or two brokers, and starts them again.
func (n *nemesis) brokers(ctx context.Context, f Fault) error {
	victims := []int{n.admin.broker(ctx, f.Target)}
	if f.Kind == KillBrokers {
		victims = append(victims, (victims[0]+1)%brokers)
	}
	names := make([]string, len(victims))
	var failures error
	for i, v := range victims {
		names[i] = fmt.Sprint(v + 1)
		failures = errors.Join(failures, n.cluster.Kill(v))
		n.links.refuse(v)
	}
	n.say("killed broker %s", strings.Join(names, " and "))
	pause(ctx, f.Length)
	reopened := make(chan error, 1)
	go func() { reopened <- n.links.reopen(ctx, victims) }()
	return errors.Join(failures, n.cluster.Restart(victims...), <-reopened)
}

// link does a fault at one link, or at all of a process, and heals it.
func (n *nemesis) link(ctx context.Context, f Fault) error {
	hit := n.links.all[f.Process][f.Broker : f.Broker+1]
	if f.Kind == Isolate {
		hit = n.links.all[f.Process]
	}
	var failures error
	for _, l := range hit {
		switch f.Kind {
		case CutLink, Isolate:
			l.cut()
		case SlowLink:
			half := fmt.Sprintf(`"latency":%d,"jitter":%d`, f.Amount/2, f.Amount/4)
			failures = errors.Join(failures, l.toxic("latency", "upstream", half), l.toxic("latency", "downstream", half))
		case ThinLink:
			rate := fmt.Sprintf(`"rate":%d`, f.Amount)
			failures = errors.Join(failures, l.toxic("bandwidth", "upstream", rate), l.toxic("bandwidth", "downstream", rate))
		case HalfOpenLink:
			direction := "downstream"
			if f.Upstream {
				direction = "upstream"
			}
			failures = errors.Join(failures, l.toxic("timeout", direction, `"timeout":0`))
		}
	}
	pause(ctx, f.Length)
	for _, l := range hit {
		failures = errors.Join(failures, l.heal())
	}
	return failures
}

// calm says whether nothing was broken at an instant, nor within a while before, and nobody came anew to the group.
func (n *nemesis) calm(at int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	loud := func(s span) bool { return s.from <= at && at <= s.to+calmAfter.Milliseconds() }
	return !slices.ContainsFunc(n.spans, loud) && !slices.ContainsFunc(n.rejoined, loud)
}

// calmAfter is how long after a fault its consequences may last: a new owner waits for up to 30 s for what lies in others'
// partitions.
const calmAfter = 45 * time.Second
