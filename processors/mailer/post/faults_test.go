package post

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// log is a Queue that can be looked into.
type sentLog interface {
	Queue
	add(mails ...pgstore.Mail)
	log(ctx context.Context) (map[string]logged, error)
}

// openLog makes a sent log whose time is a clock's.
type openLog func(t *testing.T, clock *handClock) sentLog

func inMemory(_ *testing.T, clock *handClock) sentLog { return newMemory(clock) }

// watched is a Queue that says when a mail was given back or has ended, after that was noted.
type watched struct {
	sentLog
	onEnd func(local string, end pgstore.MailEnd)
}

func (w *watched) EndMail(ctx context.Context, id string, claim int64, end pgstore.MailEnd) (bool, error) {
	noted, err := w.sentLog.EndMail(ctx, id, claim, end)
	if err == nil && noted {
		w.onEnd(localPart(id), end)
	}
	return noted, err
}

// fault is what happens to the mail to x, while those to a and b wait beside it.
type fault struct {
	name    string
	server  func(*smtp.Server)
	prepare func(t *testing.T, r *rig)
	url     string // ADDRESS stands for the server's
	trusted bool
	// given is told of each end; "" where x never ends by itself
	given func(t *testing.T, r *rig, local string, end pgstore.MailEnd)
	want  map[string]string // by local part: state, attempts, the beginning of the answer; how often the server took it
}

const ok = "sent 1: 1"

func sends(x string) map[string]string { return map[string]string{"a": ok, "b": ok, "x": x} }

func allWait(x string) map[string]string { return map[string]string{"a": x, "b": x, "x": x} }

func faults() []fault {
	plain := "smtp://ADDRESS?tls=none"
	react := func(reactions ...reaction) func(*testing.T, *rig) {
		return func(_ *testing.T, r *rig) { r.script("x", reactions...) }
	}
	repeat := func(one reaction) []reaction {
		var all []reaction
		for range 100 {
			all = append(all, one)
		}
		return all
	}
	busy, gone := refusal(450, "busy"), refusal(550, "no such user")
	return []fault{
		{name: "none", url: plain, want: sends(ok)},
		{name: "4xx at RCPT, once", url: plain, prepare: react(reaction{rcpt: busy}), want: sends("sent 2: 1")},
		{
			name: "4xx at RCPT, for ever", url: plain, prepare: react(repeat(reaction{rcpt: busy})...),
			want: sends("failed 17: 0 not taken within 24h0m0s; the last answer: RCPT: 450 4.1.1 busy"),
		},
		{name: "4xx after DATA", url: plain, prepare: react(reaction{after: busy}), want: sends("sent 2: 1")},
		{name: "421 after DATA", url: plain, prepare: react(reaction{after: refusal(421, "closing"), drop: "lost"}), want: sends("ambiguous 1: 0 no answer: ")},
		{name: "5xx at RCPT", url: plain, prepare: react(reaction{rcpt: gone}), want: sends("failed 1: 0 RCPT: 550 5.1.1 no such user")},
		{name: "5xx after DATA", url: plain, prepare: react(reaction{after: gone}), want: sends("failed 1: 0 550 5.1.1 no such user")},
		{name: "dropped at RCPT", url: plain, prepare: react(reaction{drop: "rcpt"}, reaction{drop: "rcpt"}), want: sends("sent 3: 1")},
		// A short text goes out with its last line: the way may have broken before, which nobody here can know.
		{name: "dropped in the text", url: plain, prepare: react(reaction{drop: "data"}), want: sends("ambiguous 1: 0 no answer: ")},
		{name: "dropped after the last line, taken", url: plain, prepare: react(reaction{drop: "taken"}), want: sends("ambiguous 1: 1 no answer: ")},
		{name: "dropped after the last line, lost", url: plain, prepare: react(reaction{drop: "lost"}), want: sends("ambiguous 1: 0 no answer: ")},
		{name: "no answer, ever", url: plain, prepare: react(reaction{hang: true}), want: sends("ambiguous 1: 1 no answer within ")},
		slowAnswer(plain),
		{name: "TLS from the first byte", url: "smtps://ADDRESS", server: func(*smtp.Server) {}, trusted: true, want: sends(ok)},
		{name: "STARTTLS and a login", url: "smtp://me:secret@ADDRESS", trusted: true, want: sends(ok)},
		{
			name: "a server without TLS", url: "smtp://ADDRESS", server: func(s *smtp.Server) { s.TLSConfig = nil },
			want: allWait("failed 0: 0 not taken within 24h0m0s: beginning TLS with "),
		},
		{
			name: "a certificate that nobody knows", url: "smtp://ADDRESS",
			want: allWait("failed 0: 0 not taken within 24h0m0s: "),
		},
		{
			name: "a wrong password", url: "smtp://me:wrong@ADDRESS", trusted: true,
			want: allWait("failed 0: 0 not taken within 24h0m0s: logging in at "),
		},
		away(plain),
	}
}

