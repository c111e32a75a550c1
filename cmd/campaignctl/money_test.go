package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/money"
	"github.com/rmn-arms/campaign-engine/topics"
)

// running puts the transitions of a campaign there that was scheduled and has started on 2026-12-01T05:00Z.
func running(t *testing.T, k *kfake.Cluster, id string) {
	t.Helper()
	start := startOf(t)
	placed, err := topics.EncodePlaced(schemas.Placed{CampaignID: id, Revision: 1, AdvertiserID: "a-1", Name: "Spring sale",
		TimeZone: "America/New_York", StartsAt: start.ScheduledFor, EndsAt: 1796706000000,
		Budget: schemas.Money{Amount: "500.00", Currency: "USD"}, CPM: "2.50"})
	if err != nil {
		t.Fatal(err)
	}
	schedule := start
	schedule.Transition = schemas.Schedule
	schedule.DecidedAt -= 86_400_000
	schedule.ScheduledFor = schedule.DecidedAt
	schedule.LatenessMs = 0
	for sequence, a := range []schemas.Applied{{Due: schedule, To: schemas.Scheduled}, {Due: start, From: schemas.Scheduled, To: schemas.Active}} {
		a.CampaignID, a.TransitionID = id, fmt.Sprintf("%s/1/%s", id, a.Transition)
		a.AppliedAt, a.Sequence, a.Campaign = a.DecidedAt, int64(sequence)+1, placed
		put(t, k, record(topics.TransitionsApplied, id, encoded(t, schemas.TransitionApplied, a)))
	}
}

// play is a record of a play that started so many minutes after the campaign's start.
func play(t *testing.T, campaignID, playID, storeID string, minutes int64, impressions string) *kgo.Record {
	t.Helper()
	at := startOf(t).ScheduledFor + schemas.Instant(minutes*60_000)
	value := fmt.Appendf(nil, `{"specversion":"1.0","id":%q,"source":"test","type":"play.reported","subject":%q,"data":{"play_id":%q,"campaign_id":%q,`+
		`"creative_id":"cr-1","device_id":"d-1","store_id":%q,"started_at":%q,"ended_at":%q,"impressions":%q}}`,
		playID, campaignID, playID, campaignID, storeID, at, at+15_000, impressions)
	r := record(topics.Plays, campaignID, value)
	r.Timestamp = (at + 20_000).Time()
	return r
}

// played puts some plays of a running campaign there, in a partition of another partitioner's choice.
func played(t *testing.T, k *kfake.Cluster, id string) {
	t.Helper()
	plays := []*kgo.Record{
		play(t, id, "p-0", "s-1", -5, "7"), // before the start
		play(t, id, "p-1", "s-1", 5, "100"), play(t, id, "p-2", "s-2", 6, "150.5"), play(t, id, "p-1", "s-1", 5, "100"),
		play(t, id, "p-3", "s-1", 7, "-1"),
		play(t, id, "p-4", "s-2", 8, "9"),
	}
	plays[len(plays)-1].Value = []byte("no play")
	for _, p := range plays {
		p.Partition = (p.Partition + 1) % testPartitions
	}
	put(t, k, append(plays, play(t, "c-2", "p-9", "s-1", 5, "1000000"))...)
}

// locked puts the two versions of a statement, and the release, of a campaign there.
func locked(t *testing.T, k *kfake.Cluster, id string) {
	t.Helper()
	dollars := func(amount string) schemas.Money { return schemas.Money{Amount: amount, Currency: "USD"} }
	at := startOf(t).ScheduledFor
	final := schemas.Statement{StatementID: id + "/1", Version: 1, CampaignID: id, AdvertiserID: "a-1", Revision: 1, Status: schemas.Completed,
		LockedAt: at, Plays: 2, Impressions: "250.5", Budget: dollars("500.00"), Cost: "0.62625", Spent: dollars("0.63"), Released: dollars("499.37"),
		Window: schemas.Window{StartsAt: at, EndsAt: at + 1}, ByStore: []schemas.StoreLine{}, ByCreative: []schemas.CreativeLine{},
		NotCounted: map[schemas.Verdict]int64{schemas.PlayDuplicate: 1}, Inputs: map[string]schemas.Position{"plays": {Partition: 1, Offset: 9}}}
	adjusted := final
	adjusted.StatementID, adjusted.Version, adjusted.Plays, adjusted.Impressions = id+"/2", 2, 3, "300.5"
	adjusted.AdjustedAt, adjusted.Late = new(at+2), &schemas.Tally{Plays: 1, Impressions: "50"}
	adjusted.NotCounted = map[schemas.Verdict]int64{schemas.PlayDuplicate: 1, schemas.PlayAfterLock: 1}
	put(t, k, record(topics.CampaignStatements, id, encoded(t, schemas.StatementFinal, final)),
		record(topics.CampaignStatements, id, encoded(t, schemas.StatementAdjusted, adjusted)),
		record(topics.BudgetReleased, id, encoded(t, schemas.BudgetReleased, schemas.Released{ReleaseID: schemas.ReleaseID(id), CampaignID: id,
			AdvertiserID: "a-1", Budget: dollars("500.00"), Spent: dollars("0.63"), Released: dollars("499.37")})))
}

