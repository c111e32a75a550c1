package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/rmn-arms/campaign-engine/topics"
)

// consumerGroup is goka's way into the group: sarama.ConsumerGroup over members. Consume returns only when the engine is
// to end, since goka sleeps five seconds each time that it returns.
type consumerGroup struct {
	engine *Engine
	errs   chan error

	// ghosts may have come of members that were thrown away; only Consume touches it.
	ghosts ghosts

	mu       sync.Mutex
	fatalErr error
}

var _ sarama.ConsumerGroup = (*consumerGroup)(nil)

func newConsumerGroup(e *Engine) *consumerGroup {
	return &consumerGroup{engine: e, errs: make(chan error)}
}

// The pauses between two attempts to take part in the group: doubled at each, back to the first after a commit.
const (
	retryMin = 50 * time.Millisecond
	retryMax = 2 * time.Second
)

// Consume implements sarama.ConsumerGroup: one member after the other, until ctx ends or nothing can be done.
func (g *consumerGroup) Consume(ctx context.Context, _ []string, handler sarama.ConsumerGroupHandler) error {
	var last *member // in the group, or it has failed and the group does not know yet
	pause := retryMin
	g.ghosts.begin(g.engine.config.Clock.Elapsed())
	for ctx.Err() == nil {
		m, err := g.engine.join(ctx)
		if m != nil {
			last = m
		}
		if err == nil {
			err = m.takePart(ctx, handler)
		}
		if ctx.Err() != nil {
			break
		}
		haunted := g.ghosts.possible(g.engine.config.Clock.Elapsed())
		if final(err) && !(haunted && errors.Is(err, ErrFencedInstance)) {
			return g.giveUp(err)
		}
		if final(err) {
			err = fmt.Errorf("a late request of this process's own, or: %w", err)
		}
		g.engine.wary = last == nil || !last.progressed
		if !g.engine.wary {
			pause, last.progressed = retryMin, false
		}
		g.engine.config.Observe.restarted(err.Error())
		g.engine.config.Log.Warn().Err(err).Dur("retry_in", pause).Msg("group session ended, joining again")
		g.engine.status.wait("joining again after: " + err.Error())
		sleep(ctx, pause/2+rand.N(pause/2+1))
		pause = min(2*pause, retryMax)
		if topics.Unauthorized(err) {
			g.engine.awaitRights(ctx)
		}
		namesake := errors.Is(err, ErrFencedInstance) || isFenced(err) && last != nil && last.replaced(ctx)
		if namesake && !haunted {
			return g.giveUp(errors.Join(last.fencedInstance(), err))
		}
		if namesake {
			g.ghosts.meet(g.engine.config.Clock.Elapsed())
		} else {
			g.ghosts.leave(g.engine.config.Clock.Elapsed())
		}
	}
	if last != nil {
		last.leave()
	}
	return nil
}

// errNotBuilt says that goka does not take the graph, or did not get an answer.
var errNotBuilt = errors.New("goka does not start")

// final says that trying again does not help.
func final(err error) bool {
	return errors.Is(err, ErrFencedInstance) || errors.Is(err, errMissingTopic) || errors.Is(err, errNotBuilt)
}

func (g *consumerGroup) giveUp(err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fatalErr = err
	return err
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// fatal returns why Consume gave up. goka flattens errors to text on their way; this keeps the sentinel.
func (g *consumerGroup) fatal() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fatalErr
}

// Errors implements sarama.ConsumerGroup. Errors end sessions inside Consume, none comes here.
func (g *consumerGroup) Errors() <-chan error { return g.errs }

// Close implements sarama.ConsumerGroup; members are closed by Consume.
func (g *consumerGroup) Close() error { return nil }

// Pause, Resume, PauseAll and ResumeAll implement sarama.ConsumerGroup; goka does not call them.
func (g *consumerGroup) Pause(map[string][]int32) {}

// Resume implements sarama.ConsumerGroup.
func (g *consumerGroup) Resume(map[string][]int32) {}

// PauseAll implements sarama.ConsumerGroup.
func (g *consumerGroup) PauseAll() {}

// ResumeAll implements sarama.ConsumerGroup.
func (g *consumerGroup) ResumeAll() {}
