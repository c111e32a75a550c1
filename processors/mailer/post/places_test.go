package post

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// bubbleClock goes with the time of a synctest bubble.
type bubbleClock struct{ began time.Time }

func (c bubbleClock) Now() instant.Instant {
	return noon.Add(instant.Millis(c.Elapsed().Milliseconds()))
}
func (c bubbleClock) Elapsed() time.Duration                        { return time.Since(c.began) }
func (bubbleClock) AfterFunc(instant.Instant, func()) (stop func()) { return func() {} }

func mailOf(campaign, recipient string) *pgstore.Mail {
	m := mailTo("x")
	m.ID, m.CampaignID, m.Recipient = campaign+" "+recipient, campaign, recipient
	return &m
}

// TestPlacesOfTheSlow: those that take long let others have their places, at any time, as long as there are places for the slow.
func TestPlacesOfTheSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(time.Second)
		count := 0
		fill := func() (all []*place) {
			for {
				count++
				taken, got, _ := p.take(mailOf(fmt.Sprint("c-", count), fmt.Sprintf("a@%d.example", count)), func() {})
				if got != given {
					return all
				}
				all = append(all, taken)
			}
		}
		var slow []*place
		for i, want := range []int{connections, connections, connections, 0, 0} {
			got := fill()
			if len(got) != want {
				t.Errorf("after %d s there are %d places, not %d", i, len(got), want)
			}
			slow = append(slow, got...)
			<-time.After(time.Second + time.Millisecond)
		}
		for _, taken := range slow[:slowMost] { // the others have been slow for long when these end
			taken.giveBack()
		}
		again := fill()
		if len(again) != connections {
			t.Errorf("when the slow ones have ended there are %d places, not %d", len(again), connections)
		}
		for _, taken := range append(again, slow[slowMost:]...) {
			taken.giveBack()
		}
		if len(p.taken) != 0 || p.slow != 0 || len(p.shares) != 0 {
			t.Errorf("left behind: %d, %d, %v", len(p.taken), p.slow, p.shares)
		}
	})
}

// TestShares: no domain and no campaign has more than its places.
func TestShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(time.Second)
		var slow atomic.Int32
		ask := func(campaign, recipient string, want want) (taken *place) {
			t.Helper()
			taken, got, _ := p.take(mailOf(campaign, recipient), func() { slow.Add(1) })
			if got != want {
				t.Errorf("a mail of %s to %s: %d, want %d", campaign, recipient, got, want)
			}
			return taken
		}
		first := ask("c-0", "a@Example.com", given)
		for i := 1; i < shareMost; i++ {
			ask(fmt.Sprint("c-", i), "a@example.com", given)
		}
		ask("c-9", "b@EXAMPLE.com", busy)
		if _, domains, campaigns := p.standing(); len(domains)+len(campaigns) > 0 {
			t.Errorf("left out: %v, %v", domains, campaigns)
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		ask("c-9", "b@example.com", crowded)
		ask("c-9", "b@example.org", given)
		ids, domains, campaigns := p.standing()
		if diff := cmp.Diff([]string{"example.com"}, domains); diff != "" || len(campaigns) > 0 || len(ids) != shareMost+1 {
			t.Errorf("%s, %v, %v", diff, campaigns, ids)
		}
		first.giveBack()
		ask("c-9", "b@example.com", given)
		for i := 2; i < shareMost; i++ {
			ask("c-9", fmt.Sprintf("b@%d.example", i), given)
		}
		if slow.Load() != shareMost {
			t.Errorf("told of %d slow ones", slow.Load())
		}
		ask("c-9", "b@last.example", busy)
	})
}

// hanging never answers for recipients and campaigns that begin with "slow", and takes all else.
type hanging struct {
	mu    sync.Mutex
	taken map[string]bool
	told  func()
}

func (h *hanging) Carry(ctx, _ context.Context, m *pgstore.ClaimedMail, commit func() error) Answer {
	if m.CampaignID == "slow" || sharesOf(&m.Mail)[0].domain == "slow.example" {
		<-ctx.Done()
		return Answer{Later, "RCPT: no answer"}
	}
	if err := commit(); err != nil {
		return Answer{Withheld, err.Error()}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.taken[m.ID] = true
	h.told()
	return Answer{Accepted, "ok"}
}

func (*hanging) Rest() {}

// TestOneDomainHoldsUpNobody: neither do a hundred mails to a domain that does not answer hold up those behind them, nor a hundred
// of one campaign.
func TestOneDomainHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		clock := bubbleClock{time.Now()}
		queue := newMemory(nil)
		for i := range 100 {
			queue.add(*mailOf("slow", fmt.Sprintf("a@%d.example", i)), *mailOf(fmt.Sprint("c-", i), "a@slow.example"))
		}
		last := *mailOf("z", "a@example.com")
		last.NominalAt = noon.Add(1)
		queue.add(last)
		transport := &hanging{taken: map[string]bool{}, told: cancel}
		s := newTestSender(queue, transport, clock)
		s.places.soon, s.config.Rate = time.Second, 100
		s.Run(ctx)
		if !transport.taken[last.ID] {
			t.Error("a mail waits behind those that hang")
		}
	})
}
