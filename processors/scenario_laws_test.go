package processors_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// chronicle is all that was heard from the outputs of one deployment. What it hears it holds against the laws that are
// true of every script, whatever the script expects.
type chronicle struct {
	// published are the inputs, by position; refused the positions of those that have a dead letter.
	published map[string]topics.Record
	refused   map[string]bool
	// latest is the furthest that the clock has stood.
	latest    schemas.Instant
	facts     map[string]*fact // by transition id
	histories map[string]*history
	// applied and rejected count outcomes, released and statements settlements.
	applied, rejected    int
	released, statements int
	// givenUp is how many plays were refused since nobody knew their campaign.
	givenUp int
	// values are the outputs as they stood on the topics, by topic and key.
	values map[string][]string
}

// history is what the laws need to know of one campaign's past.
type history struct {
	decidedAt schemas.Instant
	// open are the dues that nothing has become of yet; outcomes those that came since the last look, per topic in their
	// order.
	open     []*fact
	applied  []string
	rejected []string
	sequence int64
	status   schemas.Status
	// log are the positions of the campaign's applied transitions, plays those of its plays.
	log, plays []topics.Record
	settlement
}

func newChronicle() *chronicle {
	return &chronicle{
		published: make(map[string]topics.Record), refused: make(map[string]bool), facts: make(map[string]*fact), histories: make(map[string]*history),
		values: make(map[string][]string),
	}
}

func (c *chronicle) of(campaignID string) *history {
	if c.histories[campaignID] == nil {
		c.histories[campaignID] = &history{}
	}
	return c.histories[campaignID]
}

// hear takes outputs over into a chapter. Records of one topic and key come in their order, dues before what became of
// them. Its error tells which laws are broken.
func (c *chronicle) hear(chapter *chapter, outputs []topics.Record) error {
	var broken []error
	told := make(map[string]*history)
	for _, record := range outputs {
		told[string(record.Key)] = c.of(string(record.Key))
		var err error
		switch topics.Name(record.Topic) {
		case topics.TransitionsDue:
			err = c.hearDue(chapter, record)
		case topics.TransitionsApplied:
			err = c.hearApplied(record)
		case topics.TransitionsRejected:
			err = c.hearRejected(record)
		case topics.BudgetReleased:
			err = c.hearReleased(chapter, record)
		case topics.CampaignStatements:
			err = c.hearStatement(chapter, record)
		case topics.DeadLetters:
			err = c.hearRefused(chapter, record)
		default:
			err = errors.New("is not an output")
		}
		if err != nil {
			broken = append(broken, fmt.Errorf("%s of %s: %w: %s", record.Topic, toldKey(string(record.Key)), err, record.Value))
		}
	}
	for campaignID, past := range told {
		if err := errors.Join(past.outcomeLaws(), c.settledLaws(past)); err != nil {
			broken = append(broken, fmt.Errorf("campaign %s: %w", campaignID, err))
		}
	}
	return errors.Join(broken...)
}

// keep notes a value as it stood on its topic.
func (c *chronicle) keep(topic string, key, value []byte) {
	under := topic + " " + string(key)
	c.values[under] = append(c.values[under], string(value))
}

func (c *chronicle) hearDue(chapter *chapter, record topics.Record) error {
	event, refusal := topics.DecodeDue(record.Value)
	if refusal != nil {
		return errors.New(refusal.Detail)
	}
	c.keep(record.Topic, record.Key, record.Value)
	due := &event.Data
	past := c.of(due.CampaignID)
	if _, twice := c.facts[due.TransitionID]; twice {
		return errors.New("is the second due of its id")
	}
	heard := &fact{due: due}
	c.facts[due.TransitionID] = heard
	past.open = append(past.open, heard)
	chapter.under(string(record.Key)).facts = append(chapter.under(string(record.Key)).facts, heard)
	err := errors.Join(
		envelopeLaws(event, record.Key, due.TransitionID, schemas.TransitionDue, due), c.timeLaws(past, due))
	past.decidedAt = due.DecidedAt
	return err
}

