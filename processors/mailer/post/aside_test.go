package post

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// paced keeps the pace over all claims, as the log in Postgres does.
type paced struct {
	*memory
	clock bubbleClock
	next  time.Duration
	asked []pgstore.MailClaim
}

func (p *paced) ClaimMails(ctx context.Context, c pgstore.MailClaim) ([]pgstore.ClaimedMail, error) {
	p.mu.Lock()
	p.asked = append(p.asked, c)
	p.mu.Unlock()
	claimed, err := p.memory.ClaimMails(ctx, c)
	now := p.clock.Elapsed()
	for i := range claimed {
		p.next = max(p.next, now)
		claimed[i].After = p.next - now
		p.next += c.Every
	}
	return claimed, err
}

// inHand returns how many mails are in somebody's hand.
func (p *paced) inHand() (count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.mails {
		if e.held && e.state != pgstore.MailSent {
			count++
		}
	}
	return count
}

// tardy is a server that takes a while for mails to domains that begin with "busy" before it answers, and takes others at once.
type tardy struct {
	takes  time.Duration
	answer Answer // instead of taking a mail to such a domain; zero: none
	first  Answer // to the first of them; zero: like all
	most   int    // so many taken mails
	done   func() // end it

	mu    sync.Mutex
	asked int
	onWay map[string]int // by domain
	over  bool           // a domain had more than its share
	taken []string
}

func (t *tardy) Carry(ctx, _ context.Context, m *pgstore.ClaimedMail, commit func() error) Answer {
	if domain := sharesOf(&m.Mail)[0].domain; strings.HasPrefix(domain, "busy") {
		if answer := t.dally(ctx, domain); answer.Verdict != 0 {
			return answer
		}
	}
	if err := commit(); err != nil {
		return Answer{Withheld, err.Error()}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken = append(t.taken, m.ID); len(t.taken) == t.most {
		t.done()
	}
	return Answer{Accepted, "ok"}
}

func (t *tardy) dally(ctx context.Context, domain string) Answer {
	t.mu.Lock()
	answer := t.answer
	if t.asked++; t.asked == 1 && t.first.Verdict != 0 {
		answer = t.first
	}
	t.onWay[domain]++
	t.over = t.over || t.onWay[domain] > shareMost
	t.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(t.takes):
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.onWay[domain]--
	return answer
}

func (*tardy) Rest() {}

// tardyRig is a sender as it is, in a bubble, with so many mails to busy domains before so many others.
func tardyRig(rate float64, domains, dallying, others int, transport *tardy) (*Sender, *paced) {
	clock := bubbleClock{time.Now()}
	queue := &paced{memory: newMemory(nil), clock: clock}
	for i := range dallying {
		queue.add(*mailOf(fmt.Sprintf("c-%04d", i), fmt.Sprintf("a@busy%d.example", i*domains/dallying)))
	}
	for i := range others {
		m := *mailOf(fmt.Sprintf("z-%d", i), fmt.Sprintf("a@%d.example", i))
		m.NominalAt = noon.Add(1)
		queue.add(m)
	}
	transport.onWay = map[string]int{}
	s := newTestSender(queue, transport, clock)
	s.places.soon, s.gate, s.config.Rate, s.config.Poll = soon, newGate(soon, gateMost), rate, time.Second
	return s, queue
}

func (t *tardy) judge(tt *testing.T, took, most time.Duration) {
	tt.Helper()
	if len(t.taken) < t.most || took > most {
		tt.Errorf("%d mails were taken within %s, want %d within %s", len(t.taken), took, t.most, most)
	}
	slices.Sort(t.taken)
	if len(slices.Compact(t.taken)) != t.most {
		tt.Error("a mail was taken twice")
	}
	if t.over {
		tt.Error("a domain had more mails on their way than it may")
	}
}

// TestBusyDomains: mails to domains that answer just before they count as slow hold up those behind them by no more than the turns
// of those that leave beside them. Of twenty such domains all places are taken: the 200 others leave in ten turns of a second, and
// before each of these 70 mails at the most (20 of a turn, 50 that have stood aside) have 900 ms each in one of 8 places.
func TestBusyDomains(t *testing.T) {
	for domains, most := range map[int]time.Duration{1: 15 * time.Second, 2: 25 * time.Second, 20: 90 * time.Second} {
		t.Run(fmt.Sprint(domains), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				transport := &tardy{takes: 900 * time.Millisecond, answer: Answer{Later, "450 busy"}, most: 200, done: cancel}
				s, queue := tardyRig(20, domains, 2000, 200, transport)
				s.Run(ctx)
				transport.judge(t, s.config.Clock.Elapsed(), most)
				if held := queue.inHand(); held > 0 || len(s.places.shares) > 0 || s.places.countAside() > 0 {
					t.Errorf("left behind: %d, %v, %d", held, s.places.shares, s.places.countAside())
				}
			})
		})
	}
}

