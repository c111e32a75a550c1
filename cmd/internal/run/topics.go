package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

// reachPauseMax is the longest pause between two attempts to reach the brokers at the start.
const reachPauseMax = 10 * time.Second

// reachMax is how long the brokers may take to answer for the first time.
const reachMax = 10 * time.Second

// ensureTopics creates the topics that are missing, and refuses those that are not as they must be. Brokers that do not
// answer are tried again until ctx ends: where everything is started at once, somebody has to come first. Brokers that refuse
// this process are tried a few times.
func (p *Process) ensureTopics(ctx context.Context) error {
	var refused refusals
	for pause := time.Second; ; pause = min(2*pause, reachPauseMax) {
		err := p.settings.Kafka.Explain(p.lookAtTopics(ctx))
		if err == nil || ctx.Err() != nil || errors.Is(err, topics.ErrMismatch) || errors.Is(err, topics.ErrOptions) ||
			errors.Is(err, topics.ErrRights) || refused.note(err) {
			return err
		}
		const unlike = "the brokers do not answer as they should"
		p.wait(unlike + ": " + err.Error())
		wait := pause
		if refused.certain > 0 {
			wait = refusedPause
		}
		p.settings.Log.Warn().Err(err).Dur("retry_in", wait).Msg(unlike)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

func (p *Process) lookAtTopics(ctx context.Context) error {
	client, err := kgo.NewClient(p.settings.Connect...)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	defer client.Close()
	if err := p.reached(ctx, client); err != nil {
		return err
	}
	admin := topics.NewAdmin(client)
	return p.mayStart(ctx, admin, p.makeTopics(ctx, admin))
}

func (p *Process) makeTopics(ctx context.Context, admin *topics.Admin) error {
	want := topics.StreamsOf(p.settings.Groups...)
	plan, err := admin.Plan(ctx, want, p.settings.Topics)
	if err != nil {
		return err
	}
	if len(plan.Of(topics.Missing)) > 0 && plan.Startable() {
		made, err := admin.Apply(ctx, want, p.settings.Topics)
		if err != nil {
			return err
		}
		p.tellMended(made)
	}
	plan, err = admin.Check(ctx, want, p.settings.Topics)
	if err != nil {
		return err
	}
	p.tellDifferences(plan)
	return nil
}

// tellMended logs what was created, and what was set right beside it.
func (p *Process) tellMended(plan topics.Plan) {
	p.settings.Log.Info().Int("topics", len(plan.Of(topics.Missing))).Msg("created the topics that were missing")
	for _, difference := range plan.Pending() {
		if difference.Kind != topics.Missing {
			p.settings.Log.Warn().Str("was", difference.String()).Msg("a topic's setting differed and was set right")
		}
	}
}

// tellDifferences logs in what the topics differ though the engine starts with them.
func (p *Process) tellDifferences(plan topics.Plan) {
	for _, difference := range plan.Differences {
		level := zerolog.WarnLevel
		if difference.Loses {
			level = zerolog.ErrorLevel
		}
		p.settings.Log.WithLevel(level).Str("to_mend_it", plan.MendOf(difference)).Msg(difference.String())
	}
}
