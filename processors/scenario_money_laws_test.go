package processors_test

import (
	"errors"
	"fmt"
	"maps"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/money"
	"github.com/rmn-arms/campaign-engine/topics"
)

// settlement is what the laws need to know of how a campaign was settled.
type settlement struct {
	settle    *schemas.Applied // the transition
	release   *schemas.Released
	statement *schemas.Statement // the newest, its positions counted
	// unchecked are the statements whose plays have not been held against those that were published.
	unchecked []*schemas.Statement
}

// publish notes an input.
func (c *chronicle) publish(record topics.Record) {
	c.published[record.Position()] = record
	if record.Topic == string(topics.Plays) {
		past := c.of(string(record.Key))
		past.plays = append(past.plays, record)
	}
}

// laws gathers those that are broken.
type laws []error

func (l *laws) hold(holds bool, format string, arguments ...any) {
	if !holds {
		*l = append(*l, fmt.Errorf(format, arguments...))
	}
}

// hearReleased: there is one release per campaign, it answers the settlement, and it loses nothing.
func (c *chronicle) hearReleased(chapter *chapter, record topics.Record) error {
	decoded, err := topics.ReleasedCodec{}.Decode(record.Value)
	event, is := decoded.(*schemas.Event[schemas.Released])
	if err != nil || !is {
		return errors.New("cannot be read")
	}
	c.keep(record.Topic, record.Key, record.Value)
	c.released++
	r, past := &event.Data, c.of(string(record.Key))
	if past.settle == nil || past.release != nil {
		return errors.New("must answer the settlement, once")
	}
	past.release = r
	account := chapter.under(string(record.Key))
	account.settled = append(account.settled, toldReleased(event))
	var broken laws
	identified(&broken, event, record.Key, string(record.Key)+"/release", schemas.BudgetReleased)
	broken.hold(r.ReleaseID == event.ID && r.CampaignID == string(record.Key), "its ids must be those of the envelope")
	broken.hold(*event.Time == past.settle.DecidedAt, "its time must be the settlement's decided_at")
	broken.balance(r.Budget, r.Spent, r.Released)
	placed, err := topics.DecodePlaced(past.settle.Campaign)
	broken.hold(err == nil && placed.AdvertiserID == r.AdvertiserID, "its advertiser must be the campaign's")
	broken.hold(err == nil && sameMoney(placed.Budget, r.Budget), "its budget must be the one in force")
	return errors.Join(broken...)
}

// identified: the envelope is the engine's.
func identified[D any](broken *laws, e *schemas.Event[D], key []byte, id string, kind schemas.Type) {
	broken.hold(e.ID == id && e.Type == kind && e.Source == schemas.Source, "must be the %s %s of the engine", kind, id)
	broken.hold(e.Subject == string(key), "its subject must be its key")
}

// balance: budget = spent + released, to the last minor unit.
func (l *laws) balance(whole, spent, released schemas.Money) {
	amount := func(m schemas.Money) money.Amount {
		parsed, err := money.ParseAmount(m.Amount, m.Currency)
		l.hold(err == nil && parsed.String() == m.Amount, "%v must be canonical money", m)
		return parsed
	}
	w, s, r := amount(whole), amount(spent), amount(released)
	l.hold(spent.Currency == whole.Currency && released.Currency == whole.Currency, "all must be of one currency")
	l.hold(w.Exact().Compare(s.Exact().Plus(r.Exact())) == 0, "budget must be spent + released")
}

func sameMoney(a, b schemas.Money) bool {
	left, err := money.ParseAmount(a.Amount, a.Currency)
	right, also := money.ParseAmount(b.Amount, b.Currency)
	return err == nil && also == nil && a.Currency == b.Currency && left.Compare(right) == 0
}

// hearStatement takes a statement, its positions counted.
func (c *chronicle) hearStatement(chapter *chapter, record topics.Record) error {
	decoded, err := topics.StatementCodec{}.Decode(record.Value)
	event, is := decoded.(*schemas.Event[schemas.Statement])
	if err != nil || !is {
		return errors.New("cannot be read")
	}
	c.statements++
	s, past := &event.Data, c.of(string(record.Key))
	if err := past.countInputs(s); err != nil {
		return err
	}
	unplaced, err := topics.StatementCodec{}.Encode(event)
	if err != nil {
		return err
	}
	c.keep(record.Topic, record.Key, unplaced)
	if past.settle == nil || past.release == nil {
		return errors.New("must come with the release")
	}
	account := chapter.under(string(record.Key))
	account.settled = append(account.settled, toldStatementLine(event))
	err = c.statementLaws(past, event, record.Key)
	past.statement = s
	past.unchecked = append(past.unchecked, s)
	return err
}

