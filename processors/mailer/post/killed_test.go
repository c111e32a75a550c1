package post

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// mortal is a sent log as a process sees it that is killed at one of its steps: the calls of the log, before and after their
// effect, and the instants at which the server has a mail's last line. From then on nothing that the process does has an effect.
type mortal struct {
	sentLog
	kill func()

	mu    sync.Mutex
	steps int
	dies  int // at which step; 0: never
	dead  bool
}

var errKilled = errors.New("killed")

func (m *mortal) step() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errKilled
	}
	if m.steps++; m.steps == m.dies {
		m.dead = true
		m.kill()
		return errKilled
	}
	return nil
}

// around makes a call with a step before and behind it.
func around[T any](m *mortal, call func() (T, error)) (result T, err error) {
	if err := m.step(); err != nil {
		return result, err
	}
	result, err = call()
	if killed := m.step(); killed != nil {
		var none T
		return none, killed
	}
	return result, err
}

func (m *mortal) ClaimMails(ctx context.Context, c pgstore.MailClaim) ([]pgstore.ClaimedMail, error) {
	return around(m, func() ([]pgstore.ClaimedMail, error) { return m.sentLog.ClaimMails(ctx, c) })
}

func (m *mortal) BeginMail(ctx context.Context, id string, claim int64) (bool, error) {
	return around(m, func() (bool, error) { return m.sentLog.BeginMail(ctx, id, claim) })
}

func (m *mortal) EndMail(ctx context.Context, id string, claim int64, end pgstore.MailEnd) (bool, error) {
	return around(m, func() (bool, error) { return m.sentLog.EndMail(ctx, id, claim, end) })
}

func (m *mortal) SweepMails(ctx context.Context, w pgstore.MailSweep) (pgstore.SweptMails, error) {
	return around(m, func() (pgstore.SweptMails, error) { return m.sentLog.SweepMails(ctx, w) })
}

func TestKilledAtEachStep(t *testing.T) { testKilled(t, inMemory) }

// testKilled kills a sender at each of its steps, and starts it again.
func testKilled(t *testing.T, open openLog) {
	outcomes := map[string]int{}
	for dies := 1; ; dies++ {
		var outcome string
		var lived bool
		t.Run(strconv.Itoa(dies), func(t *testing.T) { outcome, lived = killedAt(t, open, dies) })
		if lived || t.Failed() {
			t.Logf("%d kills: %v", dies-1, outcomes)
			break
		}
		outcomes[outcome]++
	}
	for _, outcome := range []string{"all sent", "one in doubt, taken", "one in doubt, not taken"} {
		if outcomes[outcome] == 0 {
			t.Errorf("no kill led to %q: the steps are not those that they should be", outcome)
		}
	}
}

// killedAt says what a kill at a step led to, or that the sender was done before.
func killedAt(t *testing.T, open openLog, dies int) (outcome string, lived bool) {
	t.Helper()
	clock := &handClock{now: noon}
	queue := open(t, clock)
	var locals []string
	for i := range 5 {
		locals = append(locals, fmt.Sprintf("k%d", i))
		queue.add(mailTo(locals[i]))
	}
	r := newRig(t, nil)
	server, err := ParseServer("smtp://" + r.address + "?tls=none")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m := &mortal{sentLog: queue, dies: dies, kill: func() {
		cancel()
		r.cut()
	}}
	r.mu.Lock()
	r.received = func(string) { _ = m.step() } // what the process does next has no effect, if it was killed
	r.mu.Unlock()
	s := newTestSender(m, NewSMTP(server, "engine.example"), clock)
	s.config.Told = checks(func() {
		if allEnded(ctx, t, queue) {
			cancel()
		}
	})
	s.Run(ctx)
	m.mu.Lock()
	lived = !m.dead
	m.dead = true
	m.mu.Unlock()
	runUntilEnded(t, clock, queue, NewSMTP(server, "engine.example"), nil)
	return judge(t, queue, r, locals, dies), lived
}

// judge holds the log against what the server took.
func judge(t *testing.T, queue sentLog, r *rig, locals []string, dies int) string {
	t.Helper()
	log, err := queue.log(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	counts := r.counts()
	outcome := "all sent"
	inDoubt := 0
	for _, local := range locals {
		count, state := counts[local], log[local].state
		switch {
		case count > 1:
			t.Errorf("killed at step %d: the mail to %s was taken %d times", dies, local, count)
		case state == pgstore.MailAmbiguous:
			inDoubt++
			outcome = "one in doubt, taken"
			if count == 0 {
				outcome = "one in doubt, not taken"
			}
		case state != pgstore.MailSent || count != 1:
			t.Errorf("killed at step %d: the mail to %s is %s, and was taken %d times", dies, local, state, count)
		}
	}
	if inDoubt > 1 {
		t.Errorf("killed at step %d: %d mails are in doubt", dies, inDoubt)
	}
	return outcome
}
