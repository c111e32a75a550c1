package campaign_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// due is one line of a campaign's log, and told is what is to become of it.
type due struct {
	transition campaign.Transition
	revision   int64
	now        instant.Instant
	from, to   instant.Instant // window
	told       string
}

func tell(d campaign.Decision) string {
	var told strings.Builder
	if !d.Applied {
		fmt.Fprintf(&told, "%s stays: %s", d.From, d.Reason)
		return told.String()
	}
	fmt.Fprintf(&told, "%d %s>%s", d.Sequence, d.From, d.To)
	for _, flag := range []struct {
		set  bool
		text string
	}{{d.FirstActive, "first"}, {d.Redefined, "redefined"}, {d.StartFixed, "start-fixed"}} {
		if flag.set {
			told.WriteString(" " + flag.text)
		}
	}
	return told.String()
}

// logs are what is due, line by line, and what is told of each.
var logs = map[string][]due{
	"from schedule to settle": {
		{"schedule", 1, 10, 1000, 2000, "1 >SCHEDULED redefined"},
		{"distribute", 1, 900, 0, 0, "2 SCHEDULED>SCHEDULED"},
		{"start", 1, 1001, 0, 0, "3 SCHEDULED>ACTIVE first"},
		{"end", 1, 2000, 0, 0, "4 ACTIVE>COMPLETED"},
		{"settle", 1, 2000, 0, 0, "5 COMPLETED>COMPLETED"},
		{"settle", 1, 2000, 0, 0, "COMPLETED stays: completed"},
		{"reschedule", 2, 2001, 3000, 4000, "COMPLETED stays: completed"},
	},
	"created after the end: never active, completes and settles": {
		{"schedule", 1, 3000, 1000, 2000, "1 >SCHEDULED redefined"},
		{"start", 1, 3000, 0, 0, "SCHEDULED stays: window-passed"},
		{"end", 1, 3000, 0, 0, "2 SCHEDULED>COMPLETED"},
		{"settle", 1, 3000, 0, 0, "3 COMPLETED>COMPLETED"},
	},
	"paused over the start, resumed: first active by the resume": {
		{"schedule", 1, 10, 1000, 2000, "1 >SCHEDULED redefined"},
		{"pause", 2, 500, 0, 0, "2 SCHEDULED>PAUSED"},
		{"start", 2, 1000, 0, 0, "PAUSED stays: paused"},
		{"resume", 3, 1999, 0, 0, "3 PAUSED>ACTIVE first"},
		{"pause", 4, 1999, 0, 0, "4 ACTIVE>PAUSED"},
		{"resume", 5, 1999, 0, 0, "5 PAUSED>ACTIVE"},
	},
	"paused and resumed before the start: the start decides": {
		{"schedule", 1, 10, 1000, 2000, "1 >SCHEDULED redefined"},
		{"pause", 2, 500, 0, 0, "2 SCHEDULED>PAUSED"},
		{"resume", 3, 999, 0, 0, "3 PAUSED>SCHEDULED"},
		{"start", 3, 1000, 0, 0, "4 SCHEDULED>ACTIVE first"},
	},
	"resumed at the end: too late": {
		{"schedule", 1, 10, 1000, 2000, "1 >SCHEDULED redefined"},
		{"pause", 2, 500, 0, 0, "2 SCHEDULED>PAUSED"},
		{"resume", 3, 2000, 0, 0, "PAUSED stays: window-passed"},
		{"end", 3, 2000, 0, 0, "3 PAUSED>COMPLETED"},
	},
	"the start is fixed once active, also while paused; the end moves": {
		{"schedule", 1, 10, 1000, 2000, "1 >SCHEDULED redefined"},
		{"reschedule", 2, 20, 1100, 2000, "2 SCHEDULED>SCHEDULED redefined"},
		{"start", 2, 1100, 0, 0, "3 SCHEDULED>ACTIVE first"},
		{"reschedule", 3, 1200, 1100, 3000, "4 ACTIVE>ACTIVE redefined"},
		{"reschedule", 4, 1200, 1500, 3000, "5 ACTIVE>ACTIVE redefined start-fixed"},
		{"start", 4, 1500, 0, 0, "ACTIVE stays: already-active"},
		{"pause", 5, 1600, 0, 0, "6 ACTIVE>PAUSED"},
		{"rezone", 5, 1600, 1700, 3100, "7 PAUSED>PAUSED redefined start-fixed"},
		{"resume", 6, 1650, 0, 0, "8 PAUSED>ACTIVE"},
		{"resume", 7, 3099, 0, 0, "ACTIVE stays: not-paused"},
	},
	"a rejected due raises the newest revision": {
		{"schedule", 1, 10, 1000, 2000, "1 >SCHEDULED redefined"},
		{"resume", 9, 20, 0, 0, "SCHEDULED stays: not-paused"},
		{"start", 8, 1000, 0, 0, "SCHEDULED stays: superseded"},
		{"start", 9, 1000, 0, 0, "2 SCHEDULED>ACTIVE first"},
		{"pause", 1, 1000, 0, 0, "ACTIVE stays: superseded"},
	},
	"superseded comes before completed": {
		{"schedule", 3, 10, 1000, 2000, "1 >SCHEDULED redefined"},
		{"cancel", 4, 20, 0, 0, "2 SCHEDULED>CANCELLED"},
		{"pause", 3, 30, 0, 0, "CANCELLED stays: superseded"},
		{"pause", 5, 30, 0, 0, "CANCELLED stays: cancelled"},
		{"settle", 5, 40, 0, 0, "3 CANCELLED>CANCELLED"},
		{"settle", 5, 40, 0, 0, "CANCELLED stays: cancelled"},
	},
	"a log that begins in the middle": {
		{"pause", 2, 10, 0, 0, " stays: superseded"},
		{"schedule", 1, 20, 1000, 2000, " stays: superseded"},
		{"schedule", 2, 20, 1000, 2000, "1 >SCHEDULED redefined"},
		{"schedule", 3, 30, 1100, 2100, "2 SCHEDULED>SCHEDULED redefined"},
	},
}

