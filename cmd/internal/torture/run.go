package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/torture/oracle"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Options say what a run is like.
type Options struct {
	Seed   uint64
	Length time.Duration // of load and faults; what comes after takes a minute more
	Plan   []Fault
	// Calm is how much longer the load goes on when nothing is broken any more: what the contract allows after a takeover
	// alone is looked for from calmAfter on.
	Calm time.Duration
	// PerSecond is how many campaigns begin each second; each has about 2.5 inputs.
	PerSecond float64
	// Untransacted builds an engine that commits nothing in transactions.
	Untransacted bool
}

const (
	partitions = 8
	// How many campaigns begin each second, in the long form and in the short one, which has a length of its own.
	longPerSecond, shortPerSecond = 60, 40
	shortLength                   = 50 * time.Second
	longCalm                      = calmAfter + 20*time.Second
	// lead and grace are short, so that each campaign's transitions come one after the other within a run.
	lead, grace = 1500 * time.Millisecond, 700 * time.Millisecond
	// poisoned is how many broken inputs there are for each campaign.
	poisoned = 0.04
	// readyMax, healMax and readMax bound what is waited for.
	readyMax = 2 * time.Minute
	healMax  = 3 * time.Minute
	readMax  = 2 * time.Minute
	// pendingCount campaigns wait while an engine is rebuilt from nothing, and begin pendingIn after they were published.
	pendingCount = 300
	pendingIn    = 10 * time.Second
)

// run is one run on its way.
type run struct {
	t       proctest.TB
	options Options
	report  *Report
	logs    string // folder

	links    *links
	cluster  *kafkatest.Cluster
	engines  []*engine
	rebuilt  *engine
	client   *client
	admin    *admin
	nemesis  *nemesis
	author   *author
	evidence *evidence
	until    int64
	// unwatch ends the look at who joins the group.
	unwatch func()
}

// Run does a run and reports what the oracle says of it. What keeps it from being done fails the test.
func Run(ctx context.Context, t proctest.TB, o Options) *Report {
	t.Helper()
	r := &run{
		t: t, options: o, author: newAuthor(o.Seed), evidence: newEvidence(),
		report: &Report{Seed: o.Seed, Minutes: o.Length.Minutes(), Untransacted: o.Untransacted},
	}
	r.build()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"starting", r.start}, {"tormenting", r.torment}, {"healing", r.heal}, {"rebuilding", r.rebuild},
		{"reading the topics", r.read}, {"replaying", r.replay},
	} {
		t.Logf("%s: %s", time.Now().UTC().Format("15:04:05.000"), step.name)
		if err := step.do(ctx); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
	}
	r.judge()
	return r.report
}

func instanceOf(process int) string { return fmt.Sprintf("engine-%d", process+1) }

// build makes the program, the links and the processes; nothing runs yet.
func (r *run) build() {
	var flags []string
	if r.options.Untransacted {
		flags = []string{"-tags", "untransacted"}
	}
	binary := proctest.Build(r.t, "github.com/rmn-arms/campaign-engine/cmd/campaignd", flags...)
	r.logs = filepath.Join(os.TempDir(), "campaign-torture", fmt.Sprintf("%d-%d", r.options.Seed, os.Getpid()))
	if err := os.MkdirAll(r.logs, 0o755); err != nil {
		r.t.Fatalf("%v", err)
	}
	r.t.Cleanup(r.keepLogs)
	r.links = newLinks(r.t, processes, brokers)
	r.cluster = kafkatest.Start(r.t, kafkatest.Options{Brokers: brokers, Listeners: r.links.listeners()})
	r.links.open(r.t, r.cluster)
	args := []string{
		"--partitions", strconv.Itoa(partitions), "--distribution-lead", lead.String(), "--settlement-grace", grace.String(),
	}
	for p := range processes {
		r.engines = append(r.engines, newEngine(r.t, binary, instanceOf(p), r.logs, r.links.addresses(p), args...))
	}
	r.rebuilt = newEngine(r.t, binary, "rebuilt", r.logs, r.cluster.Brokers(), args...)
}

// start brings everything up.
func (r *run) start(ctx context.Context) (err error) {
	if r.admin, err = newAdmin(r.cluster.Brokers()); err != nil {
		return err
	}
	r.t.Cleanup(r.admin.kafka.Close)
	if r.client, err = connect(r.cluster.Brokers(), partitions); err != nil {
		return err
	}
	r.t.Cleanup(r.client.kafka.Close)
	for _, e := range r.engines {
		if err := e.start(); err != nil {
			return err
		}
	}
	for _, e := range r.engines {
		if err := e.ready(readyMax); err != nil {
			return err
		}
	}
	r.nemesis = newNemesis(r.cluster, r.links, r.engines, r.client, r.admin, r.say)
	watching, end := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.watchRejoins(watching)
	}()
	r.unwatch = func() {
		end()
		<-ended
	}
	r.t.Cleanup(r.unwatch)
	return nil
}

