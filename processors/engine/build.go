package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/lovoo/goka"
)

// buildTries is how often a topic must be found missing, or to have other partitions than the inputs, before that is
// believed: a broker that has just started, or that has just been told of the topic, may not know it yet.
const buildTries = 5

// build asks the brokers for the topics and makes goka's processor. It waits for brokers that cannot be reached; nil
// without an error says that ctx has ended.
func (e *Engine) build(ctx context.Context, group *consumerGroup) (*goka.Processor, error) {
	pause := retryMin
	for tries := 0; ; {
		processor, err := e.tryBuild(group)
		if err == nil {
			return processor, nil
		}
		if ctx.Err() != nil {
			return nil, nil
		}
		if final(err) {
			tries++
		}
		if tries == buildTries {
			return nil, err
		}
		e.waitToBuild(ctx, err, pause)
		pause = min(2*pause, retryMax)
	}
}

func (e *Engine) tryBuild(group *consumerGroup) (*goka.Processor, error) {
	if err := e.checkTopics(); err != nil {
		return nil, err
	}
	processor, err := goka.NewProcessor(nil, e.graph, e.gokaOptions(group)...)
	if err != nil { // goka flattens errors to text: what the brokers did not answer is told by nothing but that
		return nil, fmt.Errorf("%w: %w", errNotBuilt, err)
	}
	return processor, nil
}

func (e *Engine) waitToBuild(ctx context.Context, err error, pause time.Duration) {
	e.status.wait("asking for its topics: " + err.Error())
	if pause > retryMin && ctx.Err() == nil {
		e.config.Log.Warn().Err(err).Dur("retry_in", pause).Str("group", string(e.shape.group)).Msg("asking for the topics")
	}
	sleep(ctx, pause)
}

// checkTopics asks how many partitions the group's inputs have, and whether its other topics fit them.
func (e *Engine) checkTopics() error {
	topics := topicManager{engine: e, side: e.asking}
	for _, output := range e.shape.outputs {
		if _, err := topics.Partitions(output); err != nil {
			return err
		}
	}
	partitions, err := topics.Partitions(e.shape.streams[0])
	if err != nil {
		return err
	}
	e.partitionCount = int32(len(partitions))
	for _, topic := range append([]string{e.shape.table}, e.shape.streams...) {
		if topic == "" {
			continue
		}
		if err := topics.check(topic, len(partitions)); err != nil {
			return err
		}
	}
	return nil
}
