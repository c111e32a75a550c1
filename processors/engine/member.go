package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/topics"
)

// member is one membership of the group: one franz-go client with one transactional producer. It lives through
// rebalances; after any error it is thrown away and a new one joins under the same instance name, because a producer whose
// transaction ended in doubt must be fenced before anything else is done.
type member struct {
	engine  *Engine
	session session

	mu sync.Mutex
	// current is the assignment that holds, nil between a revocation and the next one.
	current    *assignment
	membership membership // of the latest assignment
	changed    chan struct{}
	failure    error
	// progressed says that something was committed.
	progressed bool
	// lifetime is the client's context, ended by end.
	lifetime context.Context
	end      context.CancelFunc
	closing  sync.Once
}

// sideTimeout bounds each administrative call.
const sideTimeout = 10 * time.Second

// takePart serves assignments until ctx ends (nil) or something breaks. The member is closed then, and still in the group.
func (m *member) takePart(ctx context.Context, handler sarama.ConsumerGroupHandler) error {
	defer m.close()
	for {
		a, err := m.nextAssignment(ctx)
		if err != nil || a == nil { // nil: ctx ended
			return err
		}
		if err := m.serve(ctx, a, handler); err != nil {
			return err
		}
	}
}

// join makes the client. Its first act is to fence what an earlier process left open under the same transactional id. A
// member that fails at that is returned as well, closed: the group may have it already.
func (e *Engine) join(ctx context.Context) (*member, error) {
	e.status.wait("joining the group")
	m := &member{engine: e, changed: make(chan struct{}, 1)}
	m.lifetime, m.end = context.WithCancel(context.Background())
	session, err := e.newSession(m)
	if err != nil {
		return nil, err
	}
	m.session = session
	ctx, cancel := context.WithTimeout(ctx, e.config.TransactionTimeout+sideTimeout)
	defer cancel()
	if _, _, err := session.Client().ProducerID(ctx); err != nil {
		m.close()
		return m, fmt.Errorf("fencing the earlier owner of transactional id %s: %w", e.transactionalID(), err)
	}
	return m, nil
}

func (m *member) client() *kgo.Client { return m.session.Client() }

// closeMax is how long a client may take to close. franz-go waits for a join that is under way, and the group may wait in it
// for a dead member until its time-out.
const closeMax = 2 * time.Second

func (m *member) close() {
	m.closing.Do(func() {
		m.drop()
		late := time.AfterFunc(closeMax, m.end)
		m.session.CloseAllowingRebalance()
		late.Stop()
		m.end()
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
// session time-out. The member is closed before, for it would join again; and only this member leaves, not a successor
// that has joined under the same instance name meanwhile.
func (m *member) leave() {
	id, _ := m.client().GroupMetadata()
	if id == "" {
		return
	}
	e := m.engine
	request := kmsg.NewPtrLeaveGroupRequest()
	request.Group = string(e.shape.group)
	leaving := kmsg.NewLeaveGroupRequestMember()
	leaving.MemberID, leaving.InstanceID = id, kmsg.StringPtr(e.config.Instance)
	request.Members = append(request.Members, leaving)
	ctx, cancel := context.WithTimeout(context.Background(), sideTimeout/4)
	defer cancel()
	side, err := e.side()
	if err == nil {
		defer side.Close()
		_, err = request.RequestWith(ctx, side)
	}
	if err != nil {
		e.config.Log.Warn().Err(err).Msg("leaving the group: its partitions wait for the session time-out")
	}
}

// replaced says that another process is in the group under this one's instance name. Whoever fenced this one's
// transactions without that was right to think it dead, and it may come back.
func (m *member) replaced(ctx context.Context) bool {
	e := m.engine
	id, _ := m.client().GroupMetadata()
	side, err := e.side()
	if err != nil || id == "" {
		return false
	}
	defer side.Close()
	ctx, cancel := context.WithTimeout(ctx, sideTimeout/4)
	defer cancel()
	described, err := kadm.NewClient(side).DescribeGroups(ctx, string(e.shape.group))
	if err != nil {
		return false
	}
	for _, other := range described[string(e.shape.group)].Members {
		if other.InstanceID != nil && *other.InstanceID == e.config.Instance && other.MemberID != id {
			return true
		}
	}
	return false
}

// OnGroupManageError implements kgo.HookGroupManageError: what the group's management could not do. franz-go retries, and
// logs it; a fenced instance is for good, and a missing right ends the membership.
func (m *member) OnGroupManageError(err error) {
	if errors.Is(err, kerr.FencedInstanceID) {
		m.fail(m.fencedInstance())
		return
	}
	if topics.Unauthorized(err) { // franz-go would ask for ever, without a word
		m.fail(fmt.Errorf("taking part in group %s: %w", m.engine.shape.group, err))
		return
	}
	m.engine.config.Log.Debug().Err(err).Str("group", string(m.engine.shape.group)).Msg("joining the group")
}

func (m *member) fencedInstance() error {
	return fmt.Errorf("%w (group %s, instance %s)", ErrFencedInstance, m.engine.shape.group, m.engine.config.Instance)
}

// resume lets the records of partitions of streams in, unless the assignment has ended: they may be paused for the next one
// already.
func (m *member) resume(a *assignment, streams []string, partitions []int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a.ctx.Err() != nil {
		return
	}
	inputs := make(map[string][]int32)
	for _, stream := range streams {
		inputs[stream] = partitions
	}
	m.client().ResumeFetchPartitions(inputs)
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