// statementLaws: versions are 1, 2, 3, ...; the first one is final and no other; what was charged stays.
func (c *chronicle) statementLaws(past *history, event *schemas.Event[schemas.Statement], key []byte) error {
	var broken laws
	s, before := &event.Data, past.statement
	version, kind := int64(1), schemas.StatementFinal
	if before != nil {
		version, kind = before.Version+1, schemas.StatementAdjusted
	}
	identified(&broken, event, key, fmt.Sprintf("%s/%d", key, version), kind)
	broken.hold(s.Version == version && s.StatementID == event.ID && s.CampaignID == string(key), "its ids must be those of the envelope")
	broken.hold(s.LockedAt == past.settle.DecidedAt, "locked_at must be the settlement's decided_at")
	broken.hold(s.Revision == past.settle.Revision && s.Status == past.settle.To, "revision and status must be the settlement's")
	if before == nil {
		broken.hold(*event.Time == s.LockedAt && s.AdjustedAt == nil && s.Late == nil, "a final statement is of the lock")
	} else {
		broken.hold(s.AdjustedAt != nil && *event.Time == *s.AdjustedAt, "its time must be adjusted_at")
		broken.hold(*event.Time >= s.LockedAt && *event.Time <= c.latest, "it must be dated behind the lock, and not ahead of the clock")
		broken.hold(s.Late != nil && s.Cost == before.Cost && s.Plays > before.Plays, "an adjusted statement adds plays, and no cost")
	}
	broken.hold(s.Spent == past.release.Spent && s.Released == past.release.Released && s.Budget == past.release.Budget,
		"spent and released must be those of the release")
	broken.lines(s)
	return errors.Join(broken...)
}

// lines: what stores and creatives have played adds up to what was played.
func (l *laws) lines(s *schemas.Statement) {
	var stores, creatives []schemas.Tally
	for _, line := range s.ByStore {
		stores = append(stores, line.Tally)
	}
	for _, line := range s.ByCreative {
		creatives = append(creatives, line.Tally)
	}
	for _, part := range []struct {
		name    string
		tallies []schemas.Tally
		total   int64
	}{{"by_store", stores, s.ByStoreTotal}, {"by_creative", creatives, s.ByCreativeTotal}} {
		if part.total > schemas.StatementLinesMax {
			continue
		}
		sum := schemas.Tally{Impressions: "0"}
		for _, tally := range part.tallies {
			sum.Plays += tally.Plays
			sum.Impressions = plus(sum.Impressions, tally.Impressions)
		}
		l.hold(int64(len(part.tallies)) == part.total, "%s must have %d lines", part.name, part.total)
		l.hold(sum == schemas.Tally{Plays: s.Plays, Impressions: s.Impressions}, "%s must add up to the whole, not to %v", part.name, sum)
	}
}

func plus(a, b string) string {
	left, err := money.ParseExact(a)
	right, also := money.ParseExact(b)
	if err != nil || also != nil {
		return "NaN"
	}
	return left.Plus(right).String()
}

// settledLaws: a settled campaign has its release and its statement, which accounts for each of the campaign's plays before
// its position in plays, dead letters apart; only those are missing that came when nobody knew the campaign, and were given up.
func (c *chronicle) settledLaws(past *history) error {
	var broken laws
	broken.hold(past.settle == nil || past.release != nil && past.statement != nil, "is settled, and has no statement")
	for _, s := range past.unchecked {
		applied, read := s.Inputs[string(topics.TransitionsApplied)].Offset, s.Inputs[string(topics.Plays)].Offset
		_, names := s.Inputs[string(topics.Plays)] // a position in them only when one was read
		broken.hold(names == (read > 0) && applied == past.settle.Sequence, "%s must count up to the settlement: %v", s.StatementID, s.Inputs)
		accounted := s.Plays
		for count := range maps.Values(s.NotCounted) {
			accounted += count
		}
		if s.Late != nil {
			accounted -= s.Late.Plays
		}
		missing := c.taken(past.plays, read) - accounted
		broken.hold(missing == 0 || missing > 0 && c.givenUp > 0, "%s accounts for %d plays, %d too few", s.StatementID, accounted, missing)
	}
	past.unchecked = nil
	return errors.Join(broken...)
}

// taken counts those of the first plays of a campaign that are no dead letters.
func (c *chronicle) taken(plays []topics.Record, first int64) int64 {
	count := int64(0)
	for _, record := range plays[:first] {
		if !c.refused[record.Position()] {
			count++
		}
	}
	return count
}

// moneyCountLaws: each play and transition is accounted for, and so is what was written.
func (p *play) moneyCountLaws(counted map[string]int) error {
	taken, c := playsTaken(counted), p.chronicle
	switch {
	case !p.stopped && taken != p.played:
		return fmt.Errorf("%d plays were published, but %d are accounted for: %v", p.played, taken, counted)
	case counted[processors.Noted] != c.applied:
		return fmt.Errorf("%d transitions were applied, but %d were taken into accounts", c.applied, counted[processors.Noted])
	case counted[processors.Locked] != c.released || counted[processors.Adjusted] != c.statements-c.released:
		return fmt.Errorf("%d releases and %d statements came, but counted were %v", c.released, c.statements, counted)
	}
	return nil
}
