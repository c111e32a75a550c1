package torture

import (
	"io"
	"net"
	"testing"
	"time"
)

// echo serves what it is sent, until the test ends.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

// asked sends a byte and waits for it to come back.
func asked(conn net.Conn, patience time.Duration) error {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte{1}); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	return err
}

func TestALinkBreaksAndHeals(t *testing.T) {
	const patience, silence = time.Minute, 50 * time.Millisecond
	l := newLinks(t, 1, 2)
	for _, each := range l.all[0] {
		each.upstream = echo(t)
		if err := each.heal(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(each.cut)
	}
	dial := func(address string) net.Conn {
		conn, err := net.Dial("tcp4", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	hit, other := l.all[0][0], dial(l.addresses(0)[1])
	breaks := []struct {
		name   string
		do     func() error
		silent bool // nothing comes back, nothing is closed
		closed bool
	}{
		{"cut", func() error { hit.cut(); return nil }, false, true},
		{"slow", func() error { return hit.toxic("latency", "upstream", `"latency":3600000`) }, true, false},
		{"half open, upstream", func() error { return hit.toxic("timeout", "upstream", `"timeout":0`) }, true, false},
		{"half open, downstream", func() error { return hit.toxic("timeout", "downstream", `"timeout":0`) }, true, false},
	}
	for _, b := range breaks {
		conn := dial(hit.listen)
		if err := asked(conn, patience); err != nil {
			t.Fatalf("before %s: %v", b.name, err)
		}
		if err := b.do(); err != nil {
			t.Fatalf("%s: %v", b.name, err)
		}
		err := asked(conn, map[bool]time.Duration{true: silence, false: patience}[b.silent])
		timeout, is := err.(net.Error)
		if b.silent != (is && timeout.Timeout()) || b.closed != (err != nil && !b.silent) {
			t.Errorf("%s: %v", b.name, err)
		}
		if err := asked(other, patience); err != nil {
			t.Errorf("%s: the other link: %v", b.name, err)
		}
		if err := hit.heal(); err != nil {
			t.Fatalf("healing %s: %v", b.name, err)
		}
		if err := asked(dial(hit.listen), patience); err != nil {
			t.Errorf("after %s: %v", b.name, err)
		}
	}
}

// TestALinkToABrokerThatIsDown: what else is wrong with a link does not open it, and is there when the broker is back.
func TestALinkToABrokerThatIsDown(t *testing.T) {
	l := newLinks(t, 1, 1)
	hit := l.all[0][0]
	hit.upstream = echo(t)
	t.Cleanup(hit.cut)
	opens := func(want bool) {
		t.Helper()
		conn, err := net.Dial("tcp4", hit.listen)
		if err == nil {
			err = asked(conn, 10*time.Second)
			conn.Close()
		}
		if (err == nil) != want {
			t.Errorf("connecting: %v, want that it works: %t", err, want)
		}
	}
	for _, step := range []struct {
		name string
		do   func() error
		open bool
	}{
		{"new", hit.heal, true},
		{"the broker is down", func() error { hit.refuse(); return nil }, false},
		{"slow as well", func() error { return hit.toxic("latency", "upstream", `"latency":1`) }, false},
		{"healed, still down", hit.heal, false},
		{"cut as well", func() error { hit.cut(); return nil }, false},
		{"the broker is back, still cut", hit.reopen, false},
		{"healed", hit.heal, true},
		{"down again", func() error { hit.refuse(); return nil }, false},
		{"half open as well", func() error { return hit.toxic("limit_data", "upstream", `"bytes":0`) }, false},
		{"the broker is back, still half open", hit.reopen, false},
		{"healed again", hit.heal, true},
	} {
		t.Log(step.name)
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		opens(step.open)
	}
}
