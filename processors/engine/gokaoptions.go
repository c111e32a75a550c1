package engine

import (
	"hash"
	"strings"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/topics"
)

// gokaOptions put the engine in the place of goka's transport.
func (e *Engine) gokaOptions(group *consumerGroup) []goka.ProcessorOption {
	return []goka.ProcessorOption{
		goka.WithConsumerGroupBuilder(func([]string, string, string) (sarama.ConsumerGroup, error) { return group, nil }),
		goka.WithProducerBuilder(func([]string, string, func() hash.Hash32) (goka.Producer, error) {
			return producer{e}, nil
		}),
		goka.WithConsumerSaramaBuilder(func([]string, string) (sarama.Consumer, error) { return newTableConsumer(e), nil }),
		goka.WithTopicManagerBuilder(func([]string) (goka.TopicManager, error) { return newTopicManager(e), nil }),
		goka.WithStorageBuilder(e.storage),
		goka.WithHasher(topics.NewHash),
		goka.WithNilHandling(goka.NilProcess), // tombstones are accounted for, not dropped
		goka.WithPartitionChannelSize(claimBuffer),
		goka.WithLogger(gokaLog{e.config.Log}),
		goka.WithContextWrapper(e.wrap),
	}
}

// storage returns a partition's rows, recovered before, for the group's table, and an empty one for another's.
func (e *Engine) storage(topic string, partition int32) (storage.Storage, error) {
	if topic == e.shape.table {
		return e.partitions.table(partition), nil
	}
	return newFollowed(), nil
}

func (e *Engine) wrap(ctx goka.Context) goka.Context {
	return &callbackContext{gokaContext: ctx, now: e.batch.now, engine: e}
}

// gokaLog keeps goka's remarks at debug level; what an operator should know comes as errors.
type gokaLog struct{ log zerolog.Logger }

// Print implements goka.Logger.
func (l gokaLog) Print(parts ...any) { l.log.Debug().Msgf("%v", parts) }

// Println implements goka.Logger.
func (l gokaLog) Println(parts ...any) { l.Print(parts...) }

// Printf implements goka.Logger.
func (l gokaLog) Printf(format string, parts ...any) {
	l.log.Debug().Msgf(strings.TrimSpace(format), parts...)
}