// slowAnswer: the answer for x comes only when a and b have been sent.
func slowAnswer(url string) fault {
	slow := make(chan struct{})
	sent := map[string]bool{}
	return fault{
		name: "a slow answer holds up nobody", url: url, want: sends(ok),
		prepare: func(_ *testing.T, r *rig) { r.script("x", reaction{slow: slow}) },
		given: func(_ *testing.T, _ *rig, local string, end pgstore.MailEnd) {
			if sent[local] = end.State == pgstore.MailSent; sent["a"] && sent["b"] && local != "x" {
				close(slow)
			}
		},
	}
}

// away: the server is down at first, and comes up when that was found out three times.
func away(url string) fault {
	found := 0
	var again func(t *testing.T, r *rig)
	return fault{
		name: "the server is down for a while", url: url, want: sends(ok),
		prepare: func(t *testing.T, r *rig) {
			r.listener.Close() // the server closes only what it has begun to serve
			r.server.Close()
			again = func(t *testing.T, r *rig) {
				listener, err := net.Listen("tcp", r.address)
				if err != nil {
					t.Error(err)
					return
				}
				r.serve(t, listener, nil)
			}
		},
		given: func(t *testing.T, r *rig, _ string, end pgstore.MailEnd) {
			if end.State == pgstore.MailWaiting && !end.Tried {
				if found++; found == 8 {
					again(t, r)
				}
			}
		},
	}
}

func TestFaults(t *testing.T) { testFaults(t, inMemory) }

