package post

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// piped is a connection to a server in this process that answers each command by a function; "" hangs.
func piped(t *testing.T, answer func(line string) string) *connection {
	t.Helper()
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		in := bufio.NewReader(far)
		fmt.Fprint(far, "220 rig.example\r\n")
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			said := answer(strings.TrimRight(line, "\r\n"))
			if said == "" {
				continue
			}
			if _, err := fmt.Fprint(far, said+"\r\n"); err != nil {
				return
			}
		}
	}()
	c := &connection{client: smtp.NewClient(near), raw: near}
	c.client.CommandTimeout, c.client.SubmissionTimeout = time.Hour, time.Hour
	if err := c.client.Hello("engine.example"); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestConnectionsEndAtOnce: a server that does not answer QUIT is waited for once, not once for each connection.
func TestConnectionsEndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSMTP(Server{}, "engine.example")
		for range connections {
			s.keep(piped(t, func(line string) string {
				if line == "QUIT" {
					return ""
				}
				return "250 ok"
			}))
		}
		began := time.Now()
		if s.Rest(); time.Since(began) > quitMax || len(s.idle) > 0 {
			t.Errorf("it took %s; %d are kept", time.Since(began), len(s.idle))
		}
	})
}

// deaf is a connection that cannot be cut.
type deaf struct{ net.Conn }

func (deaf) Close() error { return nil }

// TestCutAtTheLastMoment: over a connection that was cut nothing more goes out, even where the answer was there already. Any
// command would end the text that is open there, and have the server take it, of which the log knows nothing.
func TestCutAtTheLastMoment(t *testing.T) {
	for at, heard := range map[string]string{"EHLO": "MAIL", "MAIL": "MAIL", "RCPT": "RCPT", "DATA": "DATA"} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var mu sync.Mutex
			var last string
			c := piped(t, func(line string) string {
				mu.Lock()
				defer mu.Unlock()
				if last = line; strings.HasPrefix(line, at) {
					cancel()
				}
				if line == "DATA" {
					return "354 go on"
				}
				return "250 ok"
			})
			raw := c.raw
			defer raw.Close()
			c.raw = deaf{raw}
			commits := 0
			answer := NewSMTP(Server{}, "engine.example").carryOver(ctx, t.Context(), c, &pgstore.ClaimedMail{Mail: mailTo("a")},
				func() error { commits++; return nil })
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if answer.Verdict != Later || commits > 0 || !strings.HasPrefix(last, heard) {
				t.Errorf("cut at %s: %+v, %d commits, the server heard %q last", at, answer, commits, last)
			}
		})
	}
}

// TestAnIdleConnectionThatTheServerEnds is no trouble of the next mail's.
func TestAnIdleConnectionThatTheServerEnds(t *testing.T) {
	r := newRig(t, nil)
	server, err := ParseServer("smtp://" + r.address + "?tls=none")
	if err != nil {
		t.Fatal(err)
	}
	s := NewSMTP(server, "engine.example")
	idle := piped(t, func(line string) string {
		if strings.HasPrefix(line, "EHLO") {
			return "250 ok"
		}
		return "421 4.4.2 you were idle for too long"
	})
	s.keep(idle)
	commits := 0
	bg := context.Background()
	answer := s.Carry(bg, bg, &pgstore.ClaimedMail{Mail: mailTo("a")}, func() error { commits++; return nil })
	if answer.Verdict != Accepted || commits != 1 || r.counts()["a"] != 1 {
		t.Errorf("%+v, %d commits, taken %v", answer, commits, r.counts())
	}
	s.Rest()
}

// TestTheClientGivesUpFirst, as it may where many things wait for a processor: that, too, is no answer in time, and the end of
// the connection.
func TestTheClientGivesUpFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := piped(t, func(line string) string {
			if line == "NOOP" {
				return ""
			}
			return "250 ok"
		})
		c.client.CommandTimeout = time.Second
		if cut, err := c.within(t.Context(), time.Minute, c.client.Noop); !cut || err == nil || !c.over.Load() {
			t.Errorf("cut: %t, %v; over: %t", cut, err, c.over.Load())
		}
	})
}
