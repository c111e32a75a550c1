// Package run puts a process together: topics, engines, metrics. It holds no rule of its own.
package run

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Settings are what a process is told.
type Settings struct {
	Connect        []kgo.Opt
	Instance       string
	CommitInterval time.Duration
	// Groups are those that this process takes part in.
	Groups []topics.Group
	// Topics says how missing topics are created, and what existing ones must be.
	Topics topics.Options
	// Campaigns are the settings that are frozen into each campaign.
	Campaigns processors.Settings
	Clock     engine.Clock
	Log       zerolog.Logger
	Registry  *prometheus.Registry
}

// Process is a process that takes part in its groups.
type Process struct {
	settings Settings
	groups   []group

	mu      sync.Mutex
	waiting string // for what, before the groups are joined
}

type group struct {
	topics.Group
	engine *engine.Engine
	owned  *atomic.Int32 // partitions
}

// New prepares a process; nothing is reached yet.
func New(s Settings) (*Process, error) {
	if len(s.Groups) == 0 {
		return nil, errors.New("preparing the process: no processors are given")
	}
	p := &Process{settings: s}
	metrics := newMetrics(s.Registry, s.Log)
	var first *engine.Engine // in the data's way: what comes behind yields to it
	for _, g := range s.Groups {
		graph, err := processors.Graph(g.Short, s.Campaigns)
		if err != nil {
			return nil, err
		}
		owned := new(atomic.Int32)
		e, err := engine.New(engine.Config{
			Connect: s.Connect, Instance: s.Instance, Clock: s.Clock, CommitInterval: s.CommitInterval,
			YieldTo: first, Log: s.Log.With().Str("processor", g.Short).Logger(), Observe: metrics.observer(g.Short, owned),
		}, graph)
		if err != nil {
			return nil, err
		}
		metrics.follow(g.Short, e)
		if first == nil {
			first = e
		}
		p.groups = append(p.groups, group{g, e, owned})
	}
	return p, nil
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
	errs := make([]error, len(p.groups))
	for i, g := range p.groups {
		running.Go(func() {
			defer cancel()
			errs[i] = g.engine.Run(ctx)
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

// NotReady returns what the process waits for, group by group; empty when every group owns and has recovered its
// partitions.
func (p *Process) NotReady() []string {
	p.mu.Lock()
	waiting := p.waiting
	p.mu.Unlock()
	if waiting != "" {
		return []string{waiting}
	}
	var reasons []string
	for _, g := range p.groups {
		if err := g.engine.Ready(); err != nil {
			reasons = append(reasons, g.Short+": "+err.Error())
		}
	}
	return reasons
}
