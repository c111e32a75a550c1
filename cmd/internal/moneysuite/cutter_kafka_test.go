//go:build kafka

package moneysuite

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

// cutter stands between the engine and Postgres. Of the COMMITs that come by it cuts some, each in one of three ways: before
// the server has it; when the server has it, and no answer has come back; and when the server has answered.
type cutter struct {
	folder, server string

	mu     sync.Mutex
	random *rand.Rand

	commits, before, unheard, answered atomic.Int64
}

// cutOf is of how many COMMITs one is cut in each of the ways.
const cutOf = 8

func startCutter(t *testing.T, server string, random *rand.Rand) *cutter {
	t.Helper()
	c := &cutter{folder: proctest.Folder(t, "pgcut"), server: server, random: random}
	listener, err := net.Listen("unix", filepath.Join(c.folder, socketName))
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go c.serve(client) // ends with its client or its server, which end before the test
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return c
}

// errCut says that a connection is to be cut.
var errCut = errors.New("cutting the connection")

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", c.server)
	if err != nil {
		return
	}
	defer server.Close()
	link := &link{cutter: c, client: client, server: server}
	answering := make(chan struct{})
	go func() {
		defer close(answering)
		defer client.Close()
		link.answers()
	}()
	link.asks()
	if link.deaf.Load() { // until the server has answered, and so has done it
		<-answering
	}
}

// link is one connection.
type link struct {
	*cutter
	client, server net.Conn
	deaf           atomic.Bool // the server's next answer ends it
}

func (l *link) answers() {
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(buffer)
		if err != nil || l.deaf.Load() {
			return
		}
		if _, err := l.client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (l *link) asks() {
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buffer)
		if err != nil || l.forward(buffer[:n]) != nil {
			return
		}
	}
}

// commit is the message by which pgx ends a transaction.
var commit = []byte("Q\x00\x00\x00\x0bcommit\x00")

func (l *link) forward(message []byte) error {
	if !bytes.Equal(message, commit) {
		_, err := l.server.Write(message)
		return err
	}
	l.commits.Add(1)
	l.mu.Lock()
	how := l.random.IntN(cutOf)
	l.mu.Unlock()
	switch how {
	case 0:
		l.before.Add(1)
		return errCut
	case 1:
		l.unheard.Add(1)
		_, err := l.server.Write(message)
		return errors.Join(err, errCut)
	case 2:
		l.answered.Add(1)
		l.deaf.Store(true)
	}
	if _, err := l.server.Write(message); err != nil {
		return err
	}
	if l.deaf.Load() {
		return errCut
	}
	return nil
}
