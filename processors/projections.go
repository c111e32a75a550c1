package processors

import (
	"context"
	"errors"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/sink"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Projections is the sink that keeps campaigns, their history, statements and the ledger in Postgres.
//
//	reads   transitions-applied; budget-released; campaign-statements
//	owns    the schema campaign_engine: its rows, and in it the positions up to which they were written (state/pgstore)
//	writes  nothing to Kafka
//	replay  each row has a business key: what is read again changes nothing, and what contradicts it is told and not written
type Projections struct {
	store  *pgstore.Store
	topics []string
	told   func(Projected)
}

// Projected is what a batch came to.
type Projected struct {
	pgstore.Result
	// Unreadable counts records that cannot be read, by topic. Only somebody else than the engine can have written them.
	Unreadable map[topics.Name]int
}

// NewProjections returns the sink's keeper. told is told of each batch that was written; nil: nobody is.
func NewProjections(store *pgstore.Store, told func(Projected)) *Projections {
	if told == nil {
		told = func(Projected) {}
	}
	return &Projections{store: store, topics: ProjectedTopics(), told: told}
}

// ProjectedTopics returns the names of the topics that are read.
func ProjectedTopics() []string { return inputsOf(topics.Projections) }

var _ sink.Keeper = (*Projections)(nil)

// Positions implements sink.Keeper.
func (p *Projections) Positions(ctx context.Context, ids map[string]sink.TopicID) (map[sink.Partition]int64, error) {
	if err := p.store.CheckTopics(ctx, topicIDs(ids)); err != nil {
		return nil, err
	}
	kept, err := p.store.Positions(ctx, p.topics...)
	return positionsOf(kept), err
}

// Prepare implements sink.Keeper.
func (p *Projections) Prepare(records []*kgo.Record) sink.Put {
	batch, unreadable := projected(records)
	prepared := pgstore.Prepare(batch)
	return func(ctx context.Context, moves []sink.Move) error { return p.put(ctx, prepared, moves, unreadable) }
}

func (p *Projections) put(ctx context.Context, batch *pgstore.Prepared, moves []sink.Move, unreadable map[topics.Name]int) error {
	result, err := p.store.WritePrepared(ctx, batch, advances(moves))
	if errors.Is(err, pgstore.ErrOvertaken) {
		return errors.Join(sink.ErrOvertaken, err)
	}
	if err != nil {
		return err
	}
	p.told(Projected{result, unreadable})
	return nil
}

// projected translates the records of a batch.
func projected(records []*kgo.Record) (batch pgstore.Batch, unreadable map[topics.Name]int) {
	unreadable = make(map[topics.Name]int)
	counts := make(map[topics.Name]int)
	for _, r := range records {
		counts[topics.Name(r.Topic)]++
	}
	batch.Transitions = make([]pgstore.Transition, 0, counts[topics.TransitionsApplied])
	batch.Releases = make([]pgstore.Release, 0, counts[topics.BudgetReleased])
	batch.Statements = make([]pgstore.Statement, 0, counts[topics.CampaignStatements])
	for _, r := range records {
		if !project(&batch, r) {
			unreadable[topics.Name(r.Topic)]++
		}
	}
	return batch, unreadable
}

// project adds a record to a batch, and says whether it could be read. What the database cannot hold is not added: it would
// hold up all that comes after it for ever.
func project(batch *pgstore.Batch, r *kgo.Record) bool {
	switch topics.Name(r.Topic) {
	case topics.TransitionsApplied:
		event, refusal := topics.DecodeApplied(r.Value)
		if refusal != nil {
			return false
		}
		transition, err := projectedTransition(&event.Data)
		if err != nil || transition.Check() != nil {
			return false
		}
		batch.Transitions = append(batch.Transitions, transition)
	case topics.BudgetReleased:
		var event schemas.Event[schemas.Released]
		if jsonv2.Unmarshal(r.Value, &event) != nil || event.Type != schemas.BudgetReleased {
			return false
		}
		release, err := projectedRelease(&event.Data)
		if err != nil || release.Check() != nil {
			return false
		}
		batch.Releases = append(batch.Releases, release)
	case topics.CampaignStatements:
		var event schemas.RawEvent
		if jsonv2.Unmarshal(r.Value, &event) != nil {
			return false
		}
		statement, err := projectedStatement(event.Data)
		if err != nil || statement.Check() != nil {
			return false
		}
		batch.Statements = append(batch.Statements, statement)
	}
	return true
}
