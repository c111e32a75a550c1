package processors

import (
	"errors"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/money"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/topics"
)

// This file is the only place where the words of the wire (schemas) become those of the rules (state) and back.

// window is [startsAt, endsAt), resolved by a version of the time zone database where it was given in wall-clock time.
type window struct {
	startsAt, endsAt instant.Instant
	tzdb             string
}

// changeOf translates an event into what the sequencer decides on, and says which window it resolved. The checks that
// need state's knowledge come here, in the contract's order: local texts, zone, local time, window, money. Beside a refusal
// the change says what kind it is, of which revision, and whose.
func changeOf(e topics.CampaignEvent, s Settings) (timer.Change, window, *topics.Refusal) {
	change := timer.Change{Kind: kindOf(e.Type), Revision: e.Revision(), Hash: timer.Hash(e.ContentHash)}
	if e.Definition == nil {
		return change, window{}, nil
	}
	d := e.Definition
	change.AdvertiserID, change.Currency = d.AdvertiserID, d.Budget.Currency
	w, refusal := resolveWindow(d, s.zones())
	if refusal != nil {
		return change, w, refusal
	}
	change.Lead, change.Grace = s.DistributionLead, s.graceOf(d)
	if refusal := checkWindow(w, change.Grace); refusal != nil {
		return change, w, refusal
	}
	if refusal := checkMoney(d); refusal != nil {
		return change, w, refusal
	}
	change.StartsAt, change.EndsAt = w.startsAt, w.endsAt
	if d.IsLocal() {
		change.Wording = timer.Wording{
			StartsAtLocal: d.StartsAtLocal, EndsAtLocal: d.EndsAtLocal,
			Zone: d.TimeZone, Disambiguation: string(d.Disambiguation), Database: s.zones().Version(),
		}
	}
	return change, w, nil
}

// graceOf is how long after its end, or its cancel, a campaign of a definition that is accepted now is settled.
func (s Settings) graceOf(d *schemas.Definition) instant.Millis {
	if d.SettlementGraceSeconds != nil {
		return instant.Millis(*d.SettlementGraceSeconds) * 1000
	}
	return s.SettlementGrace
}

func kindOf(event schemas.Type) timer.ChangeKind {
	switch event {
	case schemas.CampaignPaused:
		return timer.Pause
	case schemas.CampaignResumed:
		return timer.Resume
	case schemas.CampaignCancelled:
		return timer.Cancel
	default:
		return timer.Definition
	}
}

// resolveWindow puts both ends on the time line.
func resolveWindow(d *schemas.Definition, zones *zone.Database) (window, *topics.Refusal) {
	starts, refusal := parseLocal("starts_at_local", d.StartsAtLocal)
	if refusal != nil {
		return window{}, refusal
	}
	ends, refusal := parseLocal("ends_at_local", d.EndsAtLocal)
	if refusal != nil {
		return window{}, refusal
	}
	z, err := zones.Load(d.TimeZone)
	if err != nil {
		return window{}, refuse(schemas.InvalidZone, "time_zone", err)
	}
	w := window{tzdb: zones.Version()}
	if w.startsAt, refusal = resolveEnd(z, d, "starts_at_local", d.StartsAt, starts); refusal != nil {
		return window{}, refusal
	}
	if w.endsAt, refusal = resolveEnd(z, d, "ends_at_local", d.EndsAt, ends); refusal != nil {
		return window{}, refusal
	}
	return w, nil
}

func parseLocal(field, text string) (zone.Local, *topics.Refusal) {
	if text == "" {
		return 0, nil
	}
	local, err := zone.ParseLocal(text)
	if err != nil {
		return 0, refuse(schemas.BadSchema, field, err)
	}
	return local, nil
}

func resolveEnd(
	z *zone.Zone, d *schemas.Definition, field string, given *schemas.Instant, local zone.Local,
) (instant.Instant, *topics.Refusal) {
	if given != nil {
		return instant.Instant(*given), nil
	}
	at, err := z.Resolve(local, zone.Disambiguation(d.Disambiguation))
	if err != nil {
		return 0, refuse(schemas.SkippedLocalTime, field, err)
	}
	return at, nil
}

func checkWindow(w window, grace instant.Millis) *topics.Refusal {
	rule := ""
	switch {
	case w.startsAt < instant.Min || w.startsAt > instant.Max:
		rule = "starts_at: must lie between 1970-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z"
	case w.endsAt < instant.Min || w.endsAt > instant.Max:
		rule = "ends_at: must lie between 1970-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z"
	case w.endsAt <= w.startsAt:
		rule = "ends_at: must be after starts_at"
	case w.endsAt.Add(grace) > instant.Max:
		rule = "settlement_grace_seconds: the settlement must lie before the year 10000"
	default:
		return nil
	}
	return &topics.Refusal{Reason: schemas.InvalidWindow, Detail: inData + rule}
}

func checkMoney(d *schemas.Definition) *topics.Refusal {
	if _, err := money.ParseAmount(d.Budget.Amount, d.Budget.Currency); err != nil {
		field := "budget.amount"
		if errors.Is(err, money.ErrCurrency) {
			field = "budget.currency"
		}
		return refuse(schemas.InvalidMoney, field, err)
	}
	if d.CPM == "" {
		return nil
	}
	if _, err := money.ParseRate(d.CPM); err != nil {
		return refuse(schemas.InvalidMoney, "cpm", err)
	}
	return nil
}

// firstRefusal returns what a change that broke the rule form is refused for: another advertiser is a matter of the schema,
// which comes before zone, window and money, though only the row knows of it.
func firstRefusal(row *timer.Row, exists bool, change *timer.Change, form *topics.Refusal) *topics.Refusal {
	if misnamed, is := timer.Misnamed(row, exists, change); is {
		return refusalOf(misnamed)
	}
	return form
}

// inData begins the path of each field that is checked here: a detail names it as it stands in the event.
const inData = "data."

func refusalOf(r timer.Refusal) *topics.Refusal {
	return &topics.Refusal{Reason: schemas.Reason(r.Reason), Detail: inData + r.Detail}
}

func refuse(reason schemas.Reason, field string, rule error) *topics.Refusal {
	return &topics.Refusal{Reason: reason, Detail: inData + field + ": " + rule.Error()}
}

// rezonedWindow is the window that a rezone leads to.
func rezonedWindow(to *timer.Rezoned) *schemas.Rezoned {
	return &schemas.Rezoned{
		StartsAt: schemas.Instant(to.StartsAt), StartsAtLocal: to.Wording.StartsAtLocal,
		EndsAt: schemas.Instant(to.EndsAt), EndsAtLocal: to.Wording.EndsAtLocal, TZDB: to.Wording.Database,
	}
}

// lifecycleDue translates a due transition, read at an offset of transitions-due, into what the lifecycle decides on.
func lifecycleDue(d *schemas.Due, w window, offset int64) campaign.Due {
	return campaign.Due{
		Transition: campaign.Transition(d.Transition), Revision: d.Revision, DecidedAt: instant.Instant(d.DecidedAt),
		StartsAt: w.startsAt, EndsAt: w.endsAt, Position: offset + 1,
	}
}