func TestLogs(t *testing.T) {
	for name, log := range logs {
		t.Run(name, func(t *testing.T) {
			var row campaign.Row
			for i, line := range log {
				d := campaign.Apply(row, campaign.Due{
					Transition: line.transition, Revision: line.revision, DecidedAt: line.now, StartsAt: line.from, EndsAt: line.to,
				})
				if got := tell(d); got != line.told {
					t.Errorf("line %d, %s/%d at %d: %q; want %q", i, line.transition, line.revision, line.now, got, line.told)
				}
				row = encodeAndDecode(t, d.Row)
			}
		})
	}
}

func drawDue(t *rapid.T) campaign.Due {
	starts := instant.Instant(rapid.IntRange(0, 20).Draw(t, "starts"))
	return campaign.Due{
		Transition: rapid.SampledFrom(transitions).Draw(t, "transition"),
		Revision:   int64(rapid.IntRange(1, 6).Draw(t, "revision")),
		DecidedAt:  instant.Instant(rapid.IntRange(0, 40).Draw(t, "now")),
		StartsAt:   starts,
		EndsAt:     starts + instant.Instant(rapid.IntRange(1, 20).Draw(t, "length")),
	}
}

// TestFold checks what must hold for any log whatever, dues that the sequencer would never write included.
func TestFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := rapid.SliceOfN(rapid.Custom(drawDue), 1, 40).Draw(t, "log")
		var row, again campaign.Row
		var applied int64
		firsts := 0
		for _, due := range log {
			before := row
			d := campaign.Apply(row, due)
			again = encodeAndDecode(t, campaign.Apply(again, due).Row)
			row = d.Row
			if diff := cmp.Diff(row, again); diff != "" {
				t.Fatalf("a second fold, encoded at each step, differs:\n%s", diff)
			}
			if d.Applied {
				applied++
			}
			if d.FirstActive {
				firsts++
			}
			checkStep(t, before, due, d)
			if row.Sequence != applied || firsts > 1 || (firsts == 1) != row.EverActive {
				t.Fatalf("after %d applied and %d times first active: %+v", applied, firsts, row)
			}
		}
	})
}

