package oracle

import (
	"fmt"
	"math"
	"math/big"
)

// terms are what a definition says, from an instant on.
type terms struct {
	from, startsAt, endsAt int64
	cpm                    *big.Int // of 10^-inputScale
}

type interval struct{ from, to int64 }

const open = math.MaxInt64

// campaign is what the topics say of a campaign.
type campaign struct {
	sequence, revision int64
	advertiser, status string
	currency           string
	budget             *big.Int // of 10^-scale
	terms              []terms
	active             []interval
	settledAt          int64
	settled            bool
	// applied is behind the newest transition.
	applied positionJSON

	plays      []play
	statements []statementJSON
	releases   []releasedJSON
}

// apply follows a transition.
func (c *campaign) apply(r *Record, t *appliedJSON) error {
	if t.Sequence != c.sequence+1 {
		return fmt.Errorf("sequence %d comes after %d", t.Sequence, c.sequence)
	}
	c.sequence, c.revision = t.Sequence, t.Revision
	c.applied = positionJSON{r.Partition, r.Offset + 1}
	at := t.DecidedAt.UnixMilli()
	switch t.Transition {
	case "schedule", "reschedule", "rezone":
		if err := c.define(t, at); err != nil {
			return err
		}
	case "start", "end":
		at = t.ScheduledFor.UnixMilli()
	case "settle":
		if c.settled {
			return fmt.Errorf("it is settled twice")
		}
		c.settled, c.settledAt = true, at
	}
	if t.To == "ACTIVE" && c.status != "ACTIVE" {
		c.active = append(c.active, interval{at, open})
	}
	if t.To != "ACTIVE" { // an end may lie back, before pauses
		for i := range c.active {
			c.active[i].to = max(c.active[i].from, min(at, c.active[i].to))
		}
	}
	c.status = t.To
	return nil
}

func (c *campaign) define(t *appliedJSON, at int64) (err error) {
	d := &t.Campaign
	c.advertiser, c.currency = d.AdvertiserID, d.Budget.Currency
	if _, known := minorUnits[c.currency]; !known {
		return fmt.Errorf("its currency is %q", c.currency)
	}
	if c.budget, err = scaled(d.Budget.Amount, scale); err != nil {
		return err
	}
	price := "0"
	if d.CPM != "" {
		price = d.CPM
	}
	cpm, err := scaled(price, inputScale)
	if err != nil {
		return err
	}
	c.terms = append(c.terms, terms{at, d.StartsAt.UnixMilli(), d.EndsAt.UnixMilli(), cpm})
	return nil
}

// at returns the terms in force at an instant; the first ones also count for the time before them.
func (c *campaign) at(instant int64) *terms {
	found := &c.terms[0]
	for i := range c.terms {
		if c.terms[i].from <= instant {
			found = &c.terms[i]
		}
	}
	return found
}

func (c *campaign) activeAt(instant int64) bool {
	for _, interval := range c.active {
		if interval.from <= instant && instant < interval.to {
			return true
		}
	}
	return false
}