func (r *run) say(format string, args ...any) {
	r.t.Logf("%s: %s", time.Now().UTC().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

// torment lets the load and the nemesis loose, side by side.
func (r *run) torment(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var both sync.WaitGroup
	both.Go(func() { r.nemesis.run(ctx, r.options.Plan) })
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.watch(ctx)
	}()
	load := &load{author: r.author, client: r.client, perSecond: r.options.PerSecond, poison: poisoned}
	_, err := load.run(ctx, time.Now().Add(r.options.Length+r.options.Calm))
	both.Wait()
	cancel()
	<-watched
	return err
}

// watch looks at the processes each second.
func (r *run) watch(ctx context.Context) {
	for pause(ctx, time.Second) {
		for _, e := range r.engines {
			if err := e.watch(); err != nil {
				r.say("%v", err)
			}
		}
	}
}

// heal waits until nothing is left of any fault, and until what waits for something soon has had its time.
func (r *run) heal(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, healMax)
	defer cancel()
	for _, row := range r.links.all {
		for _, l := range row {
			if err := l.heal(); err != nil {
				return err
			}
		}
	}
	if err := r.cluster.AwaitInSync(ctx); err != nil {
		return err
	}
	if err := r.client.kafka.Flush(ctx); err != nil {
		return fmt.Errorf("flushing the inputs: %w", err)
	}
	r.settled(ctx)
	for _, e := range r.engines {
		if err := e.ready(readyMax); err != nil {
			return err
		}
	}
	r.report.SettledMs = time.Since(began).Milliseconds()
	pause(ctx, time.Until(time.UnixMilli(r.author.last))+time.Second)
	r.settled(ctx)
	return nil
}

// settled waits until nothing is left of any fault: I11. What does not settle is told, and does not keep the oracle from
// looking.
func (r *run) settled(ctx context.Context) {
	if err := r.admin.awaitHealed(ctx); err != nil {
		r.report.others = append(r.report.others, "I11: "+err.Error())
	}
}

// rebuild ends all processes and starts one that has nothing: no data folder, another name. What was pending then must come
// from it.
func (r *run) rebuild(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healMax)
	defer cancel()
	r.unwatch()
	now := time.Now()
	for range pendingCount {
		s := &script{author: r.author, id: fmt.Sprintf("r-%06d", r.author.count), zone: "UTC"}
		r.author.count++
		s.starts = now.Add(pendingIn).UnixMilli() + s.between(0, 3000)
		s.ends = s.starts + 1000
		s.define(now.UnixMilli())
		r.client.publish(&s.inputs[0], false)
	}
	if err := r.client.kafka.Flush(ctx); err != nil {
		return fmt.Errorf("flushing the inputs: %w", err)
	}
	r.settled(ctx)
	for _, e := range r.engines {
		if err := e.stop(); err != nil {
			return err
		}
	}
	began := time.Now()
	if err := errors.Join(r.rebuilt.start(), r.rebuilt.ready(readyMax)); err != nil {
		return err
	}
	r.report.RebuiltMs = time.Since(began).Milliseconds()
	pause(ctx, time.Until(time.UnixMilli(r.author.last))+time.Second)
	r.until = time.Now().UnixMilli() - 500
	r.settled(ctx)
	return nil
}

func (r *run) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readMax)
	defer cancel()
	_, err := r.evidence.gather(ctx, r.admin)
	return err
}

// replay publishes all inputs again: nothing may come of it but dead letters (I8).
func (r *run) replay(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healMax)
	defer cancel()
	r.say("replayed %d inputs", r.client.replay())
	if err := r.client.kafka.Flush(ctx); err != nil {
		return fmt.Errorf("flushing the inputs: %w", err)
	}
	r.settled(ctx)
	if err := r.rebuilt.watch(); err != nil { // it holds all rows now, and nobody has looked at it before
		return err
	}
	came, err := r.evidence.gather(ctx, r.admin)
	if err != nil {
		return err
	}
	for _, sink := range []topics.Name{topics.TransitionsDue, topics.TransitionsApplied, topics.TransitionsRejected} {
		if came[string(sink)] > 0 {
			r.report.findings = append(r.report.findings, oracle.Finding{
				Kind: oracle.Wrong, Invariant: "I8", ID: string(sink),
				What: fmt.Sprintf("a replay of all inputs brought %d records", came[string(sink)]),
			})
		}
	}
	return nil
}

// judge asks the oracle, and says the rest itself.
func (r *run) judge() {
	verdict := oracle.Judge(r.evidence.logs, r.evidence.tables, oracle.Names{
		Events: string(topics.CampaignEvents), Due: string(topics.TransitionsDue), Applied: string(topics.TransitionsApplied),
		Rejected: string(topics.TransitionsRejected), DeadLetters: string(topics.DeadLetters),
	}, oracle.Settings{
		LeadMs: lead.Milliseconds(), GraceMs: grace.Milliseconds(), Partitions: partitions, Until: r.until,
		Calm: r.nemesis.calm,
	})
	report := r.report
	report.take(verdict)
	counts := r.client.count()
	report.Inputs, report.Replayed, report.Faults = counts.Inputs, counts.Replayed, r.nemesis.done
	for _, e := range append(slices.Clone(r.engines), r.rebuilt) {
		failures, rss := e.failures()
		report.others = append(report.others, failures...)
		report.RSSMiB = max(report.RSSMiB, rss)
	}
	for _, err := range r.nemesis.errs {
		report.others = append(report.others, err.Error())
	}
	report.others = append(report.others, r.client.check(r.evidence.logs.Events)...)
	report.calm(r.nemesis.spans, verdict.Timed)
	report.healing(r.nemesis.spans, verdict.Timed)
	report.takeovers(r.nemesis.losses, r.evidence.logs.Due)
	report.sum()
	told := FaultsLine(report.Faults) + "\n" + report.Details() + report.JSON() + "\n"
	if err := os.WriteFile(filepath.Join(r.logs, "report.txt"), []byte(told), 0o644); err != nil {
		r.t.Errorf("%v", err)
	}
}

// keepLogs keeps the processes' logs of a run that has shown something.
func (r *run) keepLogs() {
	if r.t.Failed() || r.report.Violations() > 0 && !r.options.Untransacted {
		r.t.Logf("the processes' logs are in %s", r.logs)
	} else if err := os.RemoveAll(r.logs); err != nil {
		r.t.Errorf("removing the processes' logs: %v", err)
	}
}
