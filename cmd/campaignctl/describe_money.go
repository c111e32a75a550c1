package main

import (
	"fmt"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// describeMoney tells a record about plays or money: when, what. What cannot be read is told as nothing.
func describeMoney(r topics.Record) (at schemas.Instant, what string, style timeline.Style) {
	at = r.Timestamp
	switch topics.Name(r.Topic) {
	case topics.Plays:
		what, style = describePlay(r)
	case topics.BudgetReleased:
		event, is := topics.Decoded[schemas.Released](topics.ReleasedCodec{}, r.Value)
		if !is {
			return at, "", timeline.Plain
		}
		d := event.Data
		what, style = fmt.Sprintf("%s released to %s; %s spent of %s", timeline.Sum(d.Released), d.AdvertiserID, timeline.Sum(d.Spent),
			timeline.Sum(d.Budget)), timeline.Good
		if event.Time != nil {
			at = *event.Time
		}
	case topics.CampaignStatements:
		event, is := topics.Decoded[schemas.Statement](topics.StatementCodec{}, r.Value)
		if !is {
			return at, "", timeline.Plain
		}
		what = describeStatement(event)
		if event.Time != nil {
			at = *event.Time
		}
	}
	return at, what, style
}

// describePlay tells a play as the engine will read it, or why it will not.
func describePlay(r topics.Record) (string, timeline.Style) {
	event, refusal := topics.DecodePlay(r.Key, r.Value, r.Headers)
	if refusal != nil {
		return fmt.Sprintf("cannot be taken: %s: %s", refusal.Reason, refusal.Detail), timeline.Bad
	}
	p := event.Play
	return fmt.Sprintf("play %s: %s in store %s on %s, from %s for %d ms, %s impressions", p.PlayID, p.CreativeID, p.StoreID,
		p.DeviceID, p.StartedAt, int64(p.EndedAt-p.StartedAt), p.Impressions), timeline.Plain
}

func describeStatement(event *schemas.Event[schemas.Statement]) string {
	s := &event.Data
	if s.Late != nil {
		return fmt.Sprintf("statement %d, adjusted: %s for %s impressions, %d of them after the lock; still %s spent of %s",
			s.Version, timeline.Plays(s.Plays), s.Impressions, s.Late.Plays, timeline.Sum(s.Spent), timeline.Sum(s.Budget))
	}
	return fmt.Sprintf("statement %d, final: %s for %s impressions, %d not counted; %s spent of %s",
		s.Version, timeline.Plays(s.Plays), s.Impressions, timeline.NotCounted(s), timeline.Sum(s.Spent), timeline.Sum(s.Budget))
}