// TestSlowDomains: nor do two, or twenty, whose places are taken by slow ones, over and over.
func TestSlowDomains(t *testing.T) {
	for domains, most := range map[int]time.Duration{1: 25 * time.Second, 2: 25 * time.Second, 20: time.Minute} {
		for _, takes := range []time.Duration{1050 * time.Millisecond, 5 * time.Second} {
			t.Run(fmt.Sprint(domains, takes), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					transport := &tardy{takes: takes, answer: Answer{Later, "450 busy"}, most: 200, done: cancel}
					s, _ := tardyRig(20, domains, 2000, 200, transport)
					s.Run(ctx)
					transport.judge(t, s.config.Clock.Elapsed(), most)
				})
			})
		}
	}
}

// TestOneDomainAlone: mails to a single domain leave as fast as its places let them, and as they may.
func TestOneDomainAlone(t *testing.T) {
	for _, c := range []struct {
		rate  float64
		takes time.Duration
		most  time.Duration
	}{
		{20, 100 * time.Millisecond, 100100 * time.Millisecond}, // as they may
		{80, 50 * time.Millisecond, 25100 * time.Millisecond},   // both
		{200, 50 * time.Millisecond, 25100 * time.Millisecond},  // as the places let them
		{20, 900 * time.Millisecond, 451 * time.Second},         // so, too
	} {
		t.Run(fmt.Sprint(c.rate, c.takes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				transport := &tardy{takes: c.takes, most: 2000, done: cancel}
				s, _ := tardyRig(c.rate, 1, 2000, 0, transport)
				s.Run(ctx)
				transport.judge(t, s.config.Clock.Elapsed(), c.most)
			})
		})
	}
}

// running runs a sender until ctx ends; what it returns is closed when the sender has ended.
func running(ctx context.Context, s *Sender) (ended chan struct{}) {
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx)
	}()
	return ended
}

// countAside returns how many mails wait aside.
func (p *places) countAside() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asides)
}

// fillShare takes all places of a domain.
func (p *places) fillShare(domain string) {
	for i := range shareMost {
		p.take(mailOf(fmt.Sprint("f-", i), "f@"+domain), func() {})
	}
}

// TestAsideWhileTheWayCloses: those that wait aside are given back when the server takes no mail, and one of them finds out.
func TestAsideWhileTheWayCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		transport := &tardy{takes: 900 * time.Millisecond, first: Answer{Unreachable, "no route"}, most: 101, done: cancel}
		s, queue := tardyRig(50, 1, 100, 0, transport)
		queue.add(*mailOf("a", "a@busyness.example")) // is the first one
		ended := running(ctx, s)
		<-time.After(890 * time.Millisecond)
		synctest.Wait()
		if aside := s.places.countAside(); aside < 40 || s.Waiting() != "" {
			t.Errorf("%d wait aside before; mails wait: %q", aside, s.Waiting())
		}
		<-time.After(20 * time.Millisecond)
		synctest.Wait()
		if aside := s.places.countAside(); aside > 0 || s.Waiting() == "" {
			t.Errorf("%d wait aside while mails wait: %q", aside, s.Waiting())
		}
		<-time.After(20 * time.Millisecond)
		synctest.Wait()
		if held := queue.inHand(); held > shareMost {
			t.Errorf("%d are in hand while mails wait", held)
		}
		<-ended
		transport.judge(t, s.config.Clock.Elapsed(), 26*time.Second)
	})
}

// TestAsideAtTheEnd: those that wait aside are given back when the process ends.
func TestAsideAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		s, queue := tardyRig(50, 1, 100, 0, &tardy{most: -1})
		s.places.soon = time.Hour
		s.places.fillShare("busy0.example")
		var aside atomic.Int32
		time.AfterFunc(4*time.Second, func() { aside.Store(int32(s.places.countAside())) })
		s.Run(ctx)
		if aside.Load() != 50 || queue.inHand() > 0 || s.places.countAside() > 0 || s.config.Clock.Elapsed() > 5*time.Second {
			t.Errorf("%d waited; %d are in hand after %s", aside.Load(), queue.inHand(), s.config.Clock.Elapsed())
		}
	})
}