func TestProvisionalStatement(t *testing.T) {
	k := cluster(t)
	running(t, k, "c-1")
	played(t, k, "c-1")
	got := run(t, k, "", "statement", "c-1")
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	if !strings.HasPrefix(lines[0], "PROVISIONAL") || !strings.HasPrefix(lines[len(lines)-1], "PROVISIONAL") {
		t.Errorf("does not say first and last that it is provisional:\n%s", got.out)
	}
	for _, says := range []string{
		"Name         Spring sale\n", "Status       ACTIVE, revision 1\n",
		"Starts       2026-12-01T05:00:00.000Z  2026-12-01 00:00:00 -05:00 EST\n",
		"Plays        2 for 250.5 impressions\n", "Spent        0.63 USD (the cost of 0.62625, rounded",
		"Held         499.37 USD, which a lock would release now\n",
		"Not counted  1 had been reported before (duplicate)\n",
		"             1 started outside of the campaign's window (out-of-window)\n",
		"             1 cannot have been", "transitions-applied, partition 3, before offset 2\n", "plays, partition 0, before offset 5\n",
		"s-1         1      100\n", "s-2         1      150.5\n", "total of 2  2      250.5\n", "total of 1",
	} {
		got.check(t, exitClean, says)
	}
	var shown map[string]any
	document := run(t, k, "", "statement", "c-1", "--json")
	if err := json.Unmarshal([]byte(document.out), &shown); err != nil || shown["provisional"] != true || shown["locked_at"] != nil ||
		shown["statement_id"] != nil || shown["version"] != 0.0 || fmt.Sprint(shown["held"]) != "map[amount:499.37 currency:USD]" ||
		fmt.Sprint(shown["released"]) != "map[amount:0.00 currency:USD]" {
		t.Errorf("%v: %s", err, document.out)
	}
	run(t, k, "", "statement", "c-1", "--version", "1").check(t, exitFailed, "version 1: there is no such version yet: the count is not locked")
}

// TestProvisionalStatementOfAClockAhead: an engine whose clock is driven decides what is months away by its producers' clocks,
// which date their records.
func TestProvisionalStatementOfAClockAhead(t *testing.T) {
	k := cluster(t)
	running(t, k, "c-1")
	reported := play(t, "c-1", "p-1", "s-1", 5, "100")
	reported.Timestamp = reported.Timestamp.AddDate(0, -4, 0)
	put(t, k, reported)
	run(t, k, "", "statement", "c-1").check(t, exitClean, "Plays       1 for 100 impressions\n")
}

// TestProvisionalStatementOnATerminal: how far the reading is is shown beside the output, which is the same.
func TestProvisionalStatementOnATerminal(t *testing.T) {
	k := cluster(t)
	running(t, k, "c-1")
	played(t, k, "c-1")
	var out, errs bytes.Buffer
	args := []string{"statement", "c-1", "--brokers", k.ListenAddrs()[0]}
	code := realMain(t.Context(), args, console{out: &out, errs: &errs, errsIsTerminal: true, now: testNow})
	if want := run(t, k, "", "statement", "c-1").out; code != exitClean || out.String() != want || !strings.Contains(errs.String(), "reading") {
		t.Errorf("exit code %d, beside it %q:\n%s\nwant\n%s", code, errs.String(), out.String(), want)
	}
}

