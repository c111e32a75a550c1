package oracle

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// campaign is what transitions-applied says of one, and what campaign-events wants of it.
type campaign struct {
	// states are by sequence; the first one is before all.
	states      []state
	distributed bool
	firstActive bool

	wanted            definitionJSON // of the highest revision that has a definition
	paused, cancelled bool
	operated          int64 // the revision of the newest pause, resume or cancel
}

// state is what a campaign is from a transition on.
type state struct {
	status   string
	placed   bool
	revision int64 // of the definition
	starts   int64
	ends     int64
	stores   map[string]bool
	order    []creative
}

func (b *Book) campaign(id string) *campaign {
	c := b.campaigns[id]
	if c == nil {
		c = &campaign{states: []state{{}}}
		b.campaigns[id] = c
	}
	return c
}

// CampaignEvent takes a record of campaign-events.
func (b *Book) CampaignEvent(r Record) error {
	e, err := read[definitionJSON](&r)
	if err != nil {
		return err
	}
	c := b.campaign(r.Key)
	switch e.Type {
	case "campaign.created", "campaign.updated":
		if e.Data.Revision > c.wanted.Revision {
			c.wanted = e.Data
		}
	case "campaign.cancelled":
		c.cancelled = true
	case "campaign.paused", "campaign.resumed":
		if e.Data.Revision > c.operated {
			c.operated, c.paused = e.Data.Revision, e.Type == "campaign.paused"
		}
	}
	return nil
}

// Applied takes a record of transitions-applied.
func (b *Book) Applied(r Record) error {
	e, err := read[appliedJSON](&r)
	if err != nil {
		return err
	}
	c := b.campaign(r.Key)
	if e.Data.Sequence != int64(len(c.states)) {
		return fmt.Errorf("following transition %s: sequence %d comes as number %d", &r, e.Data.Sequence, len(c.states))
	}
	next := c.states[len(c.states)-1]
	next.status = e.Data.To
	switch e.Data.Transition {
	case "schedule", "reschedule", "rezone":
		next.define(&e.Data.Campaign)
		next.revision = e.Data.Revision
	case "distribute":
		c.distributed = true
	}
	c.firstActive = c.firstActive || e.Data.FirstActive
	next.placed = c.distributed && (next.status == "SCHEDULED" || next.status == "ACTIVE")
	c.states = append(c.states, next)
	return nil
}

func (s *state) define(d *definitionJSON) {
	s.starts, s.ends, s.stores, s.order = d.StartsAt.UnixMilli(), d.EndsAt.UnixMilli(), map[string]bool{}, nil
	for _, store := range d.Stores {
		s.stores[store] = true
	}
	for i := range d.Creatives {
		s.order = append(s.order, d.Creatives[i].creative())
	}
}

func (c *campaign) last() *state { return &c.states[len(c.states)-1] }

func (c *campaign) over() bool {
	return c.last().status == "COMPLETED" || c.last().status == "CANCELLED"
}

// entries returns what a store's device that can play such files is to have of the campaign.
func (s *state) entries(id, store string, plays func(mime string) bool) (list playlist) {
	if !s.placed || !s.stores[store] {
		return nil
	}
	for _, creative := range s.order {
		if plays(creative.mime) {
			list = append(list, entry{id, creative, s.starts, s.ends})
		}
	}
	return list
}

// expected returns what is to be on such a device in the end.
func (b *Book) expected(store string, plays func(mime string) bool) (list playlist) {
	var ids []string
	for id, c := range b.campaigns {
		if s := c.last(); s.placed && s.stores[store] {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(one, other string) int {
		return cmp.Or(cmp.Compare(b.campaigns[one].last().starts, b.campaigns[other].last().starts), cmp.Compare(one, other))
	})
	for _, id := range ids {
		list = append(list, b.campaigns[id].last().entries(id, store, plays)...)
	}
	return list
}

// judgeDefinitions compares what is in force of running campaigns with what was asked for.
func (b *Book) judgeDefinitions(f *findings) {
	for id, c := range b.campaigns {
		is, want := c.last(), state{}
		want.define(&c.wanted)
		switch {
		case c.cancelled && !c.over():
			f.add(text(id), "it was cancelled and is %s", is.status)
		case c.over():
		case c.paused != (is.status == "PAUSED"):
			f.add(text(id), "it was paused or resumed last (%t) and is %s", c.paused, is.status)
		case is.ends != want.ends || !slices.Equal(is.order, want.order) || len(is.stores) != len(want.stores):
			f.add(text(id), "what is in force is not what was asked for: %v", *is)
		}
	}
}

// Unended says which campaign's window was over at an instant, and is not.
func (b *Book) unended(now time.Time) error {
	for id, c := range b.campaigns {
		if c.wanted.EndsAt.Before(now) && !c.over() || c.cancelled && !c.over() {
			return fmt.Errorf("campaign %s is %s still", id, c.last().status)
		}
	}
	return nil
}

// Over returns the campaigns that are over, by id.
func (b *Book) Over() map[string]bool {
	all := map[string]bool{}
	for id, c := range b.campaigns {
		if c.over() {
			all[id] = true
		}
	}
	return all
}
