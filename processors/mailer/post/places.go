package post

import (
	"strings"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// The places of mails that are on their way at the same time.
const (
	connections = 8  // of those that have not been for longer than soon
	slowMost    = 16 // more, that have
	// shareMost is how many of them are to one mail domain, or of one campaign: where one of those hangs, or takes its time, others
	// go on.
	shareMost = 4
)

// places are given to mails that are on their way, and taken back.
type places struct {
	soon time.Duration // from then on a mail is slow

	mu      sync.Mutex
	taken   map[*place]bool
	slow    int
	shares  map[share]*held
	lately  map[share]int // those that had no place free: for how many turns of the others they are remembered
	asides  []*aside      // in the order in which they came
	turn    bool          // the mail whose turn it is waits for a place: it comes before those aside
	changed chan struct{} // closed when a place may be free that was not
}

// share is a mail domain or a campaign; the other is empty.
type share struct{ domain, campaign string }

// held counts the places that a share has, those of them that are slow, and the mails that wait aside for one.
type held struct{ all, slow, aside int }

type place struct {
	of     *places
	mailID string
	shares [2]share
	timer  *time.Timer
	slow   bool
}

// want is what comes of asking for a place.
type want int

const (
	given   want = iota
	full         // none is free; one will be soon
	busy         // the mail's domain, or campaign, has all places that it may have: one will be free soon
	crowded      // the mail's domain, or campaign, has slow mails in all places that it may have
)

func newPlaces(soon time.Duration) *places {
	return &places{
		soon: soon, taken: map[*place]bool{}, shares: map[share]*held{}, lately: map[share]int{}, changed: make(chan struct{}),
	}
}

func sharesOf(m *pgstore.Mail) [2]share {
	return [2]share{{domain: strings.ToLower(m.Recipient[strings.LastIndexByte(m.Recipient, '@')+1:])}, {campaign: m.CampaignID}}
}

// take asks for a place for the mail whose turn it is. Where there is none, changed tells when to ask again. slow is called when
// the mail takes longer than soon.
func (p *places) take(m *pgstore.Mail, slow func()) (taken *place, got want, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	shares := sharesOf(m)
	if got = p.ask(shares); got == given && p.waitsAside(shares) {
		got = busy // none passes the one before it to the same recipient
	}
	if got == given {
		taken = p.put(m.ID, shares, slow)
	}
	p.setTurn(got == full)
	return taken, got, p.changed
}

// leaveTurn says that the mail whose turn it is waits no longer.
func (p *places) leaveTurn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.setTurn(false)
}

func (p *places) setTurn(turn bool) {
	was := p.turn
	if p.turn = turn; was && !turn {
		p.tell()
	}
}

func (p *places) ask(shares [2]share) want {
	got := given
	if len(p.taken)-min(p.slow, slowMost) >= connections {
		got = full
	}
	for _, of := range shares {
		if !p.isFull(of) {
			continue
		}
		p.lately[of] = latelyFor
		if p.shares[of].slow > 0 {
			return crowded
		}
		got = busy
	}
	return got
}

func (p *places) isFull(of share) bool { return p.shares[of] != nil && p.shares[of].all >= shareMost }

func (p *places) put(mailID string, shares [2]share, slow func()) *place {
	taken := &place{of: p, mailID: mailID, shares: shares}
	p.taken[taken] = true
	for _, of := range shares {
		p.held(of).all++
	}
	taken.timer = time.AfterFunc(p.soon, func() {
		taken.getSlow()
		slow()
	})
	return taken
}

func (p *places) held(of share) *held {
	if p.shares[of] == nil {
		p.shares[of] = &held{}
	}
	return p.shares[of]
}

// drop forgets a share that has nothing any more.
func (p *places) drop(of share) {
	if h := p.shares[of]; h.all == 0 && h.aside == 0 {
		delete(p.shares, of)
	}
}

// getSlow has another mail take the place among those that are not slow, as long as there are places for the slow ones.
func (t *place) getSlow() {
	p := t.of
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.taken[t] {
		return
	}
	t.slow = true
	p.slow++
	for _, of := range t.shares {
		p.shares[of].slow++
	}
	p.tell()
}

func (t *place) giveBack() {
	t.timer.Stop()
	p := t.of
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, t)
	if t.slow {
		p.slow--
	}
	for _, of := range t.shares {
		h := p.shares[of]
		if h.all--; t.slow {
			h.slow--
		}
		p.drop(of)
	}
	p.tell()
}

// tell gives what is free to those aside, and has others ask again.
func (p *places) tell() {
	p.serveAside()
	close(p.changed)
	p.changed = make(chan struct{})
}

// change returns what is closed when something changes from now on.
func (p *places) change() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// standing returns the ids of the mails that are on their way or wait aside, and the domains and campaigns whose others need not
// be tried now.
func (p *places) standing() (mailIDs, domains, campaigns []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for t := range p.taken {
		mailIDs = append(mailIDs, t.mailID)
	}
	for _, a := range p.asides {
		mailIDs = append(mailIDs, a.mailID)
	}
	for of, h := range p.shares {
		switch {
		case h.aside == 0 && !(p.isFull(of) && (h.slow > 0 || len(p.asides) >= asideMost)):
		case of.campaign != "":
			campaigns = append(campaigns, of.campaign)
		default:
			domains = append(domains, of.domain)
		}
	}
	return mailIDs, domains, campaigns
}