func TestProvisionalStatementWithoutPlays(t *testing.T) {
	k := cluster(t)
	running(t, k, "c-1")
	got := run(t, k, "", "statement", "c-1")
	got.check(t, exitClean, "Spent       0.00 USD\n")
	got.check(t, exitClean, "plays, none about this campaign\n")
}

func TestStatementIsTheNewestOrAVersion(t *testing.T) {
	k := cluster(t)
	running(t, k, "c-1")
	locked(t, k, "c-1")
	newest := run(t, k, "", "statement", "c-1")
	newest.check(t, exitClean, "Statement    version 2 of 2, adjusted 2026-12-01T05:00:00.002Z  2026-12-01 00:00:00.002 -05:00 EST\n")
	newest.check(t, exitClean, "Late         1 play of these, for 50 impressions: after the lock, and not charged\n")
	if strings.Contains(newest.out, "(after-lock)") {
		t.Errorf("the late play is told of twice:\n%s", newest.out)
	}
	newest.check(t, exitClean, "Released     499.37 USD\n")
	if strings.Contains(newest.out, "PROVISIONAL") {
		t.Errorf("a locked one is called provisional:\n%s", newest.out)
	}
	run(t, k, "", "statement", "c-1", "--version", "1").check(t, exitClean, "version 1 of 2, final\n")
	run(t, k, "", "statement", "c-1", "--version", "3").check(t, exitFailed, "version 3: there is no such version; there are 1 to 2")
	var shown struct {
		schemas.Statement
		Provisional bool
		Held        schemas.Money
	}
	document := run(t, k, "", "statement", "c-1", "--json")
	if err := json.Unmarshal([]byte(document.out), &shown); err != nil || shown.Version != 2 || shown.Provisional || shown.Held.Amount != "0.00" ||
		shown.StatementID != "c-1/2" || shown.LockedAt != startOf(t).ScheduledFor {
		t.Errorf("%v: %s", err, document.out)
	}
}

func TestStatementOfAnUnknownCampaign(t *testing.T) {
	k := cluster(t)
	played(t, k, "c-1")
	run(t, k, "", "statement", "c-1").check(t, exitFailed, `campaign "c-1": no such campaign was ever scheduled`)
}

// TestShowTellsTheMoney: the engine's account before the lock, the statement after it.
func TestShowTellsTheMoney(t *testing.T) {
	k := cluster(t)
	started(t, k)
	put(t, k, record(topics.CampaignEngineBudgetsTable, "c-1", accountRow(t)))
	run(t, k, "", "show", "c-1").check(t, exitClean, "Money        provisional: 0.00 USD spent, 500.00 USD held of 500.00 USD\n")
	locked(t, k, "c-1")
	run(t, k, "", "show", "c-1").check(t, exitClean, "Money        locked: 0.63 USD spent, 499.37 USD released of 500.00 USD\n")
	told := run(t, k, "", "timeline", "c-1")
	for _, says := range []string{"locked    2026-12-01T05:00:00.000Z", "released  1970-01-01", "499.37 USD go back to a-1", "adjusted  2026-12-01T05:00:00.002Z"} {
		told.check(t, exitClean, says)
	}
	if _, err := kadm.NewClient(client(t, k)).DeleteTopic(t.Context(), string(topics.BudgetReleased)); err != nil {
		t.Fatal(err)
	}
	run(t, k, "", "show", "c-1").check(t, exitClean, "Money        not known: budget-released cannot be read")
	var summary timeline.Summary
	document := run(t, k, "", "show", "c-1", "--json")
	if err := json.Unmarshal([]byte(document.out), &summary); err != nil || summary.Money != nil || summary.MoneyError == "" {
		t.Errorf("%v: %s", err, document.out)
	}
}

// accountRow is the row of an account of 500.00 USD that has counted nothing.
func accountRow(t *testing.T) []byte {
	t.Helper()
	parsed, err := money.ParseAmount("500.00", "USD")
	if err != nil {
		t.Fatal(err)
	}
	a := budget.Account{Known: true, AdvertiserID: "a-1", Budget: parsed, Revision: 1, Sequence: 3, Status: budget.Active}
	a.Timeline.Terms = []budget.Terms{{StartsAt: 1, EndsAt: 2}}
	return a.AppendBinary(nil)
}
