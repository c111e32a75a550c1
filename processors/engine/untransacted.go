//go:build untransacted

package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// session is a member's client without transactions: rows and outputs are there as soon as they are sent, positions are
// committed behind them. An engine that is built so loses and doubles; it exists for the torture test, which must see that.
type session struct{ client *kgo.Client }

func (e *Engine) newSession(m *member) (session, error) {
	e.config.Log.Error().Msg("built without transactions, for a test: this process loses and doubles what it decides")
	client, err := kgo.NewClient(e.memberOptions(m)...)
	if err != nil {
		return session{}, fmt.Errorf("making the client of group %s: %w", e.shape.group, err)
	}
	return session{client}, nil
}

// Client returns the client, as kgo.GroupTransactSession does.
func (s session) Client() *kgo.Client { return s.client }

// CloseAllowingRebalance closes the client.
func (s session) CloseAllowingRebalance() { s.client.CloseAllowingRebalance() }

// Begin begins nothing.
func (session) Begin() error { return nil }

// commit commits the positions alone.
func (s session) commit(ctx context.Context, put func(*kmsg.TxnOffsetCommitRequest) error) (committed bool, err error) {
	request := kmsg.NewPtrTxnOffsetCommitRequest()
	if err := put(request); err != nil {
		return false, err
	}
	positions := map[string]map[int32]kgo.EpochOffset{}
	for _, topic := range request.Topics {
		positions[topic.Topic] = map[int32]kgo.EpochOffset{}
		for _, partition := range topic.Partitions {
			positions[topic.Topic][partition.Partition] = kgo.EpochOffset{Epoch: -1, Offset: partition.Offset}
		}
	}
	s.client.CommitOffsetsSync(ctx, positions,
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, failure error) {
			if err = failure; err != nil {
				return
			}
			for _, topic := range answer.Topics {
				for _, partition := range topic.Partitions {
					err = errors.Join(err, kerr.ErrorForCode(partition.ErrorCode))
				}
			}
		})
	return err == nil, err
}

// abort takes nothing back.
func (session) abort(context.Context) error { return nil }
