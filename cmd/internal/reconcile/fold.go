package reconcile

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/apd/v3"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Topics returns the topics that the ledger is made from.
func Topics() []topics.Name {
	return []topics.Name{topics.TransitionsApplied, topics.BudgetReleased, topics.CampaignStatements}
}

// Projected returns the offset behind the last record of a partition that was written to the ledger.
type Projected func(topic topics.Name, partition int32) int64

// Fold is what should be in the ledger. Records of one partition are to be added in their order; otherwise any order gives
// the same.
type Fold struct {
	projected  Projected
	advertiser string // empty: all
	answered   instant.Instant
	campaigns  map[string]*campaign
	words      map[string]string
	result     Result
	breaks     breaks
}

// campaign is what the topics say about a campaign.
type campaign struct {
	advertiser string
	currency   string
	sequence   int64
	// held is what is set aside until it is released, settled says that a settle was applied: both as far as it is projected.
	held    apd.Decimal
	settled bool
	// settledAt is when the settlement was decided.
	settledAt instant.Instant

	known bool // a transition of it is projected
	ahead bool // a transition of it is not projected yet
	seen  bool // in the ledger

	release    *release
	statements []statement
	// extra says that the ledger has a release, or a statement, that the topics have not.
	extra bool
}

type release struct {
	advertiser, currency    string
	budget, spent, released apd.Decimal
	pending, seen           bool
}

type statement struct {
	version       int64
	plays         int64
	digest        [16]byte
	pending, seen bool
}

// NewFold returns an empty fold of an advertiser's campaigns; "" stands for all. At most limit breaks are kept, 0: all.
// Settlements that were decided before answered are to have a release and a statement.
func NewFold(projected Projected, advertiser string, limit int, answered instant.Instant) *Fold {
	f := &Fold{
		projected: projected, advertiser: advertiser, answered: answered, campaigns: make(map[string]*campaign),
		words: make(map[string]string),
	}
	f.result.ByClass, f.result.Breaks = make(map[Class]int64), []Break{}
	f.breaks = breaks{limit, &f.result}
	return f
}

// Add takes a record of one of the Topics into account.
func (f *Fold) Add(r topics.Record) {
	var err error
	pending := r.Offset >= f.projected(topics.Name(r.Topic), r.Partition)
	switch topics.Name(r.Topic) {
	case topics.TransitionsApplied:
		err = f.addApplied(r.Value, pending)
	case topics.BudgetReleased:
		err = f.addRelease(r.Value, pending)
	case topics.CampaignStatements:
		err = f.addStatement(r.Value, pending)
	}
	if err != nil {
		f.result.Unreadable++
	}
}

func (f *Fold) wanted(advertiser string) bool {
	return f.advertiser == "" || f.advertiser == advertiser
}

func (f *Fold) campaign(id string) *campaign {
	c := f.campaigns[id]
	if c == nil {
		c = &campaign{}
		f.campaigns[strings.Clone(id)] = c
		f.result.Topics.Campaigns++
	}
	return c
}

// word keeps one copy of a text that comes often.
func (f *Fold) word(text string) string {
	kept, is := f.words[text]
	if !is {
		kept = strings.Clone(text)
		f.words[kept] = kept
	}
	return kept
}

// addApplied follows what a transition does to the hold: a definition sets it, until the settlement.
func (f *Fold) addApplied(value []byte, pending bool) error {
	event, refusal := topics.DecodeApplied(value)
	if refusal != nil {
		return errors.New(refusal.Detail)
	}
	d := &event.Data
	placed, err := topics.DecodePlaced(d.Campaign)
	if err != nil || !f.wanted(placed.AdvertiserID) {
		return err
	}
	budget, err := number(placed.Budget.Amount)
	if err != nil {
		return err
	}
	c := f.campaign(d.CampaignID)
	f.result.Topics.Transitions++
	if d.Sequence <= c.sequence {
		f.breaks.add(Duplicate, "transition", fmt.Sprintf("%s/%d", d.CampaignID, d.Sequence),
			"%s stands in %s again, after sequence %d", d.TransitionID, topics.TransitionsApplied, c.sequence)
		return nil
	}
	if c.sequence = d.Sequence; c.advertiser == "" {
		c.advertiser, c.currency = f.word(placed.AdvertiserID), f.word(placed.Budget.Currency)
	}
	if pending {
		c.ahead = true
		f.result.NotYet.Transitions++
		return nil
	}
	c.known = true
	switch d.Transition {
	case schemas.Schedule, schemas.Reschedule, schemas.Rezone:
		if !c.settled {
			c.held = budget
		}
	case schemas.Settle:
		c.settled, c.settledAt = true, instant.Instant(d.DecidedAt)
	}
	return nil
}

