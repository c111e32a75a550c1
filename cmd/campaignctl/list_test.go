package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/topics"
)

// hour is so many hours after testNow.
func hour(n int) instant.Instant { return instant.Of(testNow()).Add(instant.Millis(n * 3_600_000)) }

// listed puts the engine's rows of a campaign there; it waits for its end at an instant, or for nothing.
func listed(t *testing.T, k *kfake.Cluster, id string, status campaign.Status, ends instant.Instant, name string) {
	t.Helper()
	waiting := timer.Row{Revision: 2, StartsAt: 1, EndsAt: ends, Result: timer.Completed, Settled: true}
	if ends > 0 {
		waiting.Result, waiting.Settled = timer.Open, false
		for kind := timer.End; kind <= timer.Settle; kind++ {
			waiting.Timers[kind] = timer.Timer{Armed: true, At: ends}
		}
	}
	put(t, k, record(topics.CampaignEngineTimersTable, id, waiting.AppendBinary(nil)))
	if status == campaign.None {
		return
	}
	shown, err := json.Marshal(map[string]string{"name": name, "time_zone": "America/New_York"})
	if err != nil {
		t.Fatal(err)
	}
	decided := campaign.Row{Status: status, Revision: 2, Position: 7, Campaign: shown}
	put(t, k, record(topics.CampaignEngineLifecycleTable, id, decided.AppendBinary(nil)))
}

func several(t *testing.T) *kfake.Cluster {
	k := cluster(t)
	listed(t, k, "c-late", campaign.Scheduled, hour(90), "Late")
	listed(t, k, "c-soon", campaign.Scheduled, hour(9), "As it was")
	listed(t, k, "c-soon", campaign.Active, hour(1), "Soon")
	listed(t, k, "c-new", campaign.None, hour(50), "")
	listed(t, k, "c-over", campaign.Completed, 0, "Over")
	listed(t, k, "c-held", campaign.Paused, hour(20), "Held\x1b[2J")
	return k
}

// idsOf returns what stands first in each line below the heading.
func idsOf(out string) (ids []string) {
	for _, line := range strings.Split(strings.TrimSpace(out), "\n")[1:] {
		ids = append(ids, strings.Fields(line)[0])
	}
	return ids
}

func TestList(t *testing.T) {
	k := several(t)
	got := run(t, k, "", "list")
	got.check(t, exitClean, "c-soon    ACTIVE           end   2026-12-05T18:30:00.000Z  2026-12-05 13:30:00 -05:00 EST  in 1 h 0 min   Soon\n")
	got.check(t, exitClean, "c-new     not decided yet  end   2026-12-07T19:30:00.000Z")
	if ids, want := idsOf(got.out), []string{"c-soon", "c-held", "c-new", "c-late"}; !slices.Equal(ids, want) || got.errs != "" {
		t.Errorf("lists %v, want what comes next first: %v; says %q", ids, want, got.errs)
	}
	if strings.Contains(got.out, "\x1b") {
		t.Errorf("a control character of a name is printed: %q", got.out)
	}
	for status, want := range map[string][]string{
		"active": {"c-soon"}, "PAUSED,scheduled": {"c-held", "c-late"}, "completed": {"c-over"},
		"all": {"c-soon", "c-held", "c-new", "c-late", "c-over"},
	} {
		if ids := idsOf(run(t, k, "", "list", "--status", status).out); !slices.Equal(ids, want) {
			t.Errorf("--status %s lists %v, want %v", status, ids, want)
		}
	}
	run(t, k, "", "list", "--status", "completed").check(t, exitClean, "COMPLETED  nothing")
	run(t, k, "", "list", "--status", "cancelled").check(t, exitClean, "no such campaigns; --status all")
}

func TestListIsCut(t *testing.T) {
	k := several(t)
	got := run(t, k, "", "list", "--limit", "2")
	got.check(t, exitClean, "these are 2 of 4 campaigns, those whose next transition comes first; --limit 0 shows all")
	if ids := idsOf(got.out); !slices.Equal(ids, []string{"c-soon", "c-held"}) {
		t.Errorf("lists %v, not the two that come next", ids)
	}
	run(t, k, "", "list", "--limit", "2", "--json").check(t, exitClean, "these are 2 of 4")
	if whole := run(t, k, "", "list", "--limit", "0"); len(idsOf(whole.out)) != 4 || whole.errs != "" {
		t.Errorf("--limit 0 lists %s%s", whole.out, whole.errs)
	}
}

func TestListAsJSON(t *testing.T) {
	var all []timeline.Listed
	for line := range strings.Lines(run(t, several(t), "", "list", "--status", "active,completed", "--json").out) {
		var one timeline.Listed
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, one)
	}
	if len(all) != 2 || all[0].Next == nil || all[0].Next.Transition != "end" || all[0].TimeZone != "America/New_York" ||
		all[0].Next.AtInZone != "2026-12-05 13:30:00 -05:00 EST" || all[1].Status != "COMPLETED" || all[1].Next != nil {
		t.Errorf("%+v", all)
	}
}

func TestListOfWhatItCannotRead(t *testing.T) {
	k := several(t)
	put(t, k, record(topics.CampaignEngineTimersTable, "c-soon", []byte("a row of the year 2100")))
	run(t, k, "", "list").check(t, exitClean, "the engine's table holds a row of another version")
	admin := kadm.NewClient(client(t, k))
	if _, err := admin.DeleteTopic(t.Context(), string(topics.CampaignEngineLifecycleTable)); err != nil {
		t.Fatal(err)
	}
	run(t, k, "", "list").check(t, exitFailed, "topic campaign-engine-lifecycle-table does not exist")
}
