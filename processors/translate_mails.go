package processors

import (
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/mail"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// This file is where the words of the wire become what is mailed about.

// mailed is a fact about a campaign. Without a fact the record says nothing that is mailed about.
type mailed struct {
	campaignID string
	fact       mail.Fact
}

// mailedOf reads a record. False: only the engine may write such a record, and this one cannot be read.
func mailedOf(r *kgo.Record, settings Settings) (mailed, bool) {
	switch topics.Name(r.Topic) {
	case topics.CampaignEvents:
		return mailedDefinition(r, settings), true
	case topics.TransitionsApplied:
		return mailedTransition(r, settings)
	case topics.CampaignStatements:
		return mailedStatement(r)
	case topics.ProvisionalStatements:
		return mailedInterim(r)
	case topics.CampaignReadiness:
		return mailedReadiness(r)
	}
	return mailed{}, true
}

// mailedDefinition reads a definition's contacts. Who may write campaign-events writes what he likes: what cannot be read, or
// breaks a rule, timers refuses and dead-letters.
func mailedDefinition(r *kgo.Record, settings Settings) mailed {
	event, refusal := topics.DecodeCampaignEvent(r.Key, r.Value, topics.HeadersOf(r.Headers))
	if refusal != nil || event.Definition == nil {
		return mailed{}
	}
	d := event.Definition
	_, _, refusal = changeOf(event, settings)
	doubtful := refusal != nil && isOfDatabase(refusal.Reason, d)
	if refusal != nil && !doubtful {
		return mailed{}
	}
	fact := mail.Definition{
		Number: d.Revision, AdvertiserID: strings.Clone(d.AdvertiserID), Currency: strings.Clone(d.Budget.Currency),
		Doubtful: doubtful,
	}
	for _, c := range d.Contacts {
		fact.Contacts = append(fact.Contacts, mail.Contact{
			Email: strings.Clone(c.Email), Name: strings.Clone(c.Name), Locale: strings.Clone(c.Locale),
		})
	}
	return mailed{strings.Clone(d.CampaignID), fact}
}

// isOfDatabase says that another release of the time zone database may lead to no refusal: timers may have one.
func isOfDatabase(reason schemas.Reason, d *schemas.Definition) bool {
	return reason == schemas.InvalidZone || reason == schemas.SkippedLocalTime || reason == schemas.InvalidWindow && d.IsLocal()
}

func mailedTransition(r *kgo.Record, settings Settings) (mailed, bool) {
	event, refusal := topics.DecodeApplied(r.Value)
	if refusal != nil || event.Data.CampaignID != string(r.Key) {
		return mailed{}, false
	}
	applied := &event.Data
	placed, err := topics.DecodePlaced(applied.Campaign)
	if err != nil || placed.CampaignID != applied.CampaignID || !schemas.IsID(applied.CampaignID) ||
		!pgstore.Holds(applied.TransitionID) {
		return mailed{}, false
	}
	grace := settings.SettlementGrace // where the engine before this one accepted it
	if ms, told := placed.Grace(); told {
		grace = instant.Millis(ms)
	}
	fact := mail.Transition{
		ID: applied.TransitionID, Sequence: applied.Sequence, Nominal: instant.Instant(applied.ScheduledFor),
		DecidedAt: instant.Instant(applied.DecidedAt), Lateness: instant.Millis(applied.LatenessMs), FirstActive: applied.FirstActive,
		Campaign: mail.Campaign{
			ID: placed.CampaignID, Name: placed.Name, AdvertiserID: placed.AdvertiserID, Revision: placed.Revision,
			Currency: placed.Budget.Currency, StartsAt: instant.Instant(placed.StartsAt), EndsAt: instant.Instant(placed.EndsAt),
			Zone: placed.TimeZone, Grace: grace, Stores: int64(len(placed.Stores)),
		},
		CPM: placed.CPM,
	}
	switch applied.Transition {
	case schemas.End:
		fact.Outcome = mail.Completed
	case schemas.Cancel:
		fact.Outcome, fact.Reason = mail.Cancelled, applied.ChangeReason
		switch applied.From {
		case schemas.Active:
			fact.Was = mail.WasRunning
		case schemas.Paused:
			fact.Was = mail.WasPaused
		}
	}
	return mailed{applied.CampaignID, fact}, true
}

func mailedStatement(r *kgo.Record) (mailed, bool) {
	var event schemas.Event[schemas.Statement]
	if jsonv2.Unmarshal(r.Value, &event) != nil || event.Data.CampaignID != string(r.Key) || !schemas.IsID(event.Data.CampaignID) {
		return mailed{}, false
	}
	if event.Type != schemas.StatementFinal {
		return mailed{}, event.Type == schemas.StatementAdjusted
	}
	return mailed{event.Data.CampaignID, statementFact(&event.Data)}, true
}

// mailedInterim reads what was counted by the end. It has no id that anybody could ask for.
func mailedInterim(r *kgo.Record) (mailed, bool) {
	message, _ := provisionalStatements{}.Decode(r.Value) // it never fails
	s, is := message.(*schemas.Statement)
	if !is || s.CampaignID != string(r.Key) || !schemas.IsID(s.CampaignID) {
		return mailed{}, false
	}
	fact := mail.Interim(statementFact(s))
	fact.ID = ""
	return mailed{s.CampaignID, fact}, true
}

func statementFact(s *schemas.Statement) mail.Statement {
	fact := mail.Statement{
		ID: s.StatementID, Version: s.Version, LockedAt: instant.Instant(s.LockedAt), Currency: s.Budget.Currency,
		Plays: s.Plays, Overran: s.Overran, Impressions: s.Impressions,
		Budget: s.Budget.Amount, Spent: s.Spent.Amount, Released: s.Released.Amount,
		ByStore:    mail.Lines{Listed: int64(len(s.ByStore)), Total: s.ByStoreTotal},
		ByCreative: mail.Lines{Listed: int64(len(s.ByCreative)), Total: s.ByCreativeTotal},
	}
	for _, line := range s.ByStore {
		fact.ByStore.Top = append(fact.ByStore.Top, mail.Line{ID: line.StoreID, Plays: line.Plays, Impressions: line.Impressions})
	}
	for _, line := range s.ByCreative {
		fact.ByCreative.Top = append(fact.ByCreative.Top,
			mail.Line{ID: line.CreativeID, Plays: line.Plays, Impressions: line.Impressions})
	}
	for verdict, plays := range s.NotCounted {
		fact.NotCounted = append(fact.NotCounted, mail.Verdict{Name: string(verdict), Plays: plays})
	}
	slices.SortFunc(fact.NotCounted, func(a, b mail.Verdict) int { return strings.Compare(a.Name, b.Name) })
	return fact
}

// mailedReadiness reads no more than is mailed: these records are long and many.
func mailedReadiness(r *kgo.Record) (mailed, bool) {
	var event struct {
		Data struct {
			CampaignID string           `json:"campaign_id"`
			AtStart    *schemas.AtStart `json:"at_start"`
		} `json:"data"`
	}
	if jsonv2.Unmarshal(r.Value, &event) != nil || event.Data.CampaignID != string(r.Key) || !schemas.IsID(event.Data.CampaignID) {
		return mailed{}, false
	}
	if event.Data.AtStart == nil {
		return mailed{}, true
	}
	return mailed{event.Data.CampaignID, mail.AtStart{
		Ready: event.Data.AtStart.DevicesReady, Total: event.Data.AtStart.DevicesTotal,
	}}, true
}
