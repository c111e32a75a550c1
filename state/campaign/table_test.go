package campaign_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// The contract's table, written out by hand: what becomes of a transition in a state, decided before the start, at the
// start, in the window, in the window's last millisecond, at the end, and after it. One outcome stands for all six.
// "+ever" has been ACTIVE, "+settled" has been settled. Some states cannot be reached; they have an answer too.
const byHand = `
none                    schedule    SCHEDULED
none                    reschedule  superseded
none                    rezone      superseded
none                    distribute  superseded
none                    start       superseded
none                    pause       superseded
none                    resume      superseded
none                    end         superseded
none                    settle      superseded
none                    cancel      superseded

SCHEDULED               schedule    SCHEDULED
SCHEDULED               reschedule  SCHEDULED
SCHEDULED               rezone      SCHEDULED
SCHEDULED               distribute  SCHEDULED
SCHEDULED               start       ACTIVE  ACTIVE  ACTIVE  ACTIVE  window-passed  window-passed
SCHEDULED               pause       PAUSED
SCHEDULED               resume      not-paused
SCHEDULED               end         COMPLETED
SCHEDULED               settle      not-ended
SCHEDULED               cancel      CANCELLED

SCHEDULED+ever          schedule    SCHEDULED
SCHEDULED+ever          reschedule  SCHEDULED
SCHEDULED+ever          rezone      SCHEDULED
SCHEDULED+ever          distribute  SCHEDULED
SCHEDULED+ever          start       ACTIVE  ACTIVE  ACTIVE  ACTIVE  window-passed  window-passed
SCHEDULED+ever          pause       PAUSED
SCHEDULED+ever          resume      not-paused
SCHEDULED+ever          end         COMPLETED
SCHEDULED+ever          settle      not-ended
SCHEDULED+ever          cancel      CANCELLED

ACTIVE ACTIVE+ever      schedule    ACTIVE
ACTIVE ACTIVE+ever      reschedule  ACTIVE
ACTIVE ACTIVE+ever      rezone      ACTIVE
ACTIVE ACTIVE+ever      distribute  ACTIVE
ACTIVE ACTIVE+ever      start       already-active
ACTIVE ACTIVE+ever      pause       PAUSED
ACTIVE ACTIVE+ever      resume      not-paused
ACTIVE ACTIVE+ever      end         COMPLETED
ACTIVE ACTIVE+ever      settle      not-ended
ACTIVE ACTIVE+ever      cancel      CANCELLED

PAUSED PAUSED+ever      schedule    PAUSED
PAUSED PAUSED+ever      reschedule  PAUSED
PAUSED PAUSED+ever      rezone      PAUSED
PAUSED PAUSED+ever      distribute  PAUSED
PAUSED PAUSED+ever      start       paused
PAUSED PAUSED+ever      pause       already-paused
PAUSED                  resume      SCHEDULED  ACTIVE  ACTIVE  ACTIVE  window-passed  window-passed
PAUSED+ever             resume      ACTIVE     ACTIVE  ACTIVE  ACTIVE  window-passed  window-passed
PAUSED PAUSED+ever      end         COMPLETED
PAUSED PAUSED+ever      settle      not-ended
PAUSED PAUSED+ever      cancel      CANCELLED

COMPLETED COMPLETED+ever COMPLETED+settled COMPLETED+ever+settled  schedule    completed
COMPLETED COMPLETED+ever COMPLETED+settled COMPLETED+ever+settled  reschedule  completed
COMPLETED COMPLETED+ever COMPLETED+settled COMPLETED+ever+settled  rezone      completed
COMPLETED COMPLETED+ever COMPLETED+settled COMPLETED+ever+settled  distribute  completed
COMPLETED COMPLETED+ever COMPLETED+settled COMPLETED+ever+settled  start       completed
COMPLETED COMPLETED+ever COMPLETED+settled COMPLETED+ever+settled  pause       completed
COMPLETED COMPLETED+ever COMPLETED+settled COMPLETED+ever+settled  resume      completed
COMPLETED COMPLETED+ever COMPLETED+settled COMPLETED+ever+settled  end         completed
COMPLETED COMPLETED+ever                                           settle      COMPLETED
COMPLETED+settled COMPLETED+ever+settled                           settle      completed
COMPLETED COMPLETED+ever COMPLETED+settled COMPLETED+ever+settled  cancel      completed

CANCELLED CANCELLED+ever CANCELLED+settled CANCELLED+ever+settled  schedule    cancelled
CANCELLED CANCELLED+ever CANCELLED+settled CANCELLED+ever+settled  reschedule  cancelled
CANCELLED CANCELLED+ever CANCELLED+settled CANCELLED+ever+settled  rezone      cancelled
CANCELLED CANCELLED+ever CANCELLED+settled CANCELLED+ever+settled  distribute  cancelled
CANCELLED CANCELLED+ever CANCELLED+settled CANCELLED+ever+settled  start       cancelled
CANCELLED CANCELLED+ever CANCELLED+settled CANCELLED+ever+settled  pause       cancelled
CANCELLED CANCELLED+ever CANCELLED+settled CANCELLED+ever+settled  resume      cancelled
CANCELLED CANCELLED+ever CANCELLED+settled CANCELLED+ever+settled  end         cancelled
CANCELLED CANCELLED+ever                                           settle      CANCELLED
CANCELLED+settled CANCELLED+ever+settled                           settle      cancelled
CANCELLED CANCELLED+ever CANCELLED+settled CANCELLED+ever+settled  cancel      cancelled
`

