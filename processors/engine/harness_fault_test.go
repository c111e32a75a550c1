package engine_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// wire is the network of one process. It can be cut for good, frozen as a stopped process's is, or cut once at a request.
type wire struct {
	mu    sync.Mutex
	moved *sync.Cond
	conns map[*wireConn]struct{}
	made  int // connections
	dead  error
	ice   bool

	cutKey atomic.Int32 // of the request to be cut at, -1 for none
	late   atomic.Bool  // cut after the broker has answered
	wasCut chan struct{}

	holdKey atomic.Int32 // of the requests that are held, -1 for none
	held    chan struct{}
	let     chan struct{}
	letOnce sync.Once
}

func newWire() *wire {
	w := &wire{
		conns: make(map[*wireConn]struct{}), wasCut: make(chan struct{}, 1),
		held: make(chan struct{}, 1), let: make(chan struct{}),
	}
	w.moved = sync.NewCond(&w.mu)
	w.cutKey.Store(-1)
	w.holdKey.Store(-1)
	return w
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	inner, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead != nil {
		return nil, errors.Join(w.dead, inner.Close())
	}
	conn := &wireConn{Conn: inner, wire: w}
	w.conns[conn] = struct{}{}
	w.made++
	return conn, nil
}

// connections returns how many have been made.
func (w *wire) connections() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.made
}

// cut ends all connections and lets none begin.
func (w *wire) cut(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = why
	for conn := range w.conns {
		_ = conn.Conn.Close()
	}
	w.ice = false
	w.moved.Broadcast()
}

// freeze holds all that comes and goes until thaw.
func (w *wire) freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ice = true
}

func (w *wire) thaw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ice = false
	w.moved.Broadcast()
}

func (w *wire) flowing() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.ice {
		w.moved.Wait()
	}
}

// cutAt breaks the connection at the next request of a kind: before the broker has got it, or after it has answered.
func (w *wire) cutAt(key kmsg.Key, late bool) {
	w.late.Store(late)
	w.cutKey.Store(int32(key))
}

// holdAt holds the next request of a kind, and its connection, until letGo.
func (w *wire) holdAt(key kmsg.Key) { w.holdKey.Store(int32(key)) }

func (w *wire) letGo() { w.letOnce.Do(func() { close(w.let) }) }

type wireConn struct {
	net.Conn
	wire *wire
	deaf atomic.Bool // the next answer is lost with the connection
}

func (c *wireConn) Write(p []byte) (int, error) {
	c.wire.flowing()
	key := int32(-2)
	if len(p) >= 6 { // a request begins with its size and its key (int32, int16)
		key = int32(p[4])<<8 | int32(p[5])
	}
	if c.wire.holdKey.CompareAndSwap(key, -1) {
		c.wire.held <- struct{}{}
		<-c.wire.let
	}
	if c.wire.cutKey.CompareAndSwap(key, -1) {
		if !c.wire.late.Load() {
			c.wire.wasCut <- struct{}{}
			return 0, errors.Join(io.ErrClosedPipe, c.Conn.Close())
		}
		c.deaf.Store(true)
	}
	return c.Conn.Write(p)
}

func (c *wireConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.wire.flowing()
	if c.deaf.CompareAndSwap(true, false) {
		c.wire.wasCut <- struct{}{}
		return 0, errors.Join(io.EOF, c.Conn.Close())
	}
	return n, err
}

func (c *wireConn) Close() error {
	c.wire.mu.Lock()
	delete(c.wire.conns, c)
	c.wire.mu.Unlock()
	return c.Conn.Close()
}

// holdup holds the first callback that comes by, until it is freed.
type holdup struct {
	entered, release chan struct{}
	busy             atomic.Bool
	out              sync.Once
}

func (b *bench) holdup() *holdup {
	h := &holdup{entered: make(chan struct{}), release: make(chan struct{})}
	b.holdups = append(b.holdups, h)
	return h
}

// callback is a hook that is held.
func (h *holdup) callback(engine.Context, instant.Instant) { h.hold() }

func (h *holdup) hold() {
	if h.busy.CompareAndSwap(false, true) {
		close(h.entered)
		<-h.release
	}
}

func (h *holdup) free() { h.out.Do(func() { close(h.release) }) }

// count returns how often the cluster was asked something that fits, from now on.
func (b *bench) count(key kmsg.Key, fits func(kmsg.Request) bool) func() int {
	var n atomic.Int64
	b.cluster.ControlKey(int16(key), func(request kmsg.Request) (kmsg.Response, error, bool) {
		if fits == nil || fits(request) {
			n.Add(1)
		}
		return nil, nil, false
	})
	return func() int { return int(n.Load()) }
}

// deceive lets a member believe that it is still in the group: its heartbeats are answered, and the group never sees
// them. A new member under the same instance name is not deceived.
func (b *bench) deceive(instance, member string) {
	b.cluster.ControlKey(int16(kmsg.Heartbeat), func(request kmsg.Request) (kmsg.Response, error, bool) {
		heartbeat := request.(*kmsg.HeartbeatRequest)
		if heartbeat.InstanceID == nil || *heartbeat.InstanceID != instance || heartbeat.MemberID != member {
			return nil, nil, false
		}
		b.cluster.KeepControl()
		return heartbeat.ResponseKind(), nil, true
	})
}

// memberOf returns the member id under which an instance is in the group now.
func (b *bench) memberOf(instance string) string {
	b.t.Helper()
	described, err := b.admin.DescribeGroups(b.ctx, testGroup)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, member := range described[testGroup].Members {
		if member.InstanceID != nil && *member.InstanceID == instance {
			return member.MemberID
		}
	}
	return ""
}

// expel takes an instance out of the group, as an operator does.
func (b *bench) expel(instance string) {
	b.t.Helper()
	request := kmsg.NewPtrLeaveGroupRequest()
	request.Group = testGroup
	leaving := kmsg.NewLeaveGroupRequestMember()
	leaving.InstanceID = kmsg.StringPtr(instance)
	request.Members = append(request.Members, leaving)
	response, err := request.RequestWith(b.ctx, b.client)
	if err != nil || response.ErrorCode != 0 || response.Members[0].ErrorCode != 0 {
		b.t.Fatalf("taking %s out of the group: %v, %+v", instance, err, response)
	}
}

// hang opens a transaction under a transactional id, produces records in it, and leaves it so.
func (b *bench) hang(id string, records ...*kgo.Record) *kgo.Client {
	b.t.Helper()
	client := b.connect(kgo.TransactionalID(id), kgo.TransactionTimeout(2*deadline),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0))
	if err := client.BeginTransaction(); err != nil {
		b.t.Fatal(err)
	}
	if err := client.ProduceSync(b.ctx, records...).FirstErr(); err != nil {
		b.t.Fatal(err)
	}
	if err := topics.Settle(b.ctx, client); err != nil {
		b.t.Fatal(err)
	}
	return client
}

func (b *bench) endHanging(client *kgo.Client, how kgo.TransactionEndTry) {
	b.t.Helper()
	if err := client.EndTransaction(b.ctx, how); err != nil {
		b.t.Fatal(err)
	}
}
