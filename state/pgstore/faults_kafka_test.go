//go:build kafka

package pgstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// numbered is the i-th of many campaigns, with the positions of a reader that takes one after the other.
func numbered(i int) pgstore.Batch {
	story := spring()
	story.id = fmt.Sprintf("c-%d", i)
	b := story.batch()
	from := int64(i)
	if i == 0 {
		from = pgstore.Unread
	}
	b.Positions = []pgstore.Advance{{Partition: pgstore.Partition{Topic: "t"}, From: from, Next: int64(i) + 1}}
	return b
}

// insist writes as a sink does: again after what passes by itself, and on from where the batch turns out to be written.
func insist(t *testing.T, s *pgstore.Store, b pgstore.Batch, failed func(error)) {
	t.Helper()
	for {
		_, err := s.Write(context.Background(), b)
		var overtaken *pgstore.OvertakenError
		switch {
		case err == nil:
			return
		case errors.As(err, &overtaken) && overtaken.Present[b.Positions[0].Partition] == b.Positions[0].Next:
			return
		case !pgstore.Retryable(err):
			t.Fatal(err)
		}
		failed(err)
	}
}

func mustHold(t *testing.T, s *pgstore.Store, campaigns int) {
	t.Helper()
	mustAudit(t, s)
	count := 0
	for r, err := range s.Releases(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Waiting {
			t.Errorf("%s waits", r.ID())
		}
		count++
	}
	wallets, err := s.Wallet(context.Background(), "a-1")
	if err != nil || len(wallets) != 1 {
		t.Fatalf("%v, %v", wallets, err)
	}
	want := fmt.Sprintf("%d.%02d", campaigns*37655/100, campaigns*37655%100)
	if count != campaigns || wallets[0].Balance.Text('f') != want {
		t.Errorf("%d releases, and %s in the wallet, want %d and %s", count, wallets[0].Balance.Text('f'), campaigns, want)
	}
}

// TestServerIsKilled: the server is killed beside writes, and started again once it is dead. A write may be through before it is.
func TestServerIsKilled(t *testing.T) {
	d := startDatabases(t)
	address, drop := d.fresh(t)
	t.Cleanup(func() {
		d.admin = connect(t, d.server.URL("owner", "postgres"))
		drop()
	})
	s := open(t, address)
	const campaigns, kills = 60, 3
	for i := range campaigns {
		if i%(campaigns/kills) != 10 {
			insist(t, s, numbered(i), func(error) {})
			continue
		}
		dead := make(chan struct{})
		go func() {
			defer close(dead)
			d.server.Kill(t)
		}()
		up := sync.OnceFunc(func() { d.server.Up(t) })
		insist(t, s, numbered(i), func(error) {
			select {
			case <-dead:
				up()
			case <-time.After(10 * time.Millisecond): // it has failed because the server ends
			}
		})
		<-dead
		up()
	}
	mustHold(t, s, campaigns)
}

// cutter stands between program and server, and cuts the connection at COMMIT: before the server has it, or before the
// program has the answer.
type cutter struct {
	folder string
	server string
	// cut says what becomes of the next COMMIT.
	cut atomic.Int32
}

const (
	passes = iota
	cutBefore
	cutAfter
)

func startCutter(t *testing.T, server string) *cutter {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "pgcut-") //nolint:usetesting // t.TempDir may be longer than a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{folder: folder, server: server}
	listener, err := net.Listen("unix", filepath.Join(folder, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		listener.Close()
		os.RemoveAll(folder)
	})
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go c.serve(client)
		}
	}()
	return c
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", c.server)
	if err != nil {
		return
	}
	defer server.Close()
	var deaf atomic.Bool
	go func() {
		defer client.Close()
		answers := make([]byte, 64<<10)
		for {
			n, err := server.Read(answers)
			if err != nil || deaf.Load() {
				return
			}
			if _, err := client.Write(answers[:n]); err != nil {
				return
			}
		}
	}()
	asked := make([]byte, 64<<10)
	for {
		n, err := client.Read(asked)
		if err != nil {
			return
		}
		if bytes.Contains(bytes.ToLower(asked[:n]), []byte("commit\x00")) {
			switch c.cut.Swap(passes) {
			case cutBefore:
				return
			case cutAfter:
				deaf.Store(true)
			}
		}
		if _, err := server.Write(asked[:n]); err != nil {
			return
		}
	}
}