var (
	transitions = []campaign.Transition{
		campaign.Schedule, campaign.Reschedule, campaign.Rezone, campaign.Distribute, campaign.Start, campaign.Pause,
		campaign.Resume, campaign.End, campaign.Settle, campaign.Cancel,
	}
	statuses = []campaign.Status{
		campaign.None, campaign.Scheduled, campaign.Active, campaign.Paused, campaign.Completed, campaign.Cancelled,
	}
)

const startsAt, endsAt instant.Instant = 1000, 2000

// moments are the six columns.
var moments = []instant.Instant{startsAt - 1, startsAt, startsAt + 500, endsAt - 1, endsAt, endsAt + 1}

// states returns a row for each state, by its name in the table.
func states() map[string]campaign.Row {
	rows := map[string]campaign.Row{"none": {}}
	for _, status := range statuses[1:] {
		for _, ever := range []string{"", "+ever"} {
			for _, settled := range []string{"", "+settled"} {
				final := status == campaign.Completed || status == campaign.Cancelled
				if settled != "" && !final {
					continue
				}
				rows[string(status)+ever+settled] = campaign.Row{
					Status: status, Revision: 5, Sequence: 7, EverActive: ever != "", Settled: settled != "",
					StartsAt: startsAt, EndsAt: endsAt, Campaign: []byte(`{"name":"as it was"}`),
				}
			}
		}
	}
	return rows
}

// TestEveryPair decides every state and transition at every moment.
func TestEveryPair(t *testing.T) {
	rows, seen := states(), map[string]bool{}
	for line := range strings.Lines(byHand) {
		names, transition, outcomes := parseLine(t, line)
		for _, name := range names {
			row, known := rows[name]
			pair := name + " " + string(transition)
			if !known || seen[pair] {
				t.Fatalf("%s: known state %v, listed before %v", pair, known, seen[pair])
			}
			seen[pair] = true
			for i, now := range moments {
				checkPair(t, row, transition, now, outcomes[i])
			}
		}
	}
	if want := len(rows) * len(transitions); len(seen) != want {
		t.Errorf("%d pairs are listed; want %d", len(seen), want)
	}
}

