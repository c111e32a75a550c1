package timeline_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/topics"
)

// waitingStart is a campaign's life up to now, with a start that waits for noon.
type waitingStart struct {
	name   string
	status schemas.Status
	ever   bool // it was ACTIVE
	// undecided is a resume that the lifecycle has not come to.
	undecided bool
	void      schemas.RejectionReason
	says      string
}

func waitingStarts() []waitingStart {
	return []waitingStart{
		{"scheduled", schemas.Scheduled, false, false, "", "in 1 h 0 min\n"},
		{"rescheduled while active", schemas.Active, true, false, schemas.RejectedAlreadyActive,
			"in 1 h 0 min, will be ignored: already active\n"},
		{"paused before its start", schemas.Paused, false, false, schemas.RejectedPaused,
			"in 1 h 0 min, will be ignored while paused: the resume decides\n"},
		{"paused, and the resume is not decided yet", schemas.Paused, false, true, "", "in 1 h 0 min\n"},
	}
}

const noon, evening = "2026-12-05T12:00:00Z", "2026-12-05T18:00:00Z"

func (c waitingStart) story(t *testing.T) *story {
	s := &story{t: t, id: "c-1"}
	placed := springSale(t)
	placed.StartsAt, placed.EndsAt = instantOf(t, noon), instantOf(t, evening)
	s.place(placed)
	const at = "2026-12-05T10:00:00Z"
	s.applied(s.due(schemas.Schedule, 1, at, at, ""), "", schemas.Scheduled)
	if c.ever {
		s.applied(s.due(schemas.Start, 1, at, at, ""), schemas.Scheduled, schemas.Active)
	}
	s.applied(s.due(schemas.Reschedule, 2, at, at, ""), c.status, c.status)
	if c.undecided {
		s.due(schemas.Resume, 3, at, at, "")
	}
	s.row(3, map[timer.Kind]string{timer.Start: noon, timer.End: evening, timer.Settle: evening})
	return s
}

// TestShowForeseesWhatIsRejected: a start that waits is no promise that the campaign starts then.
func TestShowForeseesWhatIsRejected(t *testing.T) {
	for _, c := range waitingStarts() {
		t.Run(c.name, func(t *testing.T) {
			story := told(t, c.story(t))
			if len(story.Next) != 3 || story.Next[0].Void != c.void || story.Next[1].Void != "" || story.Next[2].Void != "" {
				t.Errorf("next is %+v; want the start void for %q, and what follows not", story.Next, c.void)
			}
			var out bytes.Buffer
			if err := story.Summary.Write(&out, timeline.Moment{At: instantOf(t, "2026-12-05T11:00:00Z")}, false); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), c.says) {
				t.Errorf("want %q in\n%s", c.says, out.String())
			}
		})
	}
}

func TestListPassesOverWhatIsRejected(t *testing.T) {
	for _, c := range waitingStarts() {
		t.Run(c.name, func(t *testing.T) {
			waits := timer.Row{Revision: 3, StartsAt: at(t, noon), EndsAt: at(t, evening)}
			for kind, when := range map[timer.Kind]string{timer.Start: noon, timer.End: evening, timer.Settle: evening} {
				waits.Timers[kind] = timer.Timer{Armed: true, At: at(t, when)}
			}
			decided := campaign.Row{Status: campaign.Status(c.status), Revision: 3, EverActive: c.ever,
				StartsAt: at(t, noon), EndsAt: at(t, evening), Position: 7}
			if c.undecided {
				decided.Revision = 2
			}
			list := timeline.NewList()
			list.Add(topics.Record{Topic: string(topics.CampaignEngineTimersTable), Key: []byte("c-1"), Value: waits.AppendBinary(nil)})
			list.Add(topics.Record{Topic: string(topics.CampaignEngineLifecycleTable), Key: []byte("c-1"), Value: decided.AppendBinary(nil)})
			want := schemas.Start
			if c.void != "" {
				want = schemas.End
			}
			first, _ := list.Campaigns(func(schemas.Status) bool { return true }, 0)
			if len(first) != 1 || first[0].Next == nil || first[0].Next.Transition != want {
				t.Errorf("%+v; want %s next", first, want)
			}
		})
	}
}

func at(t *testing.T, text string) instant.Instant { return instant.Instant(instantOf(t, text)) }
