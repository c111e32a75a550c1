package post

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// stuck is a server, and a log, that stop answering when the process ends.
type stuck struct {
	*memory
	ended context.Context
}

func (s *stuck) Carry(_, last context.Context, _ *pgstore.ClaimedMail, commit func() error) Answer {
	if err := commit(); err != nil {
		return Answer{Withheld, err.Error()}
	}
	<-last.Done()
	return Answer{Unknown, "the process ended before the answer came"}
}

func (s *stuck) Rest() { <-time.After(quitMax) }

func (s *stuck) EndMail(ctx context.Context, id string, claim int64, end pgstore.MailEnd) (bool, error) {
	if s.ended.Err() != nil {
		<-ctx.Done()
		return false, ctx.Err()
	}
	return s.memory.EndMail(ctx, id, claim, end)
}

// TestTheEndIsSoon, whatever hangs: there is time left for the rest of the process, which is to end within 10 s.
func TestTheEndIsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		transport := &stuck{newMemory(nil), ctx}
		for i := range 100 {
			transport.add(*mailOf(fmt.Sprint("c-", i), fmt.Sprintf("a@%d.example", i)))
		}
		s := newTestSender(transport, transport, bubbleClock{time.Now()})
		s.lastMax, s.endMax, s.config.Rate = lastMax, endMax, 2
		s.places.soon, s.gate = soon, newGate(soon, gateMost)
		ended := running(ctx, s)
		<-time.After(10*time.Second + 100*time.Millisecond)
		cancel()
		began := time.Now()
		<-ended
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// TestSenders: mails of a sender that is none any more are given up in their time, and hold up none of the one that they are from
// now; those wait, untried, while the server does not take it.
func TestSenders(t *testing.T) { testSenders(t, inMemory) }

func testSenders(t *testing.T, open openLog) {
	const former = "failed 17: 0 not taken within 24h0m0s; the last answer: the sender is refused: 550 5.1.1 not you"
	const now = "failed 0: 0 not taken within 24h0m0s: the sender is refused: 550 5.1.1 not you"
	for name, c := range map[string]struct {
		refused string
		want    map[string]string
	}{
		"a former one is refused": {"wrong@engine.example", map[string]string{"a": former, "x": ok, "y": ok}},
		"this one is refused":     {"campaigns@engine.example", map[string]string{"a": ok, "x": now, "y": now, "z": ok}},
		"none is":                 {"", map[string]string{"a": ok, "x": ok, "y": ok, "z": ok}},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &handClock{now: noon}
			queue := open(t, clock)
			for local := range c.want {
				m := mailTo(local)
				if local == "a" || local == "z" {
					m.Sender = "wrong@engine.example"
				}
				queue.add(m)
			}
			r := newRig(t, nil)
			r.refused = c.refused
			server, err := ParseServer("smtp://" + r.address + "?tls=none")
			if err != nil {
				t.Fatal(err)
			}
			runUntilEnded(t, clock, queue, NewSMTP(server, "engine.example"), nil)
			if diff := cmp.Diff(c.want, told(t, queue, r, c.want)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestASenderThatIsNoneAnyMore says nothing about the others' way; the one that is says nothing about the mail.
func TestASenderThatIsNoneAnyMore(t *testing.T) {
	s := newTestSender(nil, nil, &handClock{now: noon})
	m := &pgstore.ClaimedMail{Mail: mailTo("a")}
	m.Sender = "wrong@engine.example"
	if s.note(Answer{Unsent, "550 not you"}, m, false); !s.way.isOpen(0) || s.Waiting() != "" {
		t.Errorf("mails wait: %q", s.Waiting())
	}
	m.Sender = s.config.From
	end := s.outcome(context.Background(), m, Answer{Unsent, "550 not you"})
	if end.State != pgstore.MailWaiting || end.Tried || end.NextAt == nil || *end.NextAt <= noon {
		t.Errorf("others are to find out whether it is over: %+v", end)
	}
	if s.note(Answer{Unsent, "550 not you"}, m, false); s.way.isOpen(0) || s.Waiting() != "550 not you" {
		t.Errorf("mails wait: %q", s.Waiting())
	}
}

// TestMadeLate: what was made long after what it tells of is tried for as long as others.
func TestMadeLate(t *testing.T) {
	day := newTestSender(nil, nil, &handClock{now: noon})
	for _, c := range []struct {
		name  string
		made  instant.Millis // after what it tells of, which is 23.5 hours ago
		state pgstore.MailState
	}{{"at once", 0, pgstore.MailFailed}, {"late", 20 * 3_600_000, pgstore.MailWaiting}} {
		m := &pgstore.ClaimedMail{Mail: mailTo("a"), Attempts: 9}
		m.NominalAt = noon.Add(-23*3_600_000 - 1_800_000)
		m.MadeAt = m.NominalAt.Add(c.made)
		if got := day.outcome(context.Background(), m, Answer{Later, "450 busy"}); got.State != c.state {
			t.Errorf("made %s: %+v", c.name, got)
		}
	}
}

// slowly answers each last line after a time of its own, and counts those that wait for an answer.
type slowly struct {
	answers []time.Duration
	mu      sync.Mutex
	doubt   int
	most    []int // how many of them there were, when each began
	done    func()
}

func (s *slowly) Carry(_, _ context.Context, _ *pgstore.ClaimedMail, commit func() error) Answer {
	if err := commit(); err != nil {
		return Answer{Withheld, err.Error()}
	}
	s.mu.Lock()
	s.doubt++
	i := len(s.most)
	s.most = append(s.most, s.doubt)
	s.mu.Unlock()
	<-time.After(s.answers[i])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doubt--; i == len(s.answers)-1 {
		s.done()
	}
	return Answer{Accepted, "ok"}
}

func (*slowly) Rest() {}

// TestOneInDoubt: while a server is as slow as it was, or slow at first, one mail waits for its answer at a time; one that takes
// much longer holds up others for some seconds.
func TestOneInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		queue := newMemory(nil)
		transport := &slowly{done: cancel, answers: []time.Duration{
			4 * time.Second, 7 * time.Second, 5 * time.Second, time.Second, 20 * time.Second, 4 * time.Second, time.Millisecond,
		}}
		for i := range transport.answers {
			queue.add(*mailOf(fmt.Sprint("c-", i), fmt.Sprintf("a@%d.example", i)))
		}
		s := newTestSender(queue, transport, bubbleClock{time.Now()})
		s.places.soon, s.gate = soon, newGate(soon, gateMost)
		s.Run(ctx)
		// The one of 20 s is overtaken when it takes twice the second of the one before.
		if diff := cmp.Diff([]int{1, 1, 1, 1, 1, 2, 3}, transport.most); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestTheLogSaysWhereTheAnswerStands, for addresses, which answers quote, are not in it.
func TestTheLogSaysWhereTheAnswerStands(t *testing.T) {
	s := newTestSender(nil, nil, &handClock{now: noon})
	s.config.Told = checks(func() {})
	for state, why := range map[pgstore.MailState]bool{
		pgstore.MailFailed: true, pgstore.MailAmbiguous: true, pgstore.MailSent: false,
	} {
		var log strings.Builder
		s.config.Log = zerolog.New(&log)
		m := &pgstore.ClaimedMail{Mail: mailTo("a")}
		m.CampaignID = "c-1"
		s.tell(m, pgstore.MailEnd{State: state, Answer: "550 <a@example.com> unknown"})
		line := log.String()
		if strings.Contains(line, `"to_see_why":"campaignctl mails c-1"`) != why || strings.Contains(line, "550") {
			t.Errorf("%s: %s", state, line)
		}
	}
}