func parseLine(t *testing.T, line string) (names []string, transition campaign.Transition, outcomes []string) {
	t.Helper()
	fields := strings.Fields(line)
	at := slices.IndexFunc(fields, func(f string) bool { return slices.Contains(transitions, campaign.Transition(f)) })
	if len(fields) == 0 {
		return nil, "", nil
	}
	if at < 1 || len(fields)-at-1 != 1 && len(fields)-at-1 != len(moments) {
		t.Fatalf("unreadable line %q", line)
	}
	outcomes = fields[at+1:]
	if len(outcomes) == 1 {
		outcomes = slices.Repeat(outcomes, len(moments))
	}
	return fields[:at], campaign.Transition(fields[at]), outcomes
}

func checkPair(t *testing.T, row campaign.Row, transition campaign.Transition, now instant.Instant, outcome string) {
	t.Helper()
	due := campaign.Due{Transition: transition, Revision: 5, DecidedAt: now}
	want := campaign.Decision{From: row.Status, Row: row}
	want.Row.Revision = 5
	if slices.Contains(statuses, campaign.Status(outcome)) {
		want.Applied, want.To = true, campaign.Status(outcome)
		want.Row.Status = want.To
		want.Row.Sequence++
		want.Sequence = want.Row.Sequence
		want.FirstActive = want.To == campaign.Active && !row.EverActive
		want.Row.EverActive = row.EverActive || want.FirstActive
		want.Row.Settled = row.Settled || transition == campaign.Settle
	} else {
		want.Reason = campaign.Reason(outcome)
	}
	if transition == campaign.Schedule || transition == campaign.Reschedule || transition == campaign.Rezone {
		due.StartsAt, due.EndsAt = startsAt+10, endsAt+10
		if want.Applied {
			want.Redefined, want.StartFixed = true, want.Row.EverActive
			want.Row.EndsAt = endsAt + 10
			if !want.StartFixed {
				want.Row.StartsAt = startsAt + 10
			}
		}
	}
	if diff := cmp.Diff(want, campaign.Apply(row, due)); diff != "" {
		t.Errorf("%s at %d on %+v (-want +got):\n%s", transition, now, row, diff)
	}
}

// TestSuperseded: an older revision is superseded in every state, and nothing changes.
func TestSuperseded(t *testing.T) {
	for name, row := range states() {
		row.Revision = 5
		for _, transition := range append(transitions, "unheard-of") {
			due := campaign.Due{Transition: transition, Revision: 4, DecidedAt: startsAt, StartsAt: 1, EndsAt: 2}
			want := campaign.Decision{From: row.Status, Reason: campaign.Superseded, Row: row}
			if diff := cmp.Diff(want, campaign.Apply(row, due)); diff != "" {
				t.Errorf("%s on %s (-want +got):\n%s", transition, name, diff)
			}
		}
	}
}

// TestAnUnknownTransitionIsRejected, whoever wrote it.
func TestAnUnknownTransitionIsRejected(t *testing.T) {
	for name, row := range states() {
		want := campaign.Superseded
		switch row.Status {
		case campaign.Completed:
			want = campaign.IsCompleted
		case campaign.Cancelled:
			want = campaign.IsCancelled
		}
		for _, transition := range []campaign.Transition{"", "unheard-of", "START"} {
			d := campaign.Apply(row, campaign.Due{Transition: transition, Revision: 6, DecidedAt: startsAt})
			if d.Applied || d.Reason != want || d.Row.Status != row.Status || d.Row.Revision != 6 {
				t.Errorf("%q on %s: %+v; want %s", transition, name, d, want)
			}
		}
	}
}

// TestRowsAreNotShared: a decision leaves the row that it was made for alone.
func TestRowsAreNotShared(t *testing.T) {
	row := states()["ACTIVE+ever"]
	before := fmt.Sprintf("%+v", row)
	d := campaign.Apply(row, campaign.Due{Transition: campaign.Reschedule, Revision: 9, StartsAt: 1, EndsAt: 2})
	d.Row.Campaign = append(d.Row.Campaign[:0:0], "other"...)
	if after := fmt.Sprintf("%+v", row); after != before {
		t.Errorf("the row passed in changed to %s; was %s", after, before)
	}
}