// envelopeLaws: the output's id, subject and time follow from the due; contacts stay in campaign-events.
func envelopeLaws[D any](e *schemas.Event[D], key []byte, id string, kind schemas.Type, due *schemas.Due) error {
	var broken []error
	law := func(holds bool, text string) {
		if !holds {
			broken = append(broken, errors.New(text))
		}
	}
	law(e.ID == id, "its id must be "+id)
	law(e.Type == kind && e.Source == schemas.Source, "its type and source must be the engine's")
	law(e.Subject == string(key) && due.CampaignID == string(key), "its subject and campaign_id must be its key")
	law(e.Time != nil && *e.Time == due.DecidedAt, "its time must be decided_at")
	law(!bytes.Contains(due.Campaign, []byte(`"contacts"`)), "contacts must stay in campaign-events")
	return errors.Join(broken...)
}

// timeLaws: never early, never ahead of the clock, decisions never go back.
func (c *chronicle) timeLaws(past *history, due *schemas.Due) error {
	switch {
	case due.ScheduledFor > due.DecidedAt:
		return errors.New("came early")
	case due.DecidedAt > c.latest:
		return fmt.Errorf("was decided ahead of the clock, which has never stood past %s", c.latest)
	case due.DecidedAt < past.decidedAt:
		return fmt.Errorf("was decided before %s, when the one before it was", past.decidedAt)
	case due.LatenessMs < 0 || due.LatenessMs > int64(due.DecidedAt-due.ScheduledFor):
		return errors.New("its lateness must be between 0 and decided_at - scheduled_for")
	}
	return nil
}

// answer finds the fact that an outcome belongs to; each has one.
func (c *chronicle) answer(due *schemas.Due) (*fact, error) {
	heard := c.facts[due.TransitionID]
	switch {
	case heard == nil:
		return nil, errors.New("answers no due")
	case heard.applied != nil || heard.rejected != nil:
		return nil, errors.New("answers its due a second time")
	case heard.due.DecidedAt != due.DecidedAt || heard.due.ScheduledFor != due.ScheduledFor ||
		heard.due.LatenessMs != due.LatenessMs || heard.due.ChangeReason != due.ChangeReason:
		return nil, errors.New("differs from its due")
	}
	return heard, nil
}

func (c *chronicle) hearApplied(record topics.Record) error {
	decoded, err := topics.AppliedCodec{}.Decode(record.Value)
	read, is := decoded.(topics.ReadApplied)
	if err != nil || !is {
		return errors.New("cannot be read")
	}
	event := read.Event
	c.keep(record.Topic, record.Key, record.Value)
	applied := &event.Data
	heard, err := c.answer(&applied.Due)
	if err != nil {
		return err
	}
	c.applied++
	heard.applied = applied
	past := c.of(applied.CampaignID)
	past.applied = append(past.applied, applied.TransitionID)
	past.log = append(past.log, record)
	if applied.Transition == schemas.Settle {
		past.settle = applied
	}
	return envelopeLaws(event, record.Key, applied.TransitionID+"/applied", schemas.TransitionApplied, &applied.Due)
}

func (c *chronicle) hearRejected(record topics.Record) error {
	decoded, err := topics.RejectedCodec{}.Decode(record.Value)
	event, is := decoded.(*schemas.Event[schemas.Rejected])
	if err != nil || !is {
		return errors.New("cannot be read")
	}
	c.keep(record.Topic, record.Key, record.Value)
	rejected := &event.Data
	heard, err := c.answer(&rejected.Due)
	if err != nil {
		return err
	}
	c.rejected++
	heard.rejected = rejected
	past := c.of(rejected.CampaignID)
	past.rejected = append(past.rejected, rejected.TransitionID)
	return envelopeLaws(event, record.Key, rejected.TransitionID+"/rejected", schemas.TransitionRejected, &rejected.Due)
}