func (f *Fold) addRelease(value []byte, pending bool) error {
	message, err := topics.ReleasedCodec{}.Decode(value)
	event, is := message.(*schemas.Event[schemas.Released])
	if err != nil || !is || event.Type != schemas.BudgetReleased {
		return errors.Join(err, errors.New("no release"))
	}
	d := &event.Data
	if !f.wanted(d.AdvertiserID) {
		return nil
	}
	r := &release{advertiser: f.word(d.AdvertiserID), currency: f.word(d.Budget.Currency), pending: pending}
	for _, n := range []struct {
		text string
		into *apd.Decimal
	}{{d.Budget.Amount, &r.budget}, {d.Spent.Amount, &r.spent}, {d.Released.Amount, &r.released}} {
		if *n.into, err = number(n.text); err != nil {
			return err
		}
	}
	c := f.campaign(d.CampaignID)
	f.result.Topics.Releases++
	if pending {
		f.result.NotYet.Releases++
	}
	if c.release != nil {
		f.breaks.add(Duplicate, "release", schemas.ReleaseID(d.CampaignID), "it stands in %s twice: once %s, once %s",
			topics.BudgetReleased, c.release.text(), r.text())
		return nil
	}
	c.release = r
	return nil
}

func (f *Fold) addStatement(value []byte, pending bool) error {
	var event schemas.RawEvent
	if err := json.Unmarshal(value, &event); err != nil {
		return err
	}
	var d struct {
		CampaignID   string `json:"campaign_id"`
		AdvertiserID string `json:"advertiser_id"`
		Version      int64  `json:"version"`
		Plays        int64  `json:"plays"`
	}
	if err := json.Unmarshal(event.Data, &d); err != nil || !f.wanted(d.AdvertiserID) {
		return err
	}
	digest, err := digestOf(event.Data)
	if err != nil {
		return err
	}
	c := f.campaign(d.CampaignID)
	f.result.Topics.Statements++
	if pending {
		f.result.NotYet.Statements++
	}
	if c.statement(d.Version) != nil {
		f.breaks.add(Duplicate, "statement", statementKey(d.CampaignID, d.Version), "it stands in %s twice", topics.CampaignStatements)
		return nil
	}
	c.statements = append(c.statements, statement{version: d.Version, plays: d.Plays, digest: digest, pending: pending})
	return nil
}

func (c *campaign) statement(version int64) *statement {
	for i := range c.statements {
		if c.statements[i].version == version {
			return &c.statements[i]
		}
	}
	return nil
}

func statementKey(campaignID string, version int64) string {
	return fmt.Sprintf("%s/%d", campaignID, version)
}

// digestOf tells documents apart by what they say, not by their spaces and the order of their names.
func digestOf(document []byte) (digest [16]byte, err error) {
	canonical := jsontext.Value(document).Clone()
	if err := canonical.Canonicalize(); err != nil {
		return digest, err
	}
	sum := sha256.Sum256(canonical)
	copy(digest[:], sum[:])
	return digest, nil
}

func (r *release) text() string {
	return fmt.Sprintf("%s = %s spent + %s released %s", text(&r.budget), text(&r.spent), text(&r.released), r.currency)
}

func text(d *apd.Decimal) string { return d.Text('f') }

var errNoNumber = errors.New("no plain number")

func number(text string) (apd.Decimal, error) {
	var d apd.Decimal
	if _, _, err := d.SetString(text); err != nil {
		return d, err
	}
	if d.Form != apd.Finite {
		return d, errNoNumber
	}
	return d, nil
}
