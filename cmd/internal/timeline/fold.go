package timeline

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Fold gathers the records about one campaign. Records of one partition are to be added in their order; otherwise any
// order gives the same story.
type Fold struct {
	id        string
	dues      []schemas.Due
	outcomes  map[string]Step // by transition id; only what the outcome adds is set
	published []published
	refusals  []Refusal
	inForce   json.RawMessage // of the applied transition with the highest sequence
	sequence  int64
	row       []byte
	// tableMissing says why there is no row; empty when the table was read.
	tableMissing string

	statements []schemas.Statement
	releases   []schemas.Event[schemas.Released]
	account    []byte // the row of the engine's table
	// moneyMissing says why nothing is known of money; empty when its topics were read.
	moneyMissing string

	newestReadiness topics.Record
	// readinessMissing says why nothing is known of readiness; empty when its topic was read.
	readinessMissing string
}

// published is an event of campaign-events.
type published struct {
	Undecided
	topic     string
	partition int32
	offset    int64
}

// For returns an empty fold of a campaign.
func For(campaignID string) *Fold { return &Fold{id: campaignID, outcomes: make(map[string]Step)} }

// Topics returns the topics whose records a fold understands. Where the reading of each is to end is to be asked for in
// this order, while the engine goes on: what an event led to is then there with it, and what came of a due transition
// never without it.
func Topics() []topics.Name {
	return append(MoneyTopics(), topics.CampaignReadiness, topics.CampaignEvents, topics.TransitionsApplied,
		topics.TransitionsRejected, topics.CampaignEngineTimersTable, topics.TransitionsDue, topics.DeadLetters)
}

// WithoutTable says why the engine's table is not among the records.
func (f *Fold) WithoutTable(why string) { f.tableMissing = why }

// Add takes a record into account. Records with another key, and values that cannot be read, are passed over: the engine
// tells of those in dead-letters.
func (f *Fold) Add(r topics.Record) {
	if string(r.Key) != f.id {
		return
	}
	switch topics.Name(r.Topic) {
	case topics.CampaignEvents:
		f.addPublished(r)
	case topics.TransitionsDue:
		if event, refusal := topics.DecodeDue(r.Value); refusal == nil {
			f.dues = append(f.dues, event.Data)
		}
	case topics.TransitionsApplied:
		f.addApplied(r.Value)
	case topics.TransitionsRejected:
		if event, is := topics.Decoded[schemas.Rejected](topics.RejectedCodec{}, r.Value); is {
			f.addOutcome(event.Data.Due, Step{Outcome: Rejected, Status: event.Data.Status, Reason: event.Data.Reason})
		}
	case topics.DeadLetters:
		if event, is := topics.Decoded[schemas.Refused](topics.RefusedCodec{}, r.Value); is {
			d := event.Data
			f.refusals = append(f.refusals, Refusal{d.Reason, d.Detail, d.Topic, d.Partition, d.Offset, d.Timestamp, r.Timestamp})
		}
	case topics.CampaignEngineTimersTable:
		f.row = r.Value
	case topics.CampaignReadiness:
		f.newestReadiness = r
	default:
		f.addMoney(r)
	}
}

func (f *Fold) addPublished(r topics.Record) {
	event, refusal := topics.DecodeCampaignEvent(r.Key, r.Value, r.Headers)
	if refusal == nil {
		f.published = append(f.published, published{
			Undecided{event.Type, event.Revision(), r.Timestamp}, r.Topic, r.Partition, r.Offset,
		})
	}
}

func (f *Fold) addApplied(value []byte) {
	event, refusal := topics.DecodeApplied(value)
	if refusal != nil {
		return
	}
	d := event.Data
	f.addOutcome(d.Due, Step{Outcome: Applied, From: d.From, To: d.To, Sequence: d.Sequence})
	if d.Sequence > f.sequence {
		f.sequence, f.inForce = d.Sequence, d.Campaign
	}
}

func (f *Fold) addOutcome(due schemas.Due, outcome Step) { f.outcomes[due.TransitionID] = outcome }