// TestAsideForAWhile: who gets no place is given back before the claim ends, and a claim whose answer was lost takes none again of
// those that wait.
func TestAsideForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s, queue := tardyRig(50, 1, 10, 0, &tardy{takes: 45 * time.Second, most: -1})
		s.places.soon = time.Hour
		ended := running(ctx, s)
		<-time.After(29 * time.Second)
		synctest.Wait()
		queue.mu.Lock()
		last := queue.asked[len(queue.asked)-1]
		queue.mu.Unlock()
		if len(last.InHand) != 10 || !slices.Equal(last.NotTo, []string{"busy0.example"}) || queue.inHand() != 10 {
			t.Errorf("asked for mails with %+v, while %d are in hand", last, queue.inHand())
		}
		<-time.After(asideFor - 28*time.Second)
		synctest.Wait()
		claims := map[int64]int{}
		queue.mu.Lock()
		for _, e := range queue.mails {
			claims[e.Claim]++
		}
		queue.mu.Unlock()
		if claims[1] != shareMost || claims[3] != 10-shareMost { // who gives a mail back counts, too
			t.Errorf("so many mails were claimed so often: %v", claims)
		}
		cancel()
		<-ended
	})
}

// TestAsideProbe: a mail that is to find out whether the server takes any, and gets no place, does not keep others from it.
func TestAsideProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, queue := tardyRig(50, 1, 1, 0, &tardy{most: -1})
		s.places.soon = time.Hour
		s.way.note(0, Answer{Unreachable, "no route"}, false)
		<-time.After(pauseMin)
		s.places.fillShare("busy0.example")
		claimed, probe := s.claim(t.Context())
		of, end := s.begin(t.Context())
		defer end()
		var posting sync.WaitGroup
		s.send(of, claimed, probe, &posting)
		if most, _ := s.way.most(s.config.Clock.Elapsed(), 50); !probe || most != 0 || s.places.countAside() != 1 {
			t.Errorf("none waits aside to find out: %v, %d, %d", probe, most, s.places.countAside())
		}
		posting.Wait()
		if _, probe := s.way.most(s.config.Clock.Elapsed(), 50); !probe || queue.inHand() != 0 {
			t.Errorf("none finds out any more; %d are in hand", queue.inHand())
		}
	})
}

// TestAsideInTurn: those aside come after the mail whose turn it is, in their order; none of a pair passes the other.
func TestAsideInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(time.Hour)
		nothing := func() {}
		var held []*place
		for i := range connections {
			taken, _, _ := p.take(mailOf(fmt.Sprint("c-", i), fmt.Sprintf("a@%d.example", i/shareMost)), nothing)
			held = append(held, taken)
		}
		first, second := mailOf("x", "a@0.example"), mailOf("x", "a@0.example")
		if _, got, _ := p.take(first, nothing); got != busy {
			t.Fatal(got)
		}
		a := p.stepAside(first, nothing)
		turn := mailOf("y", "a@y.example")
		if _, got, _ := p.take(turn, nothing); got != full {
			t.Fatal(got)
		}
		held[0].giveBack()
		if a.place != nil {
			t.Error("one aside comes before the mail whose turn it is")
		}
		if _, got, _ := p.take(turn, nothing); got != given || a.place != nil {
			t.Error("the mail whose turn it is has no place")
		}
		held[connections-1].giveBack()
		if a.place == nil {
			t.Error("one aside has no place")
		}
		p = newPlaces(time.Hour)
		a = p.stepAside(first, nothing)
		if a.place == nil {
			t.Error("one aside has no place though there are some")
		}
		p.turn = true // so that it gets none
		b := p.stepAside(first, nothing)
		if _, got, _ := p.take(second, nothing); got != busy || b.place == nil {
			t.Error("a mail passes the one before it to the same recipient")
		}
	})
}

// TestAsideMost: when many wait aside, no more mails are taken in hand that would, too.
func TestAsideMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(time.Hour)
		standing := func(want ...string) {
			t.Helper()
			_, domains, campaigns := p.standing()
			if slices.Sort(domains); !slices.Equal(domains, want) || len(campaigns) > 0 {
				t.Errorf("%v and %v are left out, want %v", domains, campaigns, want)
			}
		}
		for i := range connections {
			p.take(mailOf(fmt.Sprint("c-", i), fmt.Sprintf("a@%d.example", i/shareMost)), func() {})
		}
		standing()
		for i := range asideMost {
			if p.stepAside(mailOf(fmt.Sprint("d-", i), "b@0.example"), func() {}) == nil {
				t.Fatalf("%d wait aside, and no more may", i)
			}
			if i < asideMost-1 {
				standing("0.example")
			}
		}
		if p.stepAside(mailOf("e", "b@1.example"), func() {}) != nil {
			t.Error("too many wait aside")
		}
		standing("0.example", "1.example")
	})
}
