package torture

import (
	"fmt"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// poison makes up an input whose form is broken. Some bear the key of a campaign that lives.
func (a *author) poison(now int64) input {
	a.count++
	s := &script{author: a, id: fmt.Sprintf("p-%06d", a.count), zone: "Europe/Berlin", revision: 1,
		starts: now + 1000, ends: now + 3000}
	key := []byte(s.id)
	if a.chance(0.5) {
		key = fmt.Appendf(nil, "c-%06d", max(1, a.count-a.random.IntN(200)))
	}
	if a.chance(0.02) {
		value := []byte(`{"specversion":"1.0","data":"` + strings.Repeat("x", schemas.RecordMaxBytes) + `"}`)
		return input{at: now, key: key, value: value, refused: schemas.TooLarge}
	}
	makers := []func(*script) input{
		unreadable, tombstone, tooDeep, unknownType, wrongKey, noKey, wrongSchema, unknownZone, skippedTime, emptyWindow, noMoney,
	}
	in := makers[a.random.IntN(len(makers))](s)
	in.at = now
	if in.key == nil && in.refused != schemas.KeyMismatch {
		in.key = key
	}
	return in
}

func unreadable(s *script) input {
	whole := s.input(0, schemas.CampaignCreated, s.definition()).value
	texts := []string{
		"no event", "", "[]", string(whole[:len(whole)/2]), `{"specversion":"1.0","type":"campaign.created","data":{}}`,
	}
	return input{value: []byte(texts[s.random.IntN(len(texts))]), refused: schemas.Malformed}
}

func tombstone(*script) input { return input{refused: schemas.Malformed} }

func tooDeep(*script) input {
	return input{value: []byte(strings.Repeat("[", 40) + strings.Repeat("]", 40)), refused: schemas.TooDeep}
}

func unknownType(s *script) input {
	in := s.input(0, "campaign.exploded", s.definition())
	in.refused = schemas.UnknownType
	return in
}

func wrongKey(s *script) input {
	in := s.input(0, schemas.CampaignCreated, s.definition())
	in.key, in.refused = []byte(s.id+"x"), schemas.KeyMismatch
	return in
}

func noKey(s *script) input {
	in := s.input(0, schemas.CampaignCreated, s.definition())
	in.key, in.refused = nil, schemas.KeyMismatch
	return in
}

// broken returns a definition that is broken in one way.
func broken(s *script, reason schemas.Reason, breaks func(*schemas.Definition)) input {
	d := s.definition()
	breaks(&d)
	in := s.input(0, schemas.CampaignCreated, d)
	in.refused = reason
	return in
}

func wrongSchema(s *script) input {
	return broken(s, schemas.BadSchema, func(d *schemas.Definition) {
		if s.chance(0.5) {
			d.AdvertiserID = ""
		} else {
			d.StartsAtLocal = "2026-12-01T00:00:00" // beside starts_at
		}
	})
}

func unknownZone(s *script) input {
	return broken(s, schemas.InvalidZone, func(d *schemas.Definition) { d.TimeZone = "Europe/Nowhere" })
}

func skippedTime(s *script) input {
	return broken(s, schemas.SkippedLocalTime, func(d *schemas.Definition) {
		d.StartsAt, d.StartsAtLocal, d.Disambiguation = nil, "2027-03-28T02:30:00", schemas.Reject
		d.EndsAt, d.EndsAtLocal = nil, "2027-03-29T02:30:00"
	})
}

func emptyWindow(s *script) input {
	return broken(s, schemas.InvalidWindow, func(d *schemas.Definition) { d.EndsAt = d.StartsAt })
}

func noMoney(s *script) input {
	return broken(s, schemas.InvalidMoney, func(d *schemas.Definition) { d.Budget.Amount = "12.345" })
}
