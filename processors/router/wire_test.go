package router_test

import (
	"context"
	"errors"
	"net"
	"sync"
)

// wire is the network of one process. It can be cut for good, or frozen as a stopped process's is.
type wire struct {
	mu    sync.Mutex
	moved *sync.Cond
	conns map[net.Conn]struct{}
	dead  error
	ice   bool
}

func newWire() *wire {
	w := &wire{conns: make(map[net.Conn]struct{})}
	w.moved = sync.NewCond(&w.mu)
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
	w.conns[inner] = struct{}{}
	return &wireConn{Conn: inner, wire: w}, nil
}

// cut ends all connections and lets none begin.
func (w *wire) cut(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead, w.ice = why, false
	for conn := range w.conns {
		_ = conn.Close()
	}
	w.moved.Broadcast()
}

// freeze holds all that comes and goes until thaw.
func (w *wire) freeze() { w.set(true) }
func (w *wire) thaw()   { w.set(false) }

func (w *wire) set(ice bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ice = ice
	w.moved.Broadcast()
}

func (w *wire) flowing() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.ice {
		w.moved.Wait()
	}
}

type wireConn struct {
	net.Conn
	wire *wire
}

func (c *wireConn) Write(p []byte) (int, error) {
	c.wire.flowing()
	return c.Conn.Write(p)
}

func (c *wireConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.wire.flowing()
	return n, err
}