func testFaults(t *testing.T, open openLog) {
	encryption, authorities := certificate(t)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			clock := &handClock{now: noon}
			queue := open(t, clock)
			queue.add(mailTo("a"), mailTo("b"), mailTo("x"))
			r := newFaultRig(t, &f, encryption)
			transport := f.transport(t, r, authorities)
			runUntilEnded(t, clock, queue, transport, func(local string, end pgstore.MailEnd) {
				if f.given != nil {
					f.given(t, r, local, end)
				}
			})
			if diff := cmp.Diff(f.want, told(t, queue, r, f.want)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func newFaultRig(t *testing.T, f *fault, encryption *tls.Config) *rig {
	t.Helper()
	r := newRig(t, func(s *smtp.Server) {
		if !strings.Contains(f.url, "tls=none") {
			s.TLSConfig = encryption
		}
		if f.server != nil {
			f.server(s)
		}
	})
	if strings.HasPrefix(f.url, "smtps") {
		listener, err := tls.Listen("tcp", "127.0.0.1:0", encryption)
		if err != nil {
			t.Fatal(err)
		}
		r.address = listener.Addr().String()
		r.serve(t, listener, nil)
	}
	if strings.Contains(f.url, "me:") {
		r.password = "secret"
	}
	if f.prepare != nil {
		f.prepare(t, r)
	}
	return r
}

func (f *fault) transport(t *testing.T, r *rig, authorities *x509.CertPool) Transport {
	t.Helper()
	server, err := ParseServer(strings.Replace(f.url, "ADDRESS", r.address, 1))
	if err != nil {
		t.Fatal(err)
	}
	transport := NewSMTP(server, "engine.example")
	if f.trusted {
		transport.Trust(authorities)
	}
	if strings.Contains(f.name, "no answer") {
		hasty := NewSMTP(server, "engine.example")
		hasty.answerMax = 50 * time.Millisecond
		return &hastyForX{transport, hasty}
	}
	return transport
}

// hastyForX waits for the answer for x not as long as for those of others, which come, however busy the machine is.
type hastyForX struct{ others, x *SMTP }

func (h *hastyForX) Carry(ctx, last context.Context, m *pgstore.ClaimedMail, commit func() error) Answer {
	if localPart(m.Recipient) == "x" {
		return h.x.Carry(ctx, last, m, commit)
	}
	return h.others.Carry(ctx, last, m, commit)
}

func (h *hastyForX) Rest() {
	h.others.Rest()
	h.x.Rest()
}

// runUntilEnded runs a sender until every mail has ended. Time goes on when a mail is given back: to its next turn.
func runUntilEnded(
	t *testing.T, clock *handClock, queue sentLog, transport Transport, given func(local string, end pgstore.MailEnd),
) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var one sync.Mutex
	w := &watched{sentLog: queue, onEnd: func(local string, end pgstore.MailEnd) {
		one.Lock()
		defer one.Unlock()
		if given != nil {
			given(local, end)
		}
		switch {
		case end.State == pgstore.MailWaiting && end.Tried:
			clock.add(90 * 60_000)
		case end.State == pgstore.MailWaiting:
			clock.add(30 * 60_000)
		}
	}}
	ended := make(chan struct{})
	end := sync.OnceFunc(func() { close(ended) }) // several may see at the same time that all have ended
	s := newTestSender(w, transport, clock)
	s.places.soon, s.gate = 5*time.Millisecond, newGate(5*time.Millisecond, 5*time.Millisecond)
	s.config.Told = checks(func() {
		if allEnded(ctx, t, queue) {
			end()
		}
	})
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	<-ended
	cancel()
	running.Wait()
}

func newTestSender(queue Queue, transport Transport, clock engine.Clock) *Sender {
	s := New(Config{
		Queue: queue, Transport: transport, Clock: clock, By: "p-1", From: "campaigns@engine.example", Rate: 10_000, MaxAge: 24 * 3_600_000, Log: zerolog.Nop(),
		Poll: time.Millisecond,
	})
	s.lastMax, s.endMax = 50*time.Millisecond, 50*time.Millisecond
	s.places.soon, s.gate = time.Hour, newGate(time.Hour, time.Hour)
	return s
}

func allEnded(ctx context.Context, t *testing.T, queue sentLog) bool {
	all, err := queue.log(ctx)
	if err != nil {
		if ctx.Err() == nil {
			t.Error(err)
		}
		return false
	}
	for _, m := range all {
		if m.state == pgstore.MailWaiting || m.state == pgstore.MailSending {
			return false
		}
	}
	return true
}

// checks is told of everything, and looks.
type checks func()

func (c checks) Ended(pgstore.MailState, int) { c() }
func (c checks) Answered(time.Duration)       {}
func (c checks) Failed()                      {}
func (c checks) Counted(pgstore.MailCounts)   {}

// told returns what the log says of each mail, and how often the server took it. Of answers it says as much as is wanted.
func told(t *testing.T, queue sentLog, r *rig, want map[string]string) map[string]string {
	t.Helper()
	all, err := queue.log(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	counts := r.counts()
	got := map[string]string{}
	for local, m := range all {
		line := fmt.Sprintf("%s %d: %d", m.state, m.attempts, counts[local])
		if strings.Count(want[local], " ") > 2 {
			line += " " + m.answer
			line = line[:min(len(line), len(want[local]))]
		}
		got[local] = line
	}
	return got
}
