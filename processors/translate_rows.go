package processors

import (
	"encoding/json"
	"fmt"

	"github.com/cockroachdb/apd/v3"
	jsonv2 "github.com/go-json-experiment/json"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// This file is where the words of the wire become the rows of the database.

func projectedTransition(applied *schemas.Applied) (pgstore.Transition, error) {
	placed, err := topics.DecodePlaced(applied.Campaign)
	if err != nil {
		return pgstore.Transition{}, err
	}
	campaign, err := projectedCampaign(&placed)
	if err != nil {
		return pgstore.Transition{}, err
	}
	return pgstore.Transition{
		CampaignID: applied.CampaignID, Sequence: applied.Sequence, TransitionID: applied.TransitionID,
		Revision: applied.Revision, Transition: string(applied.Transition),
		From: string(applied.From), To: string(applied.To), FirstActive: applied.FirstActive,
		ScheduledFor: instant.Instant(applied.ScheduledFor), DecidedAt: instant.Instant(applied.DecidedAt),
		LatenessMs: applied.LatenessMs, ChangeReason: applied.ChangeReason, Campaign: campaign,
	}, nil
}

func projectedCampaign(placed *schemas.Placed) (campaign pgstore.Campaign, err error) {
	campaign = pgstore.Campaign{
		AdvertiserID: placed.AdvertiserID, Name: placed.Name, TimeZone: placed.TimeZone, Currency: placed.Budget.Currency,
		StartsAt: instant.Instant(placed.StartsAt), EndsAt: instant.Instant(placed.EndsAt),
		Stores: int32(len(placed.Stores)), Creatives: int32(len(placed.Creatives)),
	}
	if err = number(placed.Budget.Amount, &campaign.Budget); err == nil && placed.CPM != "" {
		campaign.CPM.Valid = true
		err = number(placed.CPM, &campaign.CPM.Decimal)
	}
	return campaign, err
}

func projectedRelease(released *schemas.Released) (release pgstore.Release, err error) {
	release = pgstore.Release{
		CampaignID: released.CampaignID, AdvertiserID: released.AdvertiserID, Currency: released.Budget.Currency,
	}
	return release, numbers(
		numeral{released.Budget.Amount, &release.Budget}, numeral{released.Spent.Amount, &release.Spent},
		numeral{released.Released.Amount, &release.Released},
	)
}

func projectedStatement(body json.RawMessage) (statement pgstore.Statement, err error) {
	var s schemas.Statement
	if err := jsonv2.Unmarshal(body, &s); err != nil {
		return statement, fmt.Errorf("reading a statement: %w", err)
	}
	statement = pgstore.Statement{
		CampaignID: s.CampaignID, Version: s.Version, StatementID: s.StatementID, AdvertiserID: s.AdvertiserID,
		Status: string(s.Status), Revision: s.Revision, LockedAt: instant.Instant(s.LockedAt), Plays: s.Plays,
		Currency: s.Budget.Currency, Body: body,
	}
	if s.AdjustedAt != nil {
		statement.AdjustedAt = new(instant.Instant(*s.AdjustedAt))
	}
	if s.Late != nil {
		statement.LatePlays = s.Late.Plays
	}
	for _, count := range s.NotCounted {
		statement.NotCounted += count
	}
	return statement, numbers(
		numeral{s.Impressions, &statement.Impressions}, numeral{s.Budget.Amount, &statement.Budget},
		numeral{s.Cost, &statement.Cost}, numeral{s.Spent.Amount, &statement.Spent},
		numeral{s.Released.Amount, &statement.Released},
	)
}

// numeral is a number in a text, and where it goes.
type numeral struct {
	text string
	into *apd.Decimal
}

func numbers(all ...numeral) error {
	for _, n := range all {
		if err := number(n.text, n.into); err != nil {
			return err
		}
	}
	return nil
}

// number reads what the engine has written: a plain decimal. Nothing is computed with it on the way to the database.
func number(text string, into *apd.Decimal) error {
	if _, _, err := into.SetString(text); err != nil {
		return fmt.Errorf("reading a number: %w", err)
	}
	if into.Form != apd.Finite {
		return fmt.Errorf("reading a number: it is none")
	}
	return nil
}
