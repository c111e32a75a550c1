//go:build kafka

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/wallet"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/sink"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/state/pgstore/pgtest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// project writes what is in the topics of a cluster into the tables, as the engine does.
func project(t *testing.T, k *kfake.Cluster, url string, names ...topics.Name) {
	t.Helper()
	store, err := pgstore.Open(t.Context(), pgstore.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	keeper := processors.NewProjections(store, nil)
	reader := client(t, k, readerOptions()...)
	for _, name := range names {
		wanted, err := stretches(t.Context(), reader, name, func(int32) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		var records []*kgo.Record
		if err := read(t.Context(), reader, wanted, func(r *kgo.Record) { records = append(records, r) }); err != nil {
			t.Fatal(err)
		}
		present, err := keeper.Positions(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var moves []sink.Move
		for _, s := range wanted {
			p := sink.Partition{Topic: string(s.topic), Partition: s.partition}
			from, known := present[p]
			if !known {
				from = pgstore.Unread
			}
			moves = append(moves, sink.Move{Partition: p, From: from, Next: s.end})
		}
		if err := keeper.Prepare(records)(t.Context(), moves); err != nil {
			t.Fatal(err)
		}
	}
}

// settledOne puts a whole campaign there: scheduled, started, ended, settled, its statements and its release.
func settledOne(t *testing.T, k *kfake.Cluster, id string) {
	t.Helper()
	running(t, k, id)
	locked(t, k, id)
	start := startOf(t)
	placed, err := topics.EncodePlaced(schemas.Placed{CampaignID: id, Revision: 1, AdvertiserID: "a-1", TimeZone: "America/New_York",
		StartsAt: start.ScheduledFor, EndsAt: 1796706000000, Budget: schemas.Money{Amount: "500.00", Currency: "USD"}, CPM: "2.50"})
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range []schemas.Applied{
		{Due: schemas.Due{Transition: schemas.End}, From: schemas.Active, To: schemas.Completed},
		{Due: schemas.Due{Transition: schemas.Settle}, From: schemas.Completed, To: schemas.Completed},
	} {
		a.CampaignID, a.TransitionID, a.Revision = id, id+"/1/"+string(a.Transition), 1
		a.Sequence, a.Campaign = int64(i)+3, placed
		put(t, k, record(topics.TransitionsApplied, id, encoded(t, schemas.TransitionApplied, a)))
	}
}

func TestTables(t *testing.T) {
	server := pgtest.Start(t, "fsync=off")
	url := server.URL("owner", "postgres")
	k := cluster(t)
	t.Setenv("CAMPAIGN_DATABASE_URL", url)
	withoutBroker := func(args ...string) result { return runWith(t.Context(), nil, strings.NewReader(""), args...) }
	withoutBroker("wallet", "a-1").check(t, exitFailed, "the schema campaign_engine is missing: campaignd makes it")

	settledOne(t, k, "c-1")
	running(t, k, "c-2")
	project(t, k, url, topics.TransitionsApplied)
	got := run(t, k, "", "reconcile")
	got.check(t, exitClean, "Not yet  transitions 0, releases 1, statements 2: behind what has been projected\n")
	got.check(t, exitClean, "Breaks   none\n")
	project(t, k, url, topics.BudgetReleased, topics.CampaignStatements)
	got = run(t, k, "", "reconcile")
	got.check(t, exitClean, "Topics  campaigns 2, transitions 6, releases 1, statements 2, wallets 1\n"+
		"Ledger  campaigns 2, releases 1, statements 2, wallets 1\nBreaks  none\n")

	t.Run("wallet", func(t *testing.T) {
		got := withoutBroker("wallet", "a-1")
		got.check(t, exitClean, "WALLET  BALANCE     HELD        SPENT     CAMPAIGNS\n"+
			"USD     499.37 USD  500.00 USD  0.63 USD  2\n\n")
		got.check(t, exitClean, "c-1          499.37 USD  0.63 USD  500.00 USD  1970-01-01T00:00:00.000Z\n")
		got.check(t, exitClean, "c-2       500.00 USD  ACTIVE  2026-12-08T05:00:00.000Z  Spring sale\n")
		var told wallet.Wallet
		document := withoutBroker("wallet", "a-1", "--json")
		if err := json.Unmarshal([]byte(document.out), &told); err != nil || len(told.Wallets) != 1 || told.ReleasesTotal != 1 ||
			told.Wallets[0].Balance.Amount != "499.37" || len(told.Holds) != 1 || told.Holds[0].CampaignID != "c-2" {
			t.Errorf("%v: %s", err, document.out)
		}
		withoutBroker("wallet", "a-9").check(t, exitFailed, `advertiser "a-9": the tables know no campaign of that advertiser`)
	})
	t.Run("mails", func(t *testing.T) { testMails(t, url, withoutBroker) })
	t.Run("reconcile finds a break", func(t *testing.T) {
		settledOne(t, k, "c-3")
		project(t, k, url, topics.TransitionsApplied, topics.CampaignStatements, topics.BudgetReleased)
		put(t, k, record(topics.BudgetReleased, "c-3", encoded(t, schemas.BudgetReleased, schemas.Released{
			ReleaseID: "c-3/release", CampaignID: "c-3", AdvertiserID: "a-1", Budget: schemas.Money{Amount: "500.00", Currency: "USD"},
			Spent: schemas.Money{Amount: "1.00", Currency: "USD"}, Released: schemas.Money{Amount: "499.00", Currency: "USD"}})))
		got := run(t, k, "", "reconcile")
		if got.code != exitFailed || !strings.Contains(got.errs, "campaignctl: the ledger differs from the topics; breaks: 1") ||
			!strings.Contains(got.out, "duplicate  release  c-3/release") {
			t.Errorf("exit code %d\n%s%s", got.code, got.out, got.errs)
		}
		var told struct {
			Count  int64
			Breaks []struct{ Class, Key string }
		}
		document := run(t, k, "", "reconcile", "--json")
		if err := json.Unmarshal([]byte(document.out), &told); err != nil || told.Count != 1 || told.Breaks[0].Class != "duplicate" {
			t.Errorf("%v: %s", err, document.out)
		}
		run(t, k, "", "reconcile", "--advertiser", "a-2").check(t, exitClean, "Breaks  none\n")
	})
}

// TestTablesOfNobody: without a database, and without a server in the data folder, a line says what to give.
func TestTablesOfNobody(t *testing.T) {
	for _, command := range [][]string{{"wallet", "a-1"}, {"reconcile"}} {
		k := cluster(t)
		if command[0] == "wallet" {
			k = nil
		}
		run(t, k, "", append(command, "--data-dir", t.TempDir())...).check(t, exitFailed, "no local Postgres runs there: campaignd makes one")
	}
}

// testMails reads the sent log, as a table and as JSON.
func testMails(t *testing.T, url string, withoutBroker func(args ...string) result) {
	t.Helper()
	store, err := pgstore.Open(t.Context(), pgstore.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	made := func(id, campaign string, state pgstore.MailState, at instant.Instant) pgstore.Mail {
		m := pgstore.Mail{
			ID: id, MessageID: id + "@engine.example", CampaignID: campaign, TransitionID: campaign + "/1/start", Kind: "started",
			Sender: "campaigns@engine.example", Recipient: id + "@example.com", Locale: "en", Subject: "Spring sale has started",
			NominalAt: at, State: state,
		}
		if state == pgstore.MailWaiting {
			m.Message = []byte("Subject: x\r\n\r\n")
		} else {
			m.Answer = "\x1b[31m550 no such user"
		}
		return m
	}
	if _, err := store.WriteMails(t.Context(), nil, nil, func(map[string][]byte) (pgstore.MailBatch, error) {
		return pgstore.MailBatch{Mails: []pgstore.Mail{
			made("a", "c-1", pgstore.MailWaiting, 1000), made("b", "c-2", pgstore.MailFailed, 2000),
		}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	got := withoutBroker("mails")
	got.check(t, exitClean, "1970-01-01T00:00:01.000Z              c-1       started  a@example.com  waiting  0      Spring sale has started")
	if strings.Contains(got.out, "\x1b") {
		t.Errorf("what a server says goes to the terminal as it stands: %q", got.out)
	}
	withoutBroker("mails", "--limit", "1").check(t, exitClean, "and 1 before these\n")
	if got := withoutBroker("mails", "c-1"); strings.Contains(got.out, "c-2") {
		t.Errorf("of another campaign: %s", got.out)
	}
	for _, command := range [][]string{{"mails", "c-9"}, {"mails", "c-9", "--json"}, {"mails", "c-9", "--state", "sent"}} {
		withoutBroker(command...).check(t, exitFailed, `campaign "c-9": the tables know no such campaign, and no mail about it`)
	}
	if got := withoutBroker("mails", "c-1", "--state", "sent"); got.code != exitClean || got.out != "" || got.errs != "no such mails\n" {
		t.Errorf("exit code %d; no mails are shown as %q, %q", got.code, got.out, got.errs)
	}
	var told loggedMail
	document := withoutBroker("mails", "--state", "failed", "--json")
	if err := json.Unmarshal([]byte(document.out), &told); err != nil || told.Recipient != "b@example.com" || told.State != "failed" ||
		told.EndedAt == nil {
		t.Errorf("%v: %s", err, document.out)
	}
}