func TestCommitIsCut(t *testing.T) {
	d := startDatabases(t, fast)
	address, drop := d.fresh(t)
	t.Cleanup(drop)
	c := startCutter(t, d.server.Socket())
	s := open(t, strings.Replace(address, url.QueryEscape(filepath.Dir(d.server.Socket())), url.QueryEscape(c.folder), 1))
	for i := range 12 {
		how := int32(i % 3)
		c.cut.Store(how)
		_, err := s.Write(context.Background(), numbered(i))
		switch {
		case how == cutBefore && (err == nil || !pgstore.Retryable(err)):
			t.Errorf("%d: the COMMIT did not arrive, but: %v", i, err)
		case how != cutBefore && err != nil:
			t.Errorf("%d (cut %d): it was committed, but: %v", i, how, err)
		}
		if c.cut.Load() != passes {
			t.Fatalf("%d: no COMMIT came by", i)
		}
		if err != nil {
			write(t, s, numbered(i))
		}
	}
	mustHold(t, s, 12)
}

// An owner that stands still in the middle of a transaction holds the turn: the server ends it, and the others go on.
func TestOwnerStandsStill(t *testing.T) {
	d := startDatabases(t, fast)
	address, drop := d.fresh(t)
	t.Cleanup(drop)
	s := openWith(t, pgstore.Options{URL: address, Timeout: 3 * time.Second})
	ctx := context.Background()
	still := connect(t, address)
	exec(t, still, "SET idle_in_transaction_session_timeout = '1500ms'") // as the program sets it for itself
	exec(t, still, "BEGIN")
	exec(t, still, "SELECT pg_advisory_xact_lock($1::bigint)", int64(0x63616d70_77726974))
	var reasons []string
	insist(t, s, numbered(0), func(err error) { reasons = append(reasons, err.Error()) })
	if err := still.Ping(ctx); err == nil {
		t.Error("who stood still goes on")
	}
	for _, reason := range reasons {
		if !strings.Contains(reason, "lock") {
			t.Error(reason)
		}
	}
	mustHold(t, s, 1)
}

// Whatever the server says in the middle of a write, nothing of the batch is there, and what passes can be written again.
func TestServerRefusesInTheMiddle(t *testing.T) {
	d := startDatabases(t, fast)
	address, drop := d.fresh(t)
	t.Cleanup(drop)
	s := open(t, address)
	owner := connect(t, address)
	before := dump(t, address, true)
	for state, retryable := range map[string]bool{
		"40001": true, "40P01": true, "53100": true, "53200": true, "57014": true, "58030": true, "25006": true, "22P02": false, "42501": false, "XX001": false,
	} {
		exec(t, owner, `CREATE OR REPLACE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a fault' USING ERRCODE = '`+state+`'; END $$`)
		exec(t, owner, "CREATE TRIGGER fault AFTER INSERT ON campaign_engine.entries FOR EACH STATEMENT EXECUTE FUNCTION public.fault()")
		_, err := s.Write(context.Background(), numbered(0))
		var known *pgstore.Error
		if !errors.As(err, &known) || known.Retryable != retryable || known.Reason == "" {
			t.Errorf("%s: %v", state, err)
		}
		exec(t, owner, "DROP TRIGGER fault ON campaign_engine.entries")
		mustSame(t, dump(t, address, true), before, state)
	}
	write(t, s, numbered(0))
	mustHold(t, s, 1)
}

func TestNoServer(t *testing.T) {
	for address, retryable := range map[string]bool{
		"postgres://owner@/db?host=/nonexistent":  true,
		"postgres://owner@127.0.0.1:1/db":         true,
		"postgres://owner@no-such-host.invalid/d": true,
		"no address": false,
	} {
		_, err := pgstore.Open(context.Background(), pgstore.Options{URL: address, ConnectTimeout: 5 * time.Second})
		var known *pgstore.Error
		if !errors.As(err, &known) || known.Retryable != retryable {
			t.Errorf("%s: %v", address, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := pgstore.Open(ctx, pgstore.Options{URL: "postgres://owner@127.0.0.1:1/db"}); !errors.Is(err, context.Canceled) || pgstore.Retryable(err) {
		t.Errorf("the caller has ended it: %v", err)
	}
}
