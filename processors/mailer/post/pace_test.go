package post

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// noting takes every mail at once, and notes when.
type noting struct {
	mu    sync.Mutex
	began time.Time
	at    []time.Duration
	most  int
	done  func()
}

func (n *noting) Carry(_, _ context.Context, _ *pgstore.ClaimedMail, commit func() error) Answer {
	if err := commit(); err != nil {
		return Answer{Withheld, err.Error()}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.at = append(n.at, time.Since(n.began)); len(n.at) == n.most {
		n.done()
	}
	return Answer{Accepted, "ok"}
}

func (*noting) Rest() {}

// TestPace: mails leave as fast as they may, and no faster, within what is taken in hand at once.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		clock := &handClock{now: noon}
		queue := newMemory(clock)
		for i := range 40 {
			queue.add(mailTo(fmt.Sprintf("m%02d", i)))
		}
		transport := &noting{began: time.Now(), most: 40, done: cancel}
		s := newTestSender(queue, transport, clock)
		s.config.Rate = 40
		s.Run(ctx)
		for i, at := range transport.at {
			if want := time.Duration(i) * 25 * time.Millisecond; at != want {
				t.Errorf("mail %d left after %s, not %s", i, at, want)
			}
		}
	})
}
