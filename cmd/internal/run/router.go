package run

import (
	"context"
	"errors"
	"os"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/processors/router"
	"github.com/rmn-arms/campaign-engine/topics"
)

// keys are what the router signs with, kept up with their file.
type keys struct {
	ring    *signing.Ring
	router  *router.Router
	metrics *metrics
	log     zerolog.Logger
}

// newRouter prepares the router, and what it signs with. It yields to the first engine, if there is one.
func (p *Process) newRouter(g topics.Group, m *metrics, owned *atomic.Int32, first *engine.Engine) (*router.Router, error) {
	s := p.settings
	if s.Keys == nil {
		return nil, errors.New("preparing the process: the router has no keys to sign with")
	}
	log := s.Log.With().Str("processor", g.Short).Logger()
	var bursting func() <-chan struct{}
	if first != nil {
		bursting = first.Bursting
	}
	r, err := router.New(router.Config{
		Connect: s.Connect, Instance: s.Instance, Sign: s.Keys.Sign, Replicas: s.Topics.Replicas, Elapsed: s.Clock.Elapsed,
		Rights: func(ctx context.Context) error { return p.rights(ctx, g) }, Log: log, Observe: m.observer(g.Short, owned),
		Bursting: bursting, Created: m.stores.created, CreationFailed: m.stores.failed,
	})
	if err != nil {
		return nil, err
	}
	p.keys = &keys{ring: s.Keys, router: r, metrics: m, log: log}
	m.stores.keys.Set(float64(len(s.Keys.Keys().IDs())))
	return r, nil
}

// follow reads the keys' file anew when it changes, or when asked, until ctx ends.
func (k *keys) follow(ctx context.Context, asked <-chan os.Signal) { k.ring.Follow(ctx, asked, k.tell) }

func (k *keys) tell(o signing.Outcome) {
	k.metrics.stores.read(o)
	switch {
	case o.Err != nil:
		k.log.Error().Err(o.Err).Strs("keys", o.IDs).Msg("the file of keys cannot be used as it is now: the keys stay as they were")
	case o.Dropped != "":
		k.log.Warn().Strs("keys", o.IDs).Str("dropped", o.Dropped).
			Msg("the key that signed until now is valid no more: what it signed stays in the stores' topics, " +
				"and devices that read it anew refuse it until their playlist changes")
	case o.Changed:
		k.log.Info().Strs("keys", o.IDs).Msg("the keys have changed; the first one signs, all are valid")
	}
}
