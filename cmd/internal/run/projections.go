package run

import (
	"context"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/processors/sink"
	"github.com/rmn-arms/campaign-engine/topics"
)

// projections is the process's part in keeping tables in Postgres. Whatever becomes of it, the groups go on.
type projections struct {
	group    topics.Group
	connect  []kgo.Opt
	instance string
	database func(context.Context) (string, error)
	clock    engine.Clock
	log      zerolog.Logger
	metrics  *metrics

	reading
}

func newProjections(s Settings, group topics.Group, m *metrics) *projections {
	return &projections{
		group: group, connect: s.Connect, instance: s.Instance, database: s.Database, clock: s.Clock, metrics: m,
		log: s.Log.With().Str("processor", group.Short).Logger(), reading: reading{waiting: "looking for the database"},
	}
}

// run keeps the tables until ctx ends.
func (p *projections) run(ctx context.Context) {
	url, err := p.database(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.log.Warn().Err(err).Msg("there are no tables: the process goes on without")
			p.wait("none are kept: " + err.Error())
		}
		return
	}
	store := opening{p.log, "the database is open: the tables follow the topics", func(err error) {
		p.metrics.projectionFailed()
		p.wait(err.Error())
	}}.open(ctx, url)
	if store == nil {
		return
	}
	defer store.Close()
	keeper := processors.NewProjections(store, p.kept)
	s := sink.New(sink.Config{
		Connect: p.connect, Group: p.group.ID(), Instance: p.instance, Topics: processors.ProjectedTopics(), Keeper: keeper,
		Elapsed: p.clock.Elapsed, Log: p.log, Kept: p.metrics.projected, Failed: p.metrics.projectionFailed,
	})
	p.begin(s)
	s.Run(ctx)
}

// waitsFor says what the tables wait for, "" for nothing.
func (p *projections) waitsFor() string { return p.overview().Waiting }

// kept tells of a batch: what contradicts the tables, and what could not be read, is for a person to look into.
func (p *projections) kept(batch processors.Projected) {
	p.metrics.projections(batch)
	for _, c := range batch.Conflicts {
		p.log.Error().Str("kind", c.Kind).Str("key", c.Key).Str("reason", c.Reason).
			Msg("a record contradicts what the tables hold: it was not written; campaignctl reconcile shows the difference")
	}
	for topic, count := range batch.Unreadable {
		p.log.Error().Str("topic", string(topic)).Int("records", count).
			Msg("records that only the engine may write cannot be read: they were left out")
	}
}
