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
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestEveryZoneIsTold: show, timeline and list tell times in each zone of the database as the one function for people does, which
// state/zone tests around each change of each of them. Here it is a window over the turn of both halves of a year.
func TestEveryZoneIsTold(t *testing.T) {
	const starts, ends = "2026-06-30T22:00:00Z", "2026-12-01T05:00:00.021Z"
	for _, name := range zone.Default().Names() {
		s := &story{t: t, id: "c-1"}
		placed := springSale(t)
		placed.TimeZone, placed.StartsAt, placed.EndsAt = name, instantOf(t, starts), instantOf(t, ends)
		s.place(placed)
		s.applied(s.due(schemas.Schedule, 1, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", ""), "", schemas.Scheduled)
		s.due(schemas.Start, 1, starts, starts, "")
		s.row(1, map[timer.Kind]string{timer.End: ends, timer.Settle: ends})
		want := []string{
			zone.Display(name, instant.Instant(placed.StartsAt)), zone.Display(name, instant.Instant(placed.EndsAt)),
			zone.Display(name, instant.Instant(instantOf(t, "2026-03-01T00:00:00Z"))),
		}
		story := told(t, s)
		var show, whole bytes.Buffer
		if err := story.Summary.Write(&show, timeline.Moment{}, false); err != nil {
			t.Fatal(err)
		}
		if err := story.Write(&whole, timeline.Moment{}, false); err != nil {
			t.Fatal(err)
		}
		tells(t, "show in "+name, show.String(), want[:2]...)
		tells(t, "timeline in "+name, whole.String(), want...)
		tells(t, "list in "+name, listed(t, s), want[1])
	}
}

func tells(t *testing.T, what, text string, want ...string) {
	t.Helper()
	for _, each := range want {
		if each == "" || !strings.Contains(text, each) {
			t.Errorf("%s does not tell %q:\n%s", what, each, text)
		}
	}
}

// listed is what list tells of a story's campaign.
func listed(t *testing.T, s *story) string {
	t.Helper()
	list := timeline.NewList()
	for _, r := range s.records {
		if topics.Name(r.Topic) == topics.CampaignEngineTimersTable {
			list.Add(r)
		}
	}
	row := campaign.Row{Status: campaign.Active, Revision: 1, Sequence: 2, Campaign: s.campaign}
	list.Add(topics.Record{
		Topic: string(topics.CampaignEngineLifecycleTable), Key: []byte(s.id), Value: row.AppendBinary(nil),
	})
	all, _ := list.Campaigns(func(schemas.Status) bool { return true }, 0)
	var text bytes.Buffer
	if err := timeline.WriteList(&text, all, timeline.Moment{}, false); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
