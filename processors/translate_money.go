package processors

import (
	"crypto/sha256"
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
	"github.com/rmn-arms/campaign-engine/state/money"
	"github.com/rmn-arms/campaign-engine/topics"
)

// This file is where the words of the wire about money and plays become those of the rules and back.

var budgetStatuses = map[schemas.Status]budget.Status{
	schemas.Scheduled: budget.Scheduled, schemas.Active: budget.Active, schemas.Paused: budget.Paused,
	schemas.Completed: budget.Completed, schemas.Cancelled: budget.Cancelled,
}

func wireStatus(status budget.Status) schemas.Status {
	for wire, known := range budgetStatuses {
		if known == status {
			return wire
		}
	}
	return ""
}

// accountChange translates an applied transition. What fails here can only have been written by others.
func accountChange(key string, applied *schemas.Applied) (budget.Change, *topics.Refusal) {
	if applied.CampaignID != key {
		return budget.Change{}, &topics.Refusal{Reason: schemas.KeyMismatch, Detail: "key: must equal data.campaign_id"}
	}
	change := budget.Change{
		Sequence: applied.Sequence, Revision: applied.Revision, From: budgetStatuses[applied.From], To: budgetStatuses[applied.To],
		DecidedAt: instant.Instant(applied.DecidedAt), ScheduledFor: instant.Instant(applied.ScheduledFor),
	}
	switch applied.Transition {
	case schemas.Start, schemas.End:
		change.Kind = budget.Timed
	case schemas.Settle:
		change.Kind = budget.Settlement
	case schemas.Schedule, schemas.Reschedule, schemas.Rezone:
		change.Kind = budget.Redefinition
		return change, readTerms(applied, &change.Definition)
	}
	return change, nil
}

// readTerms reads of a definition what an account wants to know.
func readTerms(applied *schemas.Applied, into *budget.Definition) *topics.Refusal {
	placed, err := topics.DecodePlaced(applied.Campaign)
	if err != nil {
		return &topics.Refusal{Reason: schemas.BadSchema, Detail: "data.campaign: must be a placed definition"}
	}
	into.AdvertiserID = strings.Clone(placed.AdvertiserID)
	into.StartsAt, into.EndsAt = instant.Instant(placed.StartsAt), instant.Instant(placed.EndsAt)
	if into.Budget, err = money.ParseAmount(placed.Budget.Amount, placed.Budget.Currency); err != nil {
		return refuse(schemas.InvalidMoney, "campaign.budget", err)
	}
	if placed.CPM == "" {
		return nil
	}
	if into.CPM, err = money.ParseRate(placed.CPM); err != nil {
		return refuse(schemas.InvalidMoney, "campaign.cpm", err)
	}
	return nil
}

// playOf translates a play. Its impressions have been looked at as a number already.
func playOf(play *schemas.Play) budget.Play {
	sum := sha256.Sum256([]byte(play.PlayID))
	translated := budget.Play{
		ID: linearhash.Hash(sum[:len(linearhash.Hash{})]), StoreID: play.StoreID, CreativeID: play.CreativeID,
		StartedAt: instant.Instant(play.StartedAt), EndedAt: instant.Instant(play.EndedAt),
	}
	number, minus := strings.CutPrefix(play.Impressions, "-")
	impressions, err := money.ParseExact(number)
	if err != nil || minus && !impressions.IsZero() {
		translated.Negative = true
		return translated
	}
	translated.Impressions = impressions
	return translated
}

// releasedEvent is the release of a campaign's lock.
func releasedEvent(campaignID string, s *budget.Statement) schemas.Event[schemas.Released] {
	id := schemas.ReleaseID(campaignID)
	return schemas.NewEvent(id, schemas.BudgetReleased, campaignID, schemas.Instant(s.Account.Lock.SettledAt), schemas.Released{
		ReleaseID: id, CampaignID: campaignID, AdvertiserID: s.Account.AdvertiserID,
		Budget: wireMoney(s.Account.Budget), Spent: wireMoney(s.Spent), Released: wireMoney(s.Released),
	})
}

// statementEvent is a final or adjusted statement.
func statementEvent(campaignID string, s *budget.Statement) schemas.Event[schemas.Statement] {
	kind, at := schemas.StatementFinal, s.Account.Lock.SettledAt
	data := StatementOf(campaignID, s)
	if s.Version > 1 {
		kind, at = schemas.StatementAdjusted, s.AdjustedAt
		data.AdjustedAt = new(schemas.Instant(at))
	}
	return schemas.NewEvent(data.StatementID, kind, campaignID, schemas.Instant(at), data)
}

// StatementOf returns what a statement says, in the words of the wire.
func StatementOf(campaignID string, s *budget.Statement) schemas.Statement {
	a := &s.Account
	window := a.Timeline.Terms[len(a.Timeline.Terms)-1]
	data := schemas.Statement{
		StatementID: campaignID + "/" + strconv.FormatInt(s.Version, 10), Version: s.Version, CampaignID: campaignID,
		AdvertiserID: a.AdvertiserID, Revision: a.Revision, Status: wireStatus(a.Status),
		LockedAt: schemas.Instant(a.Lock.SettledAt),
		Window:   schemas.Window{StartsAt: schemas.Instant(window.StartsAt), EndsAt: schemas.Instant(window.EndsAt)},
		Plays:    s.Counted.Plays, Impressions: s.Counted.Impressions.String(), Overran: a.Overran,
		Budget: wireMoney(a.Budget), Cost: a.Cost.String(), Spent: wireMoney(s.Spent), Released: wireMoney(s.Released),
		ByStoreTotal: int64(len(s.ByStore)), ByCreativeTotal: int64(len(s.ByCreative)),
		ByStore: []schemas.StoreLine{}, ByCreative: []schemas.CreativeLine{}, NotCounted: map[schemas.Verdict]int64{},
		Inputs: map[string]schemas.Position{},
	}
	for topic, position := range map[topics.Name]budget.Position{topics.TransitionsApplied: a.Applied, topics.Plays: a.Plays} {
		if position != (budget.Position{}) { // else nothing of it was read, in whatever partition it would be
			data.Inputs[string(topic)] = schemas.Position(position)
		}
	}
	for _, line := range s.ByStore[:min(len(s.ByStore), schemas.StatementLinesMax)] {
		data.ByStore = append(data.ByStore, schemas.StoreLine{StoreID: line.ID, Tally: wireTally(line.Tally)})
	}
	for _, line := range s.ByCreative[:min(len(s.ByCreative), schemas.StatementLinesMax)] {
		data.ByCreative = append(data.ByCreative, schemas.CreativeLine{CreativeID: line.ID, Tally: wireTally(line.Tally)})
	}
	for verdict, count := range a.NotCounted {
		if count > 0 {
			data.NotCounted[schemas.Verdict(budget.Verdict(verdict).String())] = count
		}
	}
	if a.Lock.Late.Plays > 0 {
		data.Late = new(wireTally(a.Lock.Late))
	}
	return data
}

func wireMoney(a money.Amount) schemas.Money {
	return schemas.Money{Amount: a.String(), Currency: a.Currency()}
}

func wireTally(t budget.Tally) schemas.Tally {
	return schemas.Tally{Plays: t.Plays, Impressions: t.Impressions.String()}
}
