package story

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/statement"
	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/topics"
)

// seen is what was seen of the topics and of the devices.
type seen struct {
	campaigns map[string]*campaign
	dues      []schemas.Due
	letters   []schemas.Refused // of dead-letters
	commands  map[string][]schemas.Command
	screens   map[string]*screen
	looks     []string // what was on the screens when somebody looked
	troubles  []string // of the stores
}

// campaign is what was seen of one.
type campaign struct {
	story      *timeline.Fold
	sums       *statement.Fold
	outcomes   []outcome // in the order in which they came
	statements []schemas.Statement
	releases   []schemas.Released
	readiness  []schemas.Readiness
	// How many of its plays count, and how many do not.
	counts, countsNot int64
	untold            []string // lines of releases that came before the statement
}

// outcome is what came of a due transition.
type outcome struct {
	schemas.Applied
	status schemas.Status          // if rejected
	reason schemas.RejectionReason // "" if applied
}

func newSeen() *seen {
	s := &seen{campaigns: map[string]*campaign{}, commands: map[string][]schemas.Command{}, screens: map[string]*screen{}}
	for _, b := range bookings() {
		s.campaigns[b.id] = &campaign{story: timeline.For(b.id), sums: statement.For(b.id)}
	}
	for _, id := range allScreens() {
		s.screens[id] = new(screen)
	}
	return s
}

// topics are those that are read.
func (*seen) topics() (read []string) {
	for _, name := range append(timeline.Topics(), topics.DeviceCommands) {
		read = append(read, string(name))
	}
	return read
}

// take takes a record in.
func (s *seen) take(r *kgo.Record) {
	record := topics.Record{
		Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: schemas.InstantOf(r.Timestamp), Key: r.Key,
		Headers: topics.HeadersOf(r.Headers), Value: r.Value,
	}
	switch topics.Name(r.Topic) {
	case topics.DeviceCommands:
		if event, refusal := topics.DecodeCommand(r.Value); refusal == nil {
			s.commands[event.Data.DeviceID] = append(s.commands[event.Data.DeviceID], event.Data)
		}
	case topics.TransitionsDue:
		if event, refusal := topics.DecodeDue(r.Value); refusal == nil {
			s.dues = append(s.dues, event.Data)
		}
	case topics.DeadLetters:
		if event, is := topics.Decoded[schemas.Refused](topics.RefusedCodec{}, r.Value); is {
			s.letters = append(s.letters, event.Data)
		}
	}
	if c := s.campaigns[string(r.Key)]; c != nil {
		c.story.Add(record)
		c.sums.Add(record)
		c.take(r)
	}
}

func (c *campaign) take(r *kgo.Record) {
	switch topics.Name(r.Topic) {
	case topics.TransitionsApplied:
		if event, refusal := topics.DecodeApplied(r.Value); refusal == nil {
			c.outcomes = append(c.outcomes, outcome{Applied: event.Data})
		}
	case topics.TransitionsRejected:
		if event, is := topics.Decoded[schemas.Rejected](topics.RejectedCodec{}, r.Value); is {
			d := event.Data
			c.outcomes = append(c.outcomes, outcome{schemas.Applied{Due: d.Due}, d.Status, d.Reason})
		}
	case topics.CampaignStatements:
		if event, is := topics.Decoded[schemas.Statement](topics.StatementCodec{}, r.Value); is {
			c.statements = append(c.statements, event.Data)
		}
	case topics.BudgetReleased:
		if event, is := topics.Decoded[schemas.Released](topics.ReleasedCodec{}, r.Value); is {
			c.releases = append(c.releases, event.Data)
		}
	case topics.CampaignReadiness:
		if event, is := topics.Decoded[schemas.Readiness](topics.ReadinessCodec{}, r.Value); is {
			c.readiness = append(c.readiness, event.Data)
		}
	case topics.CampaignEngineBudgetsTable:
		var a budget.Account
		if r.Value != nil && a.UnmarshalBinary(r.Value) == nil {
			c.counts, c.countsNot = a.Counted.Plays, 0
			for _, count := range a.NotCounted {
				c.countsNot += count
			}
		}
	}
}

// sight is something that a step waits for.
type sight struct {
	what string
	met  func(*seen) bool
	// tells says what was seen, where no record is told by itself: of whom, the kind, the rest.
	tells func(*seen) (whose, what, text string)
}

// applied: a transition was applied.
func applied(id string) sight {
	return sight{what: id + " is applied", met: func(s *seen) bool { return s.came(id, true) }}
}

// rejected: a transition was rejected.
func rejected(id string) sight {
	return sight{what: id + " is rejected", met: func(s *seen) bool { return s.came(id, false) }}
}

func (s *seen) came(id string, applied bool) bool {
	campaign, _, _ := strings.Cut(id, "/")
	return slices.ContainsFunc(s.campaigns[campaign].outcomes, func(o outcome) bool {
		return o.TransitionID == id && (o.reason == "") == applied
	})
}

// ready: so many devices are ready for a campaign.
func ready(id string, devices int64) sight {
	return sight{
		what: fmt.Sprintf("%d devices are ready for %s", devices, id),
		met: func(s *seen) bool {
			r := s.campaigns[id].readyNow()
			return r != nil && r.DevicesReady == devices
		},
		tells: func(s *seen) (string, string, string) {
			r := s.campaigns[id].readyNow()
			return id, "ready", fmt.Sprintf("%d of %d screens", r.DevicesReady, r.DevicesTotal)
		},
	}
}

// started: it was told how ready a campaign was at its start.
func started(id string) sight {
	return sight{
		what: "it is told how ready " + id + " was at its start",
		met: func(s *seen) bool {
			r := s.campaigns[id].readyNow()
			return r != nil && r.AtStart != nil
		},
		tells: func(s *seen) (string, string, string) {
			at := s.campaigns[id].readyNow().AtStart
			return id, "readiness", fmt.Sprintf("at the start %d of %d screens", at.DevicesReady, at.DevicesTotal)
		},
	}
}

// readyNow is what was told last of how ready it is, nil for nothing.
func (c *campaign) readyNow() *schemas.Readiness {
	if len(c.readiness) == 0 {
		return nil
	}
	return &c.readiness[len(c.readiness)-1]
}

// judged: so many of a campaign's plays were judged.
func judged(id string, plays int64) sight {
	return sight{
		what: fmt.Sprintf("%d plays of %s are judged", plays, id),
		met:  func(s *seen) bool { return s.campaigns[id].judged() == plays },
		tells: func(s *seen) (string, string, string) {
			c := s.campaigns[id]
			return id, string(topics.Plays), fmt.Sprintf("%d count, %d do not", c.counts, c.judged()-c.counts)
		},
	}
}

func (c *campaign) judged() int64 { return c.counts + c.countsNot }

// settled: a campaign's statement and its release have come.
func settled(id string) []sight {
	return []sight{
		{what: "the statement of " + id, met: func(s *seen) bool { return len(s.campaigns[id].statements) > 0 }},
		{what: "the release of " + id, met: func(s *seen) bool { return len(s.campaigns[id].releases) > 0 }},
	}
}
