package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fenceAbsent ends the transactions that dead members of the group have left open. Until it is done, positions and rows
// would wait for the transactions' time-out, and a paused owner could still commit.
//
// A transactional id is fenced when its name is exactly <group>-<instance>, its instance is not a member of this
// generation, and its transaction touches the group's topics only: other programs may use ids that look alike.
func (e *Engine) fenceAbsent(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	side, err := e.side()
	if err != nil {
		return err
	}
	defer side.Close()
	admin := kadm.NewClient(side)
	open, err := e.openTransactions(ctx, admin)
	if err != nil || len(open) == 0 {
		return err
	}
	living, err := e.livingIDs(ctx, admin)
	if err != nil {
		return err
	}
	for _, id := range open {
		if living[id] {
			continue
		}
		own, err := e.touchesOnlyOwnTopics(ctx, admin, id)
		if err != nil {
			return err
		}
		if !own {
			continue
		}
		if err := fence(ctx, side, id, e.config.TransactionTimeout); err != nil {
			return fmt.Errorf("fencing %s: %w", id, err)
		}
		e.config.Observe.fenced(id)
		e.config.Log.Info().Str("transactional_id", id).Msg("fenced an owner that is gone")
	}
	return nil
}

// openTransactions lists the ids of the group's transactions that are not over: also those whose outcome is decided but
// whose markers are still being written, since rows behind them cannot be read yet.
func (e *Engine) openTransactions(ctx context.Context, admin *kadm.Client) ([]string, error) {
	states := []string{"Ongoing", "PrepareCommit", "PrepareAbort"}
	listed, err := admin.ListTransactions(ctx, nil, states)
	if err != nil {
		return nil, fmt.Errorf("listing open transactions: %w", err)
	}
	var ids []string
	for _, id := range listed.TransactionalIDs() {
		if strings.HasPrefix(id, string(e.shape.group)+"-") {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// livingIDs returns the transactional ids of this generation's members.
func (e *Engine) livingIDs(ctx context.Context, admin *kadm.Client) (map[string]bool, error) {
	group := string(e.shape.group)
	described, err := admin.DescribeGroups(ctx, group)
	if err != nil {
		return nil, fmt.Errorf("describing group %s: %w", group, err)
	}
	// Without its members everybody would look dead.
	if err := described[group].Err; err != nil {
		return nil, fmt.Errorf("describing group %s: %w", group, err)
	}
	living := map[string]bool{e.transactionalID(): true}
	for _, member := range described[group].Members {
		if member.InstanceID != nil {
			living[group+"-"+*member.InstanceID] = true
		}
	}
	return living, nil
}

func (e *Engine) touchesOnlyOwnTopics(ctx context.Context, admin *kadm.Client, id string) (bool, error) {
	described, err := admin.DescribeTransactions(ctx, id)
	if err != nil {
		return false, fmt.Errorf("describing transaction %s: %w", id, err)
	}
	transaction, ok := described[id]
	if !ok || errors.Is(transaction.Err, kerr.TransactionalIDNotFound) {
		return false, nil
	}
	for topic := range transaction.Topics {
		if !e.shape.owns(topic) {
			return false, nil
		}
	}
	return transaction.Err == nil, transaction.Err
}

// fencePause is waited between two asks whether the broker has finished the fenced transaction.
const fencePause = 5 * time.Millisecond

// fence takes over a transactional id, which aborts what is open under it, and returns when its markers are written.
// Source: KIP-98, InitProducerId.
func fence(ctx context.Context, client *kgo.Client, id string, timeout time.Duration) error {
	for {
		request := kmsg.NewPtrInitProducerIDRequest()
		request.TransactionalID = kmsg.StringPtr(id)
		request.TransactionTimeoutMillis = int32(timeout.Milliseconds())
		request.ProducerID, request.ProducerEpoch = -1, -1
		response, err := request.RequestWith(ctx, client)
		if err != nil {
			return err
		}
		err = kerr.ErrorForCode(response.ErrorCode)
		if !errors.Is(err, kerr.ConcurrentTransactions) {
			return err
		}
		sleep(ctx, fencePause)
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
	}
}
