package embed_test

import (
	"context"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commitOffsets adds the group's offsets to the client's transaction, as a group's member would.
func commitOffsets(ctx context.Context, c *kgo.Client, offsets map[int32]kgo.EpochOffset) error {
	id, epoch, err := c.ProducerID(ctx)
	if err != nil {
		return err
	}
	add := kmsg.NewAddOffsetsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = "engine-a", id, epoch, group
	added, err := add.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(added.ErrorCode); err != nil {
		return err
	}
	commit := kmsg.NewTxnOffsetCommitRequest()
	commit.TransactionalID, commit.ProducerID, commit.ProducerEpoch, commit.Group = "engine-a", id, epoch, group
	of := kmsg.NewTxnOffsetCommitRequestTopic()
	topics, err := kadm.NewClient(c).ListTopics(ctx, source)
	if err != nil {
		return err
	}
	of.Topic, of.TopicID = source, topics[source].ID
	for p, offset := range offsets {
		at := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		at.Partition, at.Offset = p, offset.Offset
		of.Partitions = append(of.Partitions, at)
	}
	commit.Topics = append(commit.Topics, of)
	committed, err := commit.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	for _, at := range committed.Topics[0].Partitions {
		if err := kerr.ErrorForCode(at.ErrorCode); err != nil {
			return err
		}
	}
	return nil
}

// endTransaction commits as a producer of that epoch would.
func endTransaction(ctx context.Context, c *kgo.Client, transactionalID string, id int64, epoch int16) error {
	end := kmsg.NewEndTxnRequest()
	end.TransactionalID, end.ProducerID, end.ProducerEpoch, end.Commit = transactionalID, id, epoch, true
	ended, err := end.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(ended.ErrorCode)
}
