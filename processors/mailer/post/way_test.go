package post

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// TestWay: what answers say of the way to the server.
func TestWay(t *testing.T) {
	gone, doubt, taken := Answer{Unreachable, "away"}, Answer{Unknown, "no answer"}, Answer{Accepted, "ok"}
	type step struct {
		at     time.Duration
		answer Answer
		final  bool
		news   news
		until  time.Duration
		closed string
	}
	for name, steps := range map[string][]step{
		"away, and back": {
			{1, gone, false, nowClosed, 1 + pauseMin, "away"},
			{2, gone, false, asBefore, 1 + pauseMin, "away"}, // found out already
			{pauseMin + 1, gone, false, asBefore, 3*pauseMin + 1, "away"},
			{pauseMin + 2, Answer{Withheld, ""}, false, asBefore, 3*pauseMin + 1, "away"},
			{pauseMin + 2, Answer{Unsent, "a former sender"}, false, asBefore, 3*pauseMin + 1, "away"},
			{4 * pauseMin, Answer{Later, "busy"}, false, nowOpen, 0, ""},
			{4 * pauseMin, taken, true, asBefore, 0, ""},
		},
		"no answer to a last line": {
			{0, doubt, true, nowClosed, pauseMin, "no answer"},
			{pauseMin, Answer{Refused, "nobody"}, false, asBefore, pauseMin, ""}, // that says nothing about last lines
			{pauseMin, doubt, true, asBefore, 3 * pauseMin, "no answer"},
			{3 * pauseMin, gone, false, nowClosed, 7 * pauseMin, "away"},
			{7 * pauseMin, Answer{Later, "busy"}, false, asBefore, 7 * pauseMin, "away"},
			{7 * pauseMin, Answer{Refused, "spam"}, true, nowOpen, 0, ""},
		},
	} {
		var w way
		for i, step := range steps {
			if got := w.note(step.at, step.answer, step.final); got != step.news || w.until != step.until || w.closed(step.at) != step.closed {
				t.Errorf("%s, step %d: news %d, until %s, %q", name, i, got, w.until, w.closed(step.at))
			}
		}
	}
}

// TestOneFindsOut: after a pause one mail is tried, until it is known what became of it.
func TestOneFindsOut(t *testing.T) {
	var w way
	ask := func(at time.Duration, want int, wantProbe bool) {
		t.Helper()
		if got, probe := w.most(at, 9); got != want || probe != wantProbe {
			t.Errorf("at %s %d mails may be taken in hand, %t", at, got, probe)
		}
	}
	ask(0, 9, false)
	w.note(0, Answer{Unreachable, "away"}, false)
	ask(pauseMin-1, 0, false)
	ask(pauseMin, 1, true)
	ask(2*pauseMin, 0, false)
	w.probed()
	ask(2*pauseMin, 1, true)
	w.note(2*pauseMin, Answer{Accepted, "ok"}, true)
	w.probed()
	ask(2*pauseMin, 9, false)
}

// breaking takes the last line of so many mails, and never answers it.
type breaking struct{ count int }

func (b *breaking) Carry(_, _ context.Context, _ *pgstore.ClaimedMail, commit func() error) Answer {
	if err := commit(); err != nil {
		return Answer{Withheld, err.Error()}
	}
	if b.count--; b.count >= 0 {
		<-time.After(500 * time.Millisecond) // others are at their last lines meanwhile
		return Answer{Unknown, "no answer: EOF"}
	}
	return Answer{Accepted, "ok"}
}

func (*breaking) Rest() {}

// TestAServerThatBreaksOff: it costs one mail in each of the growing pauses, not one after the other.
func TestAServerThatBreaksOff(t *testing.T) {
	for broken, after := range map[int]time.Duration{200: time.Minute, 3: time.Minute} {
		t.Run(fmt.Sprint(broken), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				queue := newMemory(nil)
				for i := range 200 {
					queue.add(*mailOf(fmt.Sprint("c-", i), fmt.Sprintf("a@%d.example", i)))
				}
				s := newTestSender(queue, &breaking{broken}, bubbleClock{time.Now()})
				s.config.Poll = 100 * time.Millisecond
				s.Run(ctx)
				states := map[pgstore.MailState]int{}
				for _, e := range queue.mails {
					states[e.state]++
				}
				want := map[pgstore.MailState]int{pgstore.MailAmbiguous: 6, pgstore.MailWaiting: 194} // from 0, 1.5, 4, 8.5, 17 and 33.5 s
				if broken == 3 {
					want = map[pgstore.MailState]int{pgstore.MailAmbiguous: 3, pgstore.MailSent: 197}
				}
				for state, count := range want {
					if states[state] != count {
						t.Errorf("%d mails are %s, not %d", states[state], state, count)
					}
				}
			})
		})
	}
}

// failing is a sent log some of whose calls fail.
type failing struct {
	*memory
	sweeps, claims int      // so many fail
	swept          []string // By of each sweep
	early          int      // claims before the first sweep
	counts         bool     // counting fails
}

var errAway = errors.New("the log is away")

func (f *failing) SweepMails(ctx context.Context, w pgstore.MailSweep) (pgstore.SweptMails, error) {
	f.swept = append(f.swept, w.By)
	if f.sweeps--; f.sweeps >= 0 {
		return pgstore.SweptMails{}, errAway
	}
	return f.memory.SweepMails(ctx, w)
}

// ClaimMails fails when it has taken mails in hand: the answer is lost.
func (f *failing) ClaimMails(ctx context.Context, c pgstore.MailClaim) ([]pgstore.ClaimedMail, error) {
	if f.sweeps >= 0 {
		f.early++
	}
	claimed, err := f.memory.ClaimMails(ctx, c)
	if f.claims--; f.claims >= 0 {
		return nil, errAway
	}
	return claimed, err
}

func (f *failing) MailCounts(ctx context.Context) (pgstore.MailCounts, error) {
	if f.counts {
		return pgstore.MailCounts{}, errAway
	}
	return f.memory.MailCounts(ctx)
}

// TestALogThatFails: what a process had in hand before is swept once, and before it takes anything in hand; what it was given
// without hearing of it it takes again.
func TestALogThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*sweepEvery+10*time.Second)
		defer cancel()
		queue := &failing{memory: newMemory(nil), sweeps: 2, claims: 2, counts: true}
		queue.add(mailTo("a"), mailTo("b"))
		s := newTestSender(queue, &noting{began: time.Now(), done: func() {}, most: 9}, bubbleClock{time.Now()})
		s.config.Poll = time.Second
		s.Run(ctx)
		want := []string{"p-1", "p-1", "p-1", "", ""}
		if fmt.Sprint(queue.swept) != fmt.Sprint(want) || queue.early > 0 {
			t.Errorf("swept for %q, %d claims before", queue.swept, queue.early)
		}
		log, _ := queue.log(ctx)
		if log["a"].state != pgstore.MailSent || log["b"].state != pgstore.MailSent {
			t.Errorf("%+v", log)
		}
	})
}