// Timeline returns the story. known is false when no record was about the campaign.
func (f *Fold) Timeline() (t Timeline, known bool) {
	t = Timeline{
		Summary: Summary{CampaignID: f.id, Refused: len(f.refusals)},
		Steps:   []Step{}, Settlements: []Settlement{}, Refusals: []Refusal{},
	}
	t.Refusals = append(t.Refusals, f.refusals...)
	in := f.place(&t.Summary)
	for _, due := range f.dues {
		step := f.step(due, in)
		if t.Revision = max(t.Revision, step.Revision); step.Outcome == Applied && step.Sequence > t.Sequence {
			t.Sequence, t.Status = step.Sequence, step.To
		}
		t.Steps = append(t.Steps, step)
	}
	t.Next, t.NextError = f.next(in, &t)
	t.Money, t.MoneyError = f.money()
	t.Readiness, t.ReadinessError = f.readiness()
	for _, s := range f.settlements() {
		s.AtInZone = display(in, s.At)
		t.Settlements = append(t.Settlements, s)
	}
	t.Undecided = f.undecided(t.Revision)
	return t, len(t.Steps) > 0 || len(t.Undecided) > 0 || t.Refused > 0
}

// place fills in what is in force, and returns the name of the campaign's time zone; empty when that is not known.
func (f *Fold) place(s *Summary) (in string) {
	if f.inForce == nil {
		return ""
	}
	campaign, err := topics.DecodePlaced(f.inForce)
	if err != nil {
		return ""
	}
	s.Campaign = &campaign
	in = campaign.TimeZone
	s.Window = &Window{
		StartsAt: campaign.StartsAt, StartsAtInZone: display(in, campaign.StartsAt),
		EndsAt: campaign.EndsAt, EndsAtInZone: display(in, campaign.EndsAt), TimeZone: campaign.TimeZone,
	}
	return in
}

func display(in string, at schemas.Instant) string { return zone.Display(in, instant.Instant(at)) }

// step joins a due transition with what came of it.
func (f *Fold) step(due schemas.Due, in string) Step {
	step, decided := f.outcomes[due.TransitionID]
	if !decided {
		step.Outcome = Waiting
	}
	step.TransitionID, step.Transition, step.Revision = due.TransitionID, due.Transition, due.Revision
	step.ScheduledFor, step.ScheduledInZone = due.ScheduledFor, display(in, due.ScheduledFor)
	step.DecidedAt, step.LatenessMs, step.ChangeReason = due.DecidedAt, due.LatenessMs, due.ChangeReason
	step.Window = due.Window
	return step
}

// next returns the timers that wait, leaving out those that fired between the reading of the table and of the log.
func (f *Fold) next(in string, t *Timeline) (waiting []Pending, problem string) {
	waiting = []Pending{}
	if f.row == nil {
		return waiting, f.tableMissing
	}
	var row timer.Row
	if err := row.UnmarshalBinary(f.row); err != nil {
		return waiting, "the engine's table holds a row of another version"
	}
	for kind, timer := range row.Timers {
		fired := slices.ContainsFunc(t.Steps, func(s Step) bool {
			return s.Revision == row.Revision && s.Transition == transitionOf(kind)
		})
		if timer.Armed && !fired {
			at := schemas.Instant(timer.At)
			waiting = append(waiting, Pending{Transition: transitionOf(kind), At: at, AtInZone: display(in, at)})
		}
	}
	// Of one instant they fire in the order of their kinds.
	slices.SortStableFunc(waiting, func(a, b Pending) int { return cmp.Compare(a.At, b.At) })
	if decided, known := t.decided(); known {
		foresee(decided, row.Revision, waiting)
	}
	return waiting, ""
}

// decided returns the campaign as the lifecycle decides on it; known is false while something due waits for it.
func (t *Timeline) decided() (row campaign.Row, known bool) {
	if t.Campaign == nil || slices.ContainsFunc(t.Steps, func(s Step) bool { return s.Outcome == Waiting }) {
		return row, false
	}
	return campaign.Row{
		Status: campaign.Status(t.Status), Revision: t.Revision, Sequence: t.Sequence,
		EverActive: slices.ContainsFunc(t.Steps, func(s Step) bool { return s.To == schemas.Active }),
		StartsAt:   instant.Instant(t.Campaign.StartsAt), EndsAt: instant.Instant(t.Campaign.EndsAt),
	}, true
}

func transitionOf(kind int) schemas.Transition {
	return schemas.Transition(timer.Kind(kind).Transition())
}

// undecided returns the published events that are neither due nor refused, by revision. What is not newer than the
// newest due is a duplicate or stale.
func (f *Fold) undecided(revision int64) (left []Undecided) {
	for _, p := range f.published {
		refused := slices.ContainsFunc(f.refusals, func(r Refusal) bool {
			return r.Topic == p.topic && r.Partition == p.partition && r.Offset == p.offset
		})
		if p.Revision > revision && !refused {
			left = append(left, p.Undecided)
		}
	}
	slices.SortStableFunc(left, func(a, b Undecided) int { return cmp.Compare(a.Revision, b.Revision) })
	return left
}
