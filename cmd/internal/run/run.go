// Package run puts a process together: topics, engines, metrics. It holds no rule of its own.
package run

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/trace"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Settings are what a process is told.
type Settings struct {
	Connect []kgo.Opt
	// Kafka tells who this process is to the brokers, and what their refusals mean.
	Kafka          config.Kafka
	Instance       string
	CommitInterval time.Duration
	// Standby lets the process keep the rows of others' partitions, to take over at once.
	Standby bool
	// Database returns the address of the Postgres that projections and mails go to, as soon as there is one. Its error says
	// why there will be none; the rest of the process goes on without. It may be called several times.
	Database func(ctx context.Context) (url string, err error)
	// Mails says how mails are made and sent; it is needed where the mailer is one of the groups.
	Mails Mails
	// Keys are those that the router signs with; it is needed where that is one of the groups. Reload has its file read anew.
	Keys   *signing.Ring
	Reload <-chan os.Signal
	// Groups are those that this process takes part in.
	Groups []topics.Group
	// Topics says how missing topics are created, and what existing ones must be.
	Topics topics.Options
	// Campaigns are the settings that are frozen into each campaign.
	Campaigns processors.Settings
	Clock     engine.Clock
	Log       zerolog.Logger
	Registry  *prometheus.Registry
	// Tracer makes the spans of what is done; nil: none are made.
	Tracer trace.Tracer
}

// Process is a process that takes part in its groups.
type Process struct {
	settings Settings
	groups   []group
	tables   *projections // nil when the process has no part in it
	mails    *mailer      // nil when the process has no part in them
	keys     *keys        // nil when nothing is signed
	reach    *reach

	mu      sync.Mutex
	waiting string // for what, before the groups are joined
}

type group struct {
	topics.Group
	member member
	owned  *atomic.Int32 // partitions
}

// member is what takes part in a group: an engine, or the router.
type member interface {
	Run(ctx context.Context) error
	Ready() error
	Overview() engine.Overview
}

// New prepares a process; nothing is reached yet.
func New(s Settings) (*Process, error) {
	if len(s.Groups) == 0 {
		return nil, errors.New("preparing the process: no processors are given")
	}
	metrics := newMetrics(s.Registry, s.Log)
	reach := newReach(metrics.registry)
	s.Connect = append(slices.Clip(s.Connect), kgo.WithHooks(reach))
	p := &Process{settings: s, reach: reach}
	var first *engine.Engine // in the data's way: what comes behind yields to it
	for _, g := range s.Groups {
		if g.Sink() {
			p.beginSink(g, metrics)
			continue
		}
		owned := new(atomic.Int32)
		metrics.begin(g)
		if g.PerStore {
			routes, err := p.newRouter(g, metrics, owned, first)
			if err != nil {
				return nil, err
			}
			p.groups = append(p.groups, group{g, routes, owned})
			continue
		}
		graph, err := processors.Graph(g.Short, s.Campaigns, processors.WithTracer(s.Tracer))
		if err != nil {
			return nil, err
		}
		e, err := engine.New(engine.Config{
			Connect: s.Connect, Instance: s.Instance, Clock: s.Clock, CommitInterval: s.CommitInterval,
			Rights:    func(ctx context.Context) error { return p.rights(ctx, g) },
			NoStandby: !s.Standby, YieldTo: first, Log: s.Log.With().Str("processor", g.Short).Logger(),
			Observe: metrics.observer(g.Short, owned),
		}, graph.GroupGraph)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = e
		}
		p.groups = append(p.groups, group{g, e, owned})
	}
	metrics.registry.MustRegister(newOverviews(p))
	return p, nil
}

// beginSink prepares the part in a group that writes to Postgres.
func (p *Process) beginSink(g topics.Group, metrics *metrics) {
	if g.Short == topics.Mailer {
		p.mails = newMailer(p.settings, g, metrics)
		metrics.mails.begin()
		return
	}
	p.tables = newProjections(p.settings, g, metrics)
	metrics.tables.begin()
}

// Run makes sure of the topics and takes part in the groups until ctx ends (nil) or one of them cannot go on.
func (p *Process) Run(ctx context.Context) error {
	if err := p.ensureTopics(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	p.wait("")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { tuneHeap(ctx) })
	running.Go(func() { p.watch(ctx) })
	if p.tables != nil {
		running.Go(func() { p.tables.run(ctx) })
	}
	if p.mails != nil {
		running.Go(func() { p.mails.run(ctx) })
	}
	if p.keys != nil {
		running.Go(func() { p.keys.follow(ctx, p.settings.Reload) })
	}
	errs := make([]error, len(p.groups))
	if len(p.groups) == 0 { // sinks alone: they end with the process
		running.Go(func() { <-ctx.Done() })
	}
	for i, g := range p.groups {
		running.Go(func() {
			defer cancel()
			errs[i] = g.member.Run(ctx)
		})
	}
	running.Wait()
	return ending(p.settings.Instance, errs)
}

// wait notes what the process waits for before its groups do.
func (p *Process) wait(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = reason
}
