package story

import (
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// lawful is a little that holds.
func lawful() *seen {
	s := newSeen()
	s.dues = []schemas.Due{
		{TransitionID: "c/1/schedule", ScheduledFor: 10, DecidedAt: 10}, {TransitionID: "c/1/start", ScheduledFor: 20, DecidedAt: 23, LatenessMs: 3},
	}
	s.campaigns[night].outcomes = []outcome{
		{Applied: schemas.Applied{Due: s.dues[0], Sequence: 1}}, {Applied: schemas.Applied{Due: s.dues[1], Sequence: 2}},
	}
	s.commands[lonely] = []schemas.Command{
		{PlaylistRevision: 5, Attempt: 1}, {PlaylistRevision: 5, Attempt: 2}, {PlaylistRevision: 7, Attempt: 1},
	}
	s.hear(film(20, 20, 20+filmMillis))
	return s
}

// film is the journal's line of a film that starts at an instant; it may be shown from the one until the other.
func film(at, from, until schemas.Instant) *journal.Line {
	return &journal.Line{Event: journal.Started, Device: lonely, Campaign: night, DeviceAt: &at, StartsAt: &from, EndsAt: &until}
}

func TestWhatBreaksALawIsFound(t *testing.T) {
	if broken, held := lawful().laws(); len(broken) > 0 || held != 2*2+2*2+3+1 {
		t.Fatalf("of %d these are broken: %q", held, broken)
	}
	for name, c := range map[string]struct {
		breaks func(*seen)
		want   string
	}{
		"due twice":        {func(s *seen) { s.dues = append(s.dues, s.dues[0]) }, "became due twice"},
		"early":            {func(s *seen) { s.dues[1].ScheduledFor = 24 }, "before"},
		"less than late":   {func(s *seen) { s.dues[1].LatenessMs = -1 }, "before"},
		"never due":        {func(s *seen) { s.campaigns[night].outcomes[0].TransitionID = "c/2/start" }, "was never due"},
		"a gap":            {func(s *seen) { s.campaigns[night].outcomes[1].Sequence = 3 }, "sequence 3 and not 2"},
		"an old playlist":  {func(s *seen) { s.commands[lonely][2].PlaylistRevision = 4 }, "was sent playlist 4/1 behind 5/2"},
		"the same again":   {func(s *seen) { s.commands[lonely][1].Attempt = 1 }, "was sent playlist 5/1 behind 5/1"},
		"too early a film": {func(s *seen) { s.hear(film(19, 20, 2*filmMillis)) }, "starts a film"},
		"too late a film":  {func(s *seen) { s.hear(film(21, 20, 20+filmMillis)) }, "starts a film"},
		"refused":          {func(s *seen) { s.hear(&journal.Line{Event: journal.Refused, Device: lonely, Reason: "unsigned"}) }, "unsigned"},
		"trouble":          {func(s *seen) { s.hear(&journal.Line{Event: journal.Trouble, Error: "no room"}) }, "no room"},
	} {
		t.Run(name, func(t *testing.T) {
			s := lawful()
			c.breaks(s)
			if broken, _ := s.laws(); len(broken) != 1 || !strings.Contains(broken[0], c.want) {
				t.Errorf("it finds %q, want %q", broken, c.want)
			}
		})
	}
}