// outcomeLaws: every due has its outcome, in each topic in the order of the dues, and each goes on from where the one
// before it led.
func (h *history) outcomeLaws() error {
	for _, heard := range h.open {
		var err error
		switch {
		case heard.applied != nil:
			err = h.goOn(heard.applied)
			h.applied = h.applied[1:]
		case heard.rejected != nil:
			err = h.stay(heard.rejected)
			h.rejected = h.rejected[1:]
		default:
			err = fmt.Errorf("%s has come to nothing", heard.due.TransitionID)
		}
		if err != nil {
			return err
		}
	}
	h.open = nil
	return nil
}

func (h *history) stay(rejected *schemas.Rejected) error {
	switch {
	case h.rejected[0] != rejected.TransitionID:
		return fmt.Errorf("%s was rejected out of order", rejected.TransitionID)
	case rejected.Status != h.status:
		return fmt.Errorf("%s must have met status %q", rejected.TransitionID, h.status)
	}
	return nil
}

func (h *history) goOn(applied *schemas.Applied) error {
	h.sequence++
	from := h.status
	h.status = applied.To
	switch {
	case h.applied[0] != applied.TransitionID:
		return fmt.Errorf("%s was applied out of order", applied.TransitionID)
	case applied.Sequence != h.sequence:
		return fmt.Errorf("the sequence of %s must be %d", applied.TransitionID, h.sequence)
	case applied.From != from:
		return fmt.Errorf("%s must go on from %q", applied.TransitionID, from)
	case applied.AppliedAt != applied.DecidedAt:
		return fmt.Errorf("applied_at of %s must be its decided_at", applied.TransitionID)
	case len(applied.Campaign) == 0:
		return fmt.Errorf("%s must show the campaign in force", applied.TransitionID)
	}
	return nil
}

// hearRefused holds a dead letter against the record that it refuses.
func (c *chronicle) hearRefused(chapter *chapter, record topics.Record) error {
	decoded, err := topics.RefusedCodec{}.Decode(record.Value)
	event, is := decoded.(*schemas.Event[schemas.Refused])
	if err != nil || !is {
		return errors.New("cannot be read")
	}
	refused := &event.Data
	chapter.under(string(record.Key)).refused = append(chapter.under(string(record.Key)).refused, refused)
	position := topics.Record{Topic: refused.Topic, Partition: refused.Partition, Offset: refused.Offset}.Position()
	original, known := c.published[position]
	kept := original.Value[:min(len(original.Value), schemas.RefusedValueMaxBytes)]
	digest := sha256.Sum256(original.Value)
	switch {
	case c.refused[position]:
		return errors.New("is the second dead letter of its record")
	case event.ID != position || !known:
		return fmt.Errorf("must be the dead letter of a record published at %s", position)
	case !bytes.Equal(record.Key, topics.RefusedKey(original.Key)):
		return errors.New("must have the record's key")
	case refused.ValueSHA256 != hex.EncodeToString(digest[:]) || refused.ValueBytes != int64(len(original.Value)):
		return errors.New("must tell the size and digest of the whole value")
	case refused.ValueBase64 != base64.StdEncoding.EncodeToString(kept):
		return errors.New("must hold the beginning of the value")
	case refused.HeadersTotal != int64(len(original.Headers)):
		return fmt.Errorf("must count %d headers", len(original.Headers))
	case refused.Timestamp != original.Timestamp || event.Time == nil || *event.Time != original.Timestamp:
		return fmt.Errorf("must have the record's timestamp %s", original.Timestamp)
	}
	c.refused[position] = true
	// Where a record lies differs between deployments.
	refused.Topic, refused.Partition, refused.Offset = "", 0, 0
	c.keep(record.Topic, record.Key, fmt.Appendf(nil, "%+v", *refused))
	return nil
}
