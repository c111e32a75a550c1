package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/IBM/sarama"
)

// serve works on one assignment until it is revoked (nil), ctx ends (nil, all in hand committed) or something breaks.
func (m *member) serve(ctx context.Context, a *assignment, handler sarama.ConsumerGroupHandler) error {
	e := m.engine
	defer e.status.wait("waiting for partitions")
	e.status.wait("setting up its partitions")
	e.config.Observe.assigned(len(a.partitions))
	// A revocation that came between two transactions must not abort the first one of this assignment.
	if err := m.forgetRevocation(ctx, a); err != nil || ctx.Err() != nil {
		return err
	}
	e.partitions.claim(a.partitions, e.config.Clock.Elapsed())
	defer func() { e.partitions.leave(e.config.Clock.Elapsed()) }()
	claims := newClaims(m.client(), e.shape, a.partitions)
	run := &running{claims: claims, failed: make(chan struct{}), revoked: a.ctx.Done()}
	if err := run.start(handler); err != nil {
		return errors.Join(err, run.stop(handler))
	}
	loop := newLoop(ctx, m, a, run)
	err := loop.run(ctx)
	e.burst.set(false)
	loop.errands.stop()
	e.progress.Store(newProgress(nil, nil))
	// Rows are rolled back only when no callback writes any more.
	after := errors.Join(run.stop(handler), loop.tx.abort(causeOf(err)))
	if loop.slept {
		e.partitions.forget()
	}
	loop.tx.release()
	if after != nil && a.ctx.Err() != nil {
		e.config.Log.Warn().Err(after).Msg("ending an assignment that was taken away")
	}
	err = errors.Join(err, after)
	if a.ctx.Err() != nil && (errors.Is(err, errRevoked) || errors.Is(err, errAborted)) && !isFenced(err) {
		return nil // the group goes on with another assignment, and so does the client
	}
	return err
}

// forgetRevocation ends a transaction that has not begun: franz-go then forgets what was revoked before.
func (m *member) forgetRevocation(stop context.Context, a *assignment) error {
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	defer context.AfterFunc(stop, cancel)()
	if err := m.session.abort(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("starting an assignment: %w", err)
	}
	return nil
}

func causeOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// running is goka's side of an assignment: its partition processors and the goroutines that feed them.
type running struct {
	claims *claims
	feeds  sync.WaitGroup
	// failed is closed when goka gives up: a callback has panicked or failed.
	failed   chan struct{}
	failOnce sync.Once
	// revoked is closed when the assignment has ended.
	revoked <-chan struct{}
}

func (r *running) start(handler sarama.ConsumerGroupHandler) error {
	if err := handler.Setup(r.claims); err != nil {
		return fmt.Errorf("setting up callbacks: %w", err)
	}
	for topic, partitions := range r.claims.channels {
		for partition, messages := range partitions {
			r.feeds.Go(func() {
				defer r.failOnce.Do(func() { close(r.failed) })
				// Its error comes again, with the panic's text, from Cleanup.
				_ = handler.ConsumeClaim(r.claims, claim{topic, partition, messages})
			})
		}
	}
	return nil
}

// stop ends goka's side. Its error holds what callbacks failed with.
func (r *running) stop(handler sarama.ConsumerGroupHandler) error {
	r.claims.cancel()
	r.feeds.Wait()
	if err := handler.Cleanup(r.claims); err != nil {
		return fmt.Errorf("running callbacks: %w", err)
	}
	return nil
}
