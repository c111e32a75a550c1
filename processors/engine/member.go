package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// member is one membership of the group: one franz-go client with one transactional producer. It lives through
// rebalances; after any error it is thrown away and a new one joins under the same instance name, because a producer whose
// transaction ended in doubt must be fenced before anything else is done.
type member struct {
	engine  *Engine
	session *kgo.GroupTransactSession

	mu sync.Mutex
	// current is the assignment that holds, nil between a revocation and the next one.
	current *assignment
	changed chan struct{}
	failure error
	// progressed says that something was committed.
	progressed bool
	closing    sync.Once
}

// sideTimeout bounds each administrative call.
const sideTimeout = 10 * time.Second

// takePart joins the group and serves assignments until ctx ends (nil) or something breaks.
func (e *Engine) takePart(ctx context.Context, handler sarama.ConsumerGroupHandler) (progressed bool, err error) {
	e.status.wait("joining the group")
	m, err := e.join(ctx)
	if err != nil {
		return false, err
	}
	defer m.close()
	for {
		a, err := m.nextAssignment(ctx)
		if err != nil {
			return m.progressed, err
		}
		if a == nil { // ctx ended
			return m.progressed, m.leave()
		}
		if err := m.serve(ctx, a, handler); err != nil {
			return m.progressed, err
		}
	}
}

// join makes the client. Its first act is to fence what an earlier process left open under the same transactional id.
func (e *Engine) join(ctx context.Context) (*member, error) {
	m := &member{engine: e, changed: make(chan struct{}, 1)}
	session, err := kgo.NewGroupTransactSession(e.memberOptions(m)...)
	if err != nil {
		return nil, fmt.Errorf("making the client of group %s: %w", e.shape.group, err)
	}
	m.session = session
	ctx, cancel := context.WithTimeout(ctx, e.config.TransactionTimeout+sideTimeout)
	defer cancel()
	if _, _, err := session.Client().ProducerID(ctx); err != nil {
		m.close()
		return nil, fmt.Errorf("fencing the earlier owner of transactional id %s: %w", e.transactionalID(), err)
	}
	return m, nil
}

func (m *member) client() *kgo.Client { return m.session.Client() }

func (m *member) close() {
	m.closing.Do(func() {
		m.drop()
		m.session.CloseAllowingRebalance()
	})
}

// nextAssignment waits for the group's answer; nil when ctx has ended.
func (m *member) nextAssignment(ctx context.Context) (*assignment, error) {
	for {
		m.mu.Lock()
		a, failure := m.current, m.failure
		m.mu.Unlock()
		if failure != nil {
			return nil, failure
		}
		if ctx.Err() != nil {
			return nil, nil
		}
		if a != nil && !a.served {
			a.served = true
			return a, nil
		}
		select {
		case <-ctx.Done():
		case <-m.changed:
		}
	}
}

// leave hands the partitions over at once: franz-go never leaves for a static member, which would then keep them for the
// session time-out. The client is closed first, for it would join again; and only this member leaves, not a successor
// that has joined under the same instance name meanwhile.
func (m *member) leave() error {
	id, _ := m.client().GroupMetadata()
	m.close()
	if id == "" {
		return nil
	}
	e := m.engine
	side, err := e.side()
	if err != nil {
		return err
	}
	defer side.Close()
	ctx, cancel := context.WithTimeout(context.Background(), sideTimeout/4)
	defer cancel()
	request := kmsg.NewPtrLeaveGroupRequest()
	request.Group = string(e.shape.group)
	leaving := kmsg.NewLeaveGroupRequestMember()
	leaving.MemberID, leaving.InstanceID = id, kmsg.StringPtr(e.config.Instance)
	request.Members = append(request.Members, leaving)
	if _, err := request.RequestWith(ctx, side); err != nil {
		e.config.Log.Warn().Err(err).Msg("leaving the group: its partitions wait for the session time-out")
	}
	return nil
}

// OnGroupManageError implements kgo.HookGroupManageError: what the group's management could not do. franz-go retries;
// only a fenced instance is for good.
func (m *member) OnGroupManageError(err error) {
	if errors.Is(err, kerr.FencedInstanceID) {
		m.fail(fmt.Errorf("%w (group %s, instance %s)", ErrFencedInstance, m.engine.shape.group, m.engine.config.Instance))
		return
	}
	m.engine.config.Log.Warn().Err(err).Str("group", string(m.engine.shape.group)).Msg("joining the group")
}

func (m *member) fail(err error) {
	m.mu.Lock()
	m.failure = err
	m.mu.Unlock()
	m.drop()
	m.signal()
}

func (m *member) signal() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}
