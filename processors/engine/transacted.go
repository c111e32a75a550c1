//go:build !untransacted

package engine

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// session is a member's client and its transactions.
type session struct{ *kgo.GroupTransactSession }

func (e *Engine) newSession(m *member) (session, error) {
	s, err := kgo.NewGroupTransactSession(append(e.memberOptions(m),
		kgo.TransactionalID(e.transactionalID()), kgo.TransactionTimeout(e.config.TransactionTimeout))...)
	if err != nil {
		return session{}, fmt.Errorf("making the client of group %s: %w", e.shape.group, err)
	}
	return session{s}, nil
}

// commit ends the open transaction; put fills in the positions that go with it.
func (s session) commit(ctx context.Context, put func(*kmsg.TxnOffsetCommitRequest) error) (committed bool, err error) {
	return s.End(kgo.PreTxnCommitFnContext(ctx, put), kgo.TryCommit)
}

// abort ends the open transaction, if there is one; nothing of it becomes visible.
func (s session) abort(ctx context.Context) error {
	_, err := s.End(ctx, kgo.TryAbort)
	return err
}