func checkStep(t *rapid.T, before campaign.Row, due campaign.Due, d campaign.Decision) {
	after := d.Row
	final := before.Status == campaign.Completed || before.Status == campaign.Cancelled
	switch {
	case d.From != before.Status, d.Applied && d.To != after.Status, !d.Applied && after.Status != before.Status:
		t.Fatalf("%+v on %+v tells another status: %+v", due, before, d)
	case d.Applied == (d.Reason != ""), d.Applied && d.Sequence != before.Sequence+1:
		t.Fatalf("%+v on %+v is neither applied nor rejected: %+v", due, before, d)
	case after.Revision != max(before.Revision, due.Revision):
		t.Fatalf("%+v on %+v: the newest revision is %d", due, before, after.Revision)
	case final && (after.Status != before.Status || d.Applied && (due.Transition != campaign.Settle || before.Settled)):
		t.Fatalf("%+v on %+v, which is final, gives %+v", due, before, d)
	case before.EverActive && (!after.EverActive || after.StartsAt != before.StartsAt):
		t.Fatalf("%+v on %+v, which was active, moves its start: %+v", due, before, after)
	case before.Settled && !after.Settled, after.Status == campaign.Active && !after.EverActive:
		t.Fatalf("%+v on %+v forgets: %+v", due, before, after)
	case !d.Redefined && (after.StartsAt != before.StartsAt || after.EndsAt != before.EndsAt):
		t.Fatalf("%+v on %+v moves the window without a definition: %+v", due, before, after)
	}
}

// TestDuesThatAreReadAgain folds any log whatever, and then the same once more, from any place on: nothing may change.
func TestDuesThatAreReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := rapid.SliceOfN(rapid.Custom(drawDue), 1, 20).Draw(t, "log")
		var row campaign.Row
		position := int64(0)
		for i := range log {
			position += int64(rapid.IntRange(1, 3).Draw(t, "records since")) // of other campaigns, or markers
			log[i].Position = position
			d := campaign.Apply(row, log[i])
			if d.Repeated {
				t.Fatalf("%+v is read for the first time", log[i])
			}
			row = encodeAndDecode(t, d.Row)
		}
		for _, due := range log[rapid.IntRange(0, len(log)-1).Draw(t, "from"):] {
			again := campaign.Apply(row, due)
			if diff := cmp.Diff(row, again.Row); !again.Repeated || again.Applied || again.Reason != "" || diff != "" {
				t.Fatalf("%+v, read again: %+v (-row +row)\n%s", due, again, diff)
			}
		}
	})
}

// TestDuesOfAnotherLog: a log that was restored or copied has other offsets. What was decided later than all before is new
// there, and so is what comes behind it.
func TestDuesOfAnotherLog(t *testing.T) {
	row := campaign.Row{
		Status: campaign.Scheduled, Revision: 1, Sequence: 1, StartsAt: 1000, EndsAt: 2000, Position: 500, DecidedAt: 10,
	}
	for _, c := range []struct {
		due      campaign.Due
		repeated bool
	}{
		{campaign.Due{Transition: campaign.Schedule, Revision: 1, DecidedAt: 10, Position: 6}, true},
		{campaign.Due{Transition: campaign.Start, Revision: 1, DecidedAt: 1000, Position: 7}, false},
		{campaign.Due{Transition: campaign.End, Revision: 1, DecidedAt: 1000, Position: 8}, false},
		{campaign.Due{Transition: campaign.Start, Revision: 1, DecidedAt: 1000, Position: 7}, true},
		{campaign.Due{Transition: campaign.Settle, Revision: 1, DecidedAt: 1000, Position: 9}, false},
	} {
		d := campaign.Apply(row, c.due)
		if d.Repeated != c.repeated || d.Applied == c.repeated {
			t.Errorf("%+v gives %+v; repeated is to be %t", c.due, d, c.repeated)
		}
		row = d.Row
	}
}
