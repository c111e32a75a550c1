package post

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// fickle puts off the first mail, and then finds the final one waiting beside it.
type fickle struct {
	mu    sync.Mutex
	taken []string
	first func()
}

func (f *fickle) Carry(_, _ context.Context, m *pgstore.ClaimedMail, commit func() error) Answer {
	if err := commit(); err != nil {
		return Answer{Withheld, err.Error()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first != nil {
		f.first()
		f.first = nil
		return Answer{Later, "451 greylisted"}
	}
	f.taken = append(f.taken, m.Kind)
	return Answer{Accepted, "ok"}
}

func (*fickle) Rest() {}

// TestAProvisionalMailComesNotAfterTheFinalOne: one that was put off until that was there says nothing any more.
func TestAProvisionalMailComesNotAfterTheFinalOne(t *testing.T) { testOvertaken(t, inMemory) }

func testOvertaken(t *testing.T, open openLog) {
	clock := &handClock{now: noon}
	queue := open(t, clock)
	provisional, final := mailTo("a"), mailTo("b")
	provisional.Kind, final.Kind, final.Recipient = "provisional", "final", provisional.Recipient
	queue.add(provisional)
	transport := &fickle{first: func() { queue.add(final) }}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := map[string]pgstore.MailState{}
	s := newTestSender(&watched{sentLog: queue, onEnd: func(local string, end pgstore.MailEnd) {
		transport.mu.Lock()
		defer transport.mu.Unlock()
		if ended[local] = end.State; end.State == pgstore.MailWaiting {
			clock.add(90 * 60_000)
		}
		if len(ended) == 2 && ended["a"] != pgstore.MailWaiting {
			cancel()
		}
	}}, transport, clock)
	s.Run(ctx)
	if diff := cmp.Diff([]string{"final"}, transport.taken); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]pgstore.MailState{"a": pgstore.MailSkipped, "b": pgstore.MailSent}, ended); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
