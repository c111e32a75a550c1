package router

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// member is one membership of the group: one client with one transactional producer. It lives through rebalances; after any
// error it is thrown away, because a producer whose transaction ended in doubt must be fenced before anything else is done.
type member struct {
	router  *Router
	session *kgo.GroupTransactSession
	// side is for administration: on the session's connections a call would queue behind a fetch that waits for records.
	side *kgo.Client
	// known are the topics that are there, and begun those of them that franz-go keeps a producer's state of; only the session's
	// goroutine touches them.
	known, begun map[topics.Name]bool
	// progressed says that something was committed.
	progressed bool
	// lifetime is the clients' context.
	lifetime context.Context
	end      context.CancelFunc
	closing  sync.Once

	mu         sync.Mutex
	current    *assignment // nil between a revocation and the next one
	id         string      // of the latest assignment
	generation int32
	changed    chan struct{}
	failure    error
}

// The bounds of the clients.
const (
	sideTimeout            = 10 * time.Second // of each administrative call
	heartbeatMax           = 300 * time.Millisecond
	fetchMaxWait           = 500 * time.Millisecond
	fetchMaxBytes          = 16 << 20
	fetchMaxPartitionBytes = 1 << 20
	bufferedMaxBytes       = 64 << 20
	gatherMax              = 100 * time.Millisecond // records gather for full batches; the end of a transaction does not wait
	closeMax               = 2 * time.Second
	// metadataMinAge is short: a transaction waits for the metadata of topics that it is the first to produce to.
	metadataMinAge = 10 * time.Millisecond
)

// join makes the clients. Its first act is to fence what an earlier process left open under the same transactional id. A member
// that fails at that is returned as well, closed: the group may have it already.
func (r *Router) join(ctx context.Context) (*member, error) {
	r.state.wait("joining the group")
	m := &member{router: r, changed: make(chan struct{}, 1), known: map[topics.Name]bool{}, begun: map[topics.Name]bool{}}
	m.lifetime, m.end = context.WithCancel(context.Background())
	var err error
	if m.side, err = kgo.NewClient(append(engine.Reach(r.config.Connect), kgo.RetryTimeout(sideTimeout))...); err != nil {
		return nil, fmt.Errorf("making a client for administration: %w", err)
	}
	if m.session, err = kgo.NewGroupTransactSession(m.options()...); err != nil {
		m.side.Close()
		return nil, fmt.Errorf("making the client of group %s: %w", r.group, err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.TransactionTimeout+sideTimeout)
	defer cancel()
	if _, _, err := m.client().ProducerID(ctx); err != nil {
		m.close()
		return m, fmt.Errorf("fencing the earlier owner of transactional id %s: %w", r.transactionalID(), err)
	}
	return m, nil
}

func (r *Router) transactionalID() string { return r.group + "-" + r.config.Instance }

func (m *member) client() *kgo.Client { return m.session.Client() }

func (m *member) options() []kgo.Opt {
	c := m.router.config
	return append(engine.Reach(c.Connect),
		kgo.WithContext(m.lifetime), kgo.WithHooks(m), kgo.MetadataMinAge(metadataMinAge),
		kgo.ConsumerGroup(m.router.group), kgo.InstanceID(c.Instance), kgo.ConsumeTopics(string(topics.DeviceCommands)),
		kgo.Balancers(kgo.RangeBalancer()), kgo.SessionTimeout(c.SessionTimeout),
		kgo.HeartbeatInterval(min(c.SessionTimeout/6, heartbeatMax)), kgo.RebalanceTimeout(2*c.SessionTimeout),
		kgo.DisableAutoCommit(), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // markers move positions
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchMaxWait(fetchMaxWait), kgo.FetchMaxBytes(fetchMaxBytes), kgo.FetchMaxPartitionBytes(fetchMaxPartitionBytes),
		kgo.OnPartitionsAssigned(m.onAssigned), kgo.AdjustFetchOffsetsFn(m.adjustPositions),
		kgo.OnPartitionsRevoked(m.onRevoked), kgo.OnPartitionsLost(m.onRevoked),

		kgo.TransactionalID(m.router.transactionalID()), kgo.TransactionTimeout(c.TransactionTimeout),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchMaxBytes(topics.OutputMaxBytes), kgo.MaxBufferedBytes(bufferedMaxBytes), kgo.ProducerLinger(gatherMax),
		// A topic that was just made may be unknown to a broker for some moments. What bounds the wait is the end of a
		// transaction: franz-go's delivery time-out counts from a record's own time, which is that of its command.
		kgo.UnknownTopicRetries(-1))
}

// takePart serves assignments until ctx ends (nil) or something breaks. The member is closed then, and still in the group.
func (m *member) takePart(ctx context.Context) error {
	defer m.close()
	for {
		a, err := m.nextAssignment(ctx)
		if err != nil || a == nil { // nil: ctx ended
			return err
		}
		if err := m.serve(ctx, a); err != nil {
			return err
		}
	}
}

func (m *member) close() {
	m.closing.Do(func() {
		m.drop()
		late := time.AfterFunc(closeMax, m.end)
		m.session.CloseAllowingRebalance()
		late.Stop()
		m.end()
		m.side.Close()
	})
}

// leave hands the partitions over at once: franz-go never leaves for a static member, which would then keep them for the session
// time-out. Only this member leaves, not a successor that has joined under the same instance name meanwhile.
func (m *member) leave() {
	id, _ := m.client().GroupMetadata()
	if id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), sideTimeout/4)
	defer cancel()
	request := kmsg.NewPtrLeaveGroupRequest()
	request.Group = m.router.group
	leaving := kmsg.NewLeaveGroupRequestMember()
	leaving.MemberID, leaving.InstanceID = id, kmsg.StringPtr(m.router.config.Instance)
	request.Members = append(request.Members, leaving)
	side, err := kgo.NewClient(engine.Reach(m.router.config.Connect)...)
	if err == nil {
		defer side.Close()
		_, err = request.RequestWith(ctx, side)
	}
	if err != nil {
		m.router.config.Log.Warn().Err(err).Msg("leaving the group: its partitions wait for the session time-out")
	}
}

// OnGroupManageError implements kgo.HookGroupManageError. franz-go retries for ever, and tells nobody, what does not pass.
func (m *member) OnGroupManageError(err error) {
	if errors.Is(err, kerr.FencedInstanceID) || topics.Unauthorized(err) {
		m.fail(fmt.Errorf("taking part in group %s: %w", m.router.group, err))
		return
	}
	m.router.config.Log.Debug().Err(err).Str("group", m.router.group).Msg("joining the group")
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
