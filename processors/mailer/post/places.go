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
	// shareMost is how many of them are to one mail domain, or of one campaign: where one of those hangs, others go on.
	shareMost = 4
)

// places are given to mails that are on their way, and taken back.
type places struct {
	soon time.Duration // from then on a mail is slow

	mu      sync.Mutex
	taken   map[*place]bool
	slow    int
	shares  map[share]*held
	changed chan struct{} // closed when a place may be free that was not
}

// share is a mail domain or a campaign; the other is empty.
type share struct{ domain, campaign string }

type held struct{ all, slow int }

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
	full         // one will be free soon
	crowded      // the mail's domain, or campaign, has slow mails in all places that it may have
)

func newPlaces(soon time.Duration) *places {
	return &places{soon: soon, taken: map[*place]bool{}, shares: map[share]*held{}, changed: make(chan struct{})}
}

func sharesOf(m *pgstore.Mail) [2]share {
	return [2]share{{domain: strings.ToLower(m.Recipient[strings.LastIndexByte(m.Recipient, '@')+1:])}, {campaign: m.CampaignID}}
}

// take asks for a place. Where there is none, changed tells when to ask again. slow is called when the mail takes longer than
// soon.
func (p *places) take(m *pgstore.Mail, slow func()) (taken *place, got want, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	shares := sharesOf(m)
	got = given
	if len(p.taken)-min(p.slow, slowMost) >= connections {
		got = full
	}
	for _, of := range shares {
		if h := p.shares[of]; h != nil && h.all >= shareMost {
			if h.slow > 0 {
				return nil, crowded, p.changed
			}
			got = full
		}
	}
	if got == full {
		return nil, full, p.changed
	}
	taken = &place{of: p, mailID: m.ID, shares: shares}
	p.taken[taken] = true
	for _, of := range shares {
		if p.shares[of] == nil {
			p.shares[of] = &held{}
		}
		p.shares[of].all++
	}
	taken.timer = time.AfterFunc(p.soon, func() {
		taken.getSlow()
		slow()
	})
	return taken, given, nil
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
		if h.all == 0 {
			delete(p.shares, of)
		}
	}
	p.tell()
}

func (p *places) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// standing returns the ids of the mails that are on their way, and the domains and campaigns whose others need not be tried now.
func (p *places) standing() (mailIDs, domains, campaigns []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for t := range p.taken {
		mailIDs = append(mailIDs, t.mailID)
	}
	for of, h := range p.shares {
		switch {
		case h.all < shareMost || h.slow == 0:
		case of.campaign != "":
			campaigns = append(campaigns, of.campaign)
		default:
			domains = append(domains, of.domain)
		}
	}
	return mailIDs, domains, campaigns
}
