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

// Fencing ends what dead members of a group have left open in transactions; for whoever takes part in a group with
// transactions of its own, named as the engine names them.
type Fencing struct {
	// Reach are the options of clients that reach the brokers.
	Reach []kgo.Opt
	// Group and Instance name the member that does it. Transactional ids are <group>-<instance>.
	Group, Instance string
	// Timeout is that of the group's transactions.
	Timeout time.Duration
	// Owns says whether a transaction of the group may touch the topic, beside that of positions.
	Owns func(topic string) bool
	// Fenced is told of each that was ended.
	Fenced func(transactionalID string)
}

// fenceAbsent ends the transactions that dead members of the group have left open.
func (e *Engine) fenceAbsent(ctx context.Context) error {
	return Fencing{
		Reach: e.reach(), Group: string(e.shape.group), Instance: e.config.Instance, Timeout: e.config.TransactionTimeout,
		Owns: e.shape.owns,
		Fenced: func(id string) {
			e.config.Observe.fenced(id)
			e.config.Log.Info().Str("transactional_id", id).Msg("fenced an owner that is gone")
		},
	}.Absent(ctx)
}

// Absent ends the transactions that dead members of the group have left open. Until it is done, positions and rows would wait
// for the transactions' time-out, and a paused owner could still commit.
//
// A transactional id is fenced when its name is exactly <group>-<instance>, its instance is not a member of this
// generation, and its transaction touches the group's topics only: other programs may use ids that look alike.
func (f Fencing) Absent(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sideTimeout)
	defer cancel()
	side, err := sideClient(f.Reach)
	if err != nil {
		return err
	}
	defer side.Close()
	admin := kadm.NewClient(side)
	open, err := f.openTransactions(ctx, admin)
	if err != nil || len(open) == 0 {
		return err
	}
	living, err := f.livingIDs(ctx, admin)
	if err != nil {
		return err
	}
	for _, id := range open {
		if living[id] {
			continue
		}
		own, err := f.touchesOnlyOwnTopics(ctx, admin, id)
		if err != nil {
			return err
		}
		if !own {
			continue
		}
		if err := fence(ctx, side, id, f.Timeout); err != nil {
			return fmt.Errorf("fencing %s: %w", id, err)
		}
		f.Fenced(id)
	}
	return nil
}

// openTransactions lists the ids of the group's transactions that are not over: also those whose outcome is decided but
// whose markers are still being written, since rows behind them cannot be read yet.
func (f Fencing) openTransactions(ctx context.Context, admin *kadm.Client) ([]string, error) {
	states := []string{"Ongoing", "PrepareCommit", "PrepareAbort"}
	listed, err := admin.ListTransactions(ctx, nil, states)
	if err != nil {
		return nil, fmt.Errorf("listing open transactions: %w", err)
	}
	var ids []string
	for _, id := range listed.TransactionalIDs() {
		if strings.HasPrefix(id, f.Group+"-") {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// livingIDs returns the transactional ids of this generation's members.
func (f Fencing) livingIDs(ctx context.Context, admin *kadm.Client) (map[string]bool, error) {
	described, err := admin.DescribeGroups(ctx, f.Group)
	if err != nil {
		return nil, fmt.Errorf("describing group %s: %w", f.Group, err)
	}
	// Without its members everybody would look dead.
	if err := described[f.Group].Err; err != nil {
		return nil, fmt.Errorf("describing group %s: %w", f.Group, err)
	}
	living := map[string]bool{f.Group + "-" + f.Instance: true}
	for _, member := range described[f.Group].Members {
		if member.InstanceID != nil {
			living[f.Group+"-"+*member.InstanceID] = true
		}
	}
	return living, nil
}

func (f Fencing) touchesOnlyOwnTopics(ctx context.Context, admin *kadm.Client, id string) (bool, error) {
	described, err := admin.DescribeTransactions(ctx, id)
	if err != nil {
		return false, fmt.Errorf("describing transaction %s: %w", id, err)
	}
	transaction, ok := described[id]
	if !ok || errors.Is(transaction.Err, kerr.TransactionalIDNotFound) {
		return false, nil
	}
	for topic := range transaction.Topics {
		if topic != offsetsTopic && !f.Owns(topic) {
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
