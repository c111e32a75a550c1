package post

import (
	"context"
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

const (
	// asideMost is how many mails wait aside: their texts are in memory.
	asideMost = claimMost
	// asideFor is how long one does. Until its claim ends there is time left to hand it over.
	asideFor = claimFor / 2
)

// aside is a mail that waits for one of the places that its domain, and its campaign, may have, while others go on.
type aside struct {
	of     *places
	mailID string
	shares [2]share
	full   []share // those that had none free: others of theirs are not taken in hand meanwhile
	slow   func()
	ready  chan struct{} // closed when it has got a place, or is to wait no longer

	place *place // none, when its domain or campaign is crowded
	done  bool
}

// stepAside has a mail wait that found its domain or campaign busy; nil: too many do. What it has must be left.
func (p *places) stepAside(m *pgstore.Mail, slow func()) *aside {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.asides) >= asideMost {
		return nil
	}
	a := &aside{of: p, mailID: m.ID, shares: sharesOf(m), slow: slow, ready: make(chan struct{})}
	for _, of := range a.shares {
		if p.isFull(of) {
			a.full = append(a.full, of)
			p.held(of).aside++
		}
	}
	p.asides = append(p.asides, a)
	p.serveAside() // it may have got free meanwhile
	return a
}

// latelyFor is how many turns the others have once a domain or a campaign had no place free.
const latelyFor = 60

// tardy returns the domains and campaigns that had no place free lately, for a turn of the others.
func (p *places) tardy() (domains, campaigns []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for of := range p.lately {
		if of.campaign != "" {
			campaigns = append(campaigns, of.campaign)
		} else {
			domains = append(domains, of.domain)
		}
		if p.lately[of]--; p.lately[of] == 0 {
			delete(p.lately, of)
		}
	}
	return domains, campaigns
}

func (p *places) waitsAside(shares [2]share) bool {
	return slices.ContainsFunc(p.asides, func(a *aside) bool { return !a.done && a.shares == shares })
}

// serveAside gives the places that are free to those that came first, unless the mail whose turn it is waits for one.
func (p *places) serveAside() {
	for _, a := range p.asides {
		if a.done {
			continue
		}
		switch got := p.ask(a.shares); {
		case got == given && !p.turn:
			a.place, a.done = p.put(a.mailID, a.shares, a.slow), true
			close(a.ready)
		case got == crowded:
			a.done = true
			close(a.ready)
		}
	}
}

// leave ends the wait. It returns the place that was got, nil when there is none.
func (a *aside) leave() *place {
	p := a.of
	p.mu.Lock()
	defer p.mu.Unlock()
	a.done = true
	return a.place
}

// forget has the mail stand aside no longer. Its result says whether that was the last one for a domain or a campaign: then
// others of it are to be taken in hand.
func (a *aside) forget() (last bool) {
	p := a.of
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asides = slices.DeleteFunc(p.asides, func(other *aside) bool { return other == a })
	for _, of := range a.full {
		p.shares[of].aside--
		last = last || p.shares[of].aside == 0
		p.drop(of)
	}
	return last
}

// postAside makes an attempt at a mail when it has got its place. One that gets none is given back.
func (s *Sender) postAside(of shift, m *pgstore.ClaimedMail, a *aside) {
	place := s.holdAside(of.ctx, a)
	if place == nil {
		s.giveBack(of, []pgstore.ClaimedMail{*m})
	}
	if a.forget() {
		s.Nudge()
	}
	if place != nil {
		s.post(of, m, place)
	}
}

// holdAside waits for a place; nil: the mail may not leave any more, or not now.
func (s *Sender) holdAside(ctx context.Context, a *aside) *place {
	timer := time.NewTimer(asideFor)
	defer timer.Stop()
	mayLeave := func() bool { return ctx.Err() == nil && s.way.isOpen(s.config.Clock.Elapsed()) }
	for waits := true; waits; {
		changed := s.places.change() // before the way is looked at: when that closes, a place gets free after it
		if !mayLeave() {
			break
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-a.ready:
			waits = false
		case <-timer.C:
			waits = false
		}
	}
	place := a.leave()
	if place != nil && !mayLeave() {
		place.giveBack()
		return nil
	}
	return place
}
