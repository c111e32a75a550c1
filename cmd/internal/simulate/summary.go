package simulate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Summary is what a simulation came to.
type Summary struct {
	// From is when the first line arrived, Until the end; both are one where no line did.
	From, Until instant.Instant
	// Lines arrived. Behind is the first one that arrives after Until, 0 without one: nothing from it on was read.
	Lines, Behind int
	// Instants are those at which something was written.
	Instants int
	// Applied and Rejected are transitions by kind.
	Applied, Rejected map[schemas.Transition]int
	// Lost are the first lines that were refused; LostMore were, too.
	Lost     []Lost
	LostMore int
	// Counts are all counters, by processor. See package processors.
	Counts map[string]map[string]int

	last schemas.Instant
	any  bool
}

func newSummary() *Summary {
	return &Summary{Applied: make(map[schemas.Transition]int), Rejected: make(map[schemas.Transition]int)}
}

// note adds a record up.
func (s *Summary) note(record topics.Record) {
	if !s.any || record.Timestamp != s.last {
		s.any, s.last = true, record.Timestamp
		s.Instants++
	}
	switch topics.Name(record.Topic) {
	case topics.TransitionsApplied:
		if event, refusal := topics.DecodeApplied(record.Value); refusal == nil {
			s.Applied[event.Data.Transition]++
		}
	case topics.TransitionsRejected:
		if value, err := (topics.RejectedCodec{}).Decode(record.Value); err == nil {
			if event, is := value.(*schemas.Event[schemas.Rejected]); is {
				s.Rejected[event.Data.Transition]++
			}
		}
	}
}

// Refused returns how many records were refused, by reason.
func (s *Summary) Refused() map[string]int {
	refused := make(map[string]int)
	for _, byName := range s.Counts {
		for name, count := range byName {
			if reason, is := strings.CutPrefix(name, processors.Refused); is {
				refused[reason] += count
			}
		}
	}
	return refused
}

// Tell writes the summary for people.
func (s *Summary) Tell(to io.Writer) {
	fmt.Fprintf(to, "simulated  %s to %s: %d lines, %d instants\n",
		schemas.Instant(s.From), schemas.Instant(s.Until), s.Lines, s.Instants)
	if s.Behind > 0 {
		fmt.Fprintf(to, "not read   from line %d on: it arrives after --until\n", s.Behind)
	}
	kinds := func(name string, counts map[schemas.Transition]int) {
		var texts []string
		for _, kind := range schemas.Transitions() {
			if counts[kind] > 0 {
				texts = append(texts, fmt.Sprintf("%s %d", kind, counts[kind]))
			}
		}
		fmt.Fprintf(to, "%-10s %s\n", name, orNone(texts))
	}
	kinds("applied", s.Applied)
	kinds("rejected", s.Rejected)
	fmt.Fprintf(to, "%-10s %s\n", "refused", orNone(textsOf(s.Refused())))
	for _, lost := range s.Lost {
		fmt.Fprintf(to, "%-10s %s: %s\n", fmt.Sprintf("line %d", lost.Line), lost.Reason, timeline.Printable(lost.Detail))
	}
	if s.LostMore > 0 {
		fmt.Fprintf(to, "%-10s and %d more, see dead-letters\n", "", s.LostMore)
	}
	for _, group := range topics.Groups() {
		if texts := textsOf(s.Counts[group.Short]); len(texts) > 0 {
			fmt.Fprintf(to, "%-10s %s\n", group.Short, orNone(texts))
		}
	}
}

func textsOf(counts map[string]int) (texts []string) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		texts = append(texts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return texts
}

func orNone(texts []string) string {
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, ", ")
}
