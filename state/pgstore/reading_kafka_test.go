//go:build kafka

package pgstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

func TestOpenForReading(t *testing.T) {
	d := startDatabases(t, "fsync=off")
	admin := d.admin
	read := func(login, database string) (*pgstore.Tables, error) {
		store, err := pgstore.OpenForReading(t.Context(), pgstore.Options{URL: d.server.URL(login, database)})
		if store != nil {
			t.Cleanup(store.Close)
		}
		return store, err
	}
	refused := func(login, database, says string) {
		t.Helper()
		_, err := read(login, database)
		var known *pgstore.Error
		if !errors.As(err, &known) || known.Retryable || !strings.Contains(err.Error(), says) {
			t.Errorf("%s as %s: %v, want %q", database, login, err, says)
		}
	}

	exec(t, admin, "CREATE DATABASE empty")
	refused("owner", "empty", "the schema campaign_engine is missing: campaignd makes it when its projections run with this database")
	var schemas int
	if err := connect(t, d.server.URL("owner", "empty")).QueryRow(t.Context(),
		"SELECT count(*) FROM pg_namespace WHERE nspname = 'campaign_engine'").Scan(&schemas); err != nil || schemas != 0 {
		t.Errorf("%d schemas were made, %v", schemas, err)
	}
	for name, change := range map[string]string{
		"older": "DELETE FROM campaign_engine.goose_db_version WHERE version_id = (SELECT max(version_id) FROM campaign_engine.goose_db_version)",
		"newer": "INSERT INTO campaign_engine.goose_db_version (version_id, is_applied) VALUES (99999, true)",
	} {
		exec(t, admin, "CREATE DATABASE "+name+" TEMPLATE migrated")
		exec(t, connect(t, d.server.URL("owner", name)), change)
		refused("owner", name, "the schema campaign_engine is of another version than this program")
	}

	url, _ := d.fresh(t)
	database := url[strings.LastIndex(url, "/")+1 : strings.Index(url, "?")]
	exec(t, admin, "CREATE ROLE stranger LOGIN")
	refused("stranger", database, "the login lacks a right")
	exec(t, admin, "CREATE ROLE analyst LOGIN")
	exec(t, connect(t, url), "GRANT USAGE ON SCHEMA campaign_engine TO analyst")
	exec(t, connect(t, url), "GRANT SELECT ON ALL TABLES IN SCHEMA campaign_engine TO analyst")
	for _, login := range []string{"owner", "analyst"} {
		store, err := read(login, database)
		if err != nil {
			t.Fatalf("as %s: %v", login, err)
		}
		if _, err := store.Audit(t.Context()); err != nil {
			t.Errorf("as %s: %v", login, err)
		}
	}
}

// TestSnapshot: what is written meanwhile is not in it.
func TestSnapshot(t *testing.T) {
	d := startDatabases(t, "fsync=off")
	url, _ := d.fresh(t)
	writer := open(t, url)
	put := func(id string) {
		s := story{id: id, advertiser: "a-1", currency: "EUR", budgets: []string{"10.00", "12.00"}, spent: "2.50", released: "9.50"}
		write(t, writer, pgstore.Batch{Transitions: s.transitions(), Releases: []pgstore.Release{s.release()}, Statements: s.statements(),
			Positions: []pgstore.Advance{{Partition: pgstore.Partition{Topic: "x", Partition: int32(id[2])}, From: pgstore.Unread, Next: 7}}})
	}
	put("c-1")
	reader, err := pgstore.OpenForReading(t.Context(), pgstore.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	see := func(r *pgstore.Reader) string {
		var seen strings.Builder
		for h, err := range r.Holds(t.Context()) {
			fmt.Fprint(&seen, h.CampaignID, " ", h.AdvertiserID, " ", h.Balance.Text('f'), " ", err, "; ")
		}
		for b, err := range r.Wallets(t.Context()) {
			fmt.Fprint(&seen, b.Account, " ", b.Amount.Text('f'), " ", err, "; ")
		}
		releases, count, err := r.WalletReleases(t.Context(), "a-1", 1)
		fmt.Fprint(&seen, len(releases), " of ", count, " ", err, "; ")
		positions, err := r.Positions(t.Context(), "x")
		fmt.Fprint(&seen, len(positions), " positions ", err)
		return seen.String()
	}
	const first = "c-1 a-1 0.00 <nil>; wallet/a-1/EUR 9.50 <nil>; 1 of 1 <nil>; 1 positions <nil>"
	err = reader.Snapshot(t.Context(), func(r *pgstore.Reader) error {
		put("c-2")
		if got := see(r); got != first {
			t.Errorf("in the snapshot:\n%s\nwant\n%s", got, first)
		}
		return errStopped
	})
	if !errors.Is(err, errStopped) {
		t.Errorf("%v", err)
	}
	const after = "c-1 a-1 0.00 <nil>; c-2 a-1 0.00 <nil>; wallet/a-1/EUR 19.00 <nil>; 1 of 2 <nil>; 2 positions <nil>"
	if got := see(&reader.Reader); got != after {
		t.Errorf("after it:\n%s\nwant\n%s", got, after)
	}
	holds, count, err := reader.WalletHolds(t.Context(), "a-1", 5)
	if err != nil || count != 0 || len(holds) != 0 {
		t.Errorf("released campaigns hold %v, %d, %v", holds, count, err)
	}
}

// TestWalletReleases stand in the order of their locks, in tables that were filled later and otherwise, too.
func TestWalletReleases(t *testing.T) {
	d := startDatabases(t, "fsync=off")
	url, _ := d.fresh(t)
	store := open(t, url)
	for _, s := range []story{ // each change of a budget makes the lock a second later
		{id: "c-1", advertiser: "a-1", currency: "EUR", budgets: []string{"10.00", "11.00"}, spent: "2.50", released: "8.50"},
		{id: "c-2", advertiser: "a-1", currency: "EUR", budgets: []string{"10.00", "11.00", "12.00"}, spent: "2.50", released: "9.50"},
		{id: "c-3", advertiser: "a-1", currency: "EUR", budgets: []string{"10.00"}, spent: "2.50", released: "7.50"},
	} {
		write(t, store, pgstore.Batch{Transitions: s.transitions(), Releases: []pgstore.Release{s.release()}})
	}
	releases, count, err := store.WalletReleases(t.Context(), "a-1", 2)
	if err != nil || count != 3 || len(releases) != 2 {
		t.Fatalf("%v of %d, %v", releases, count, err)
	}
	if first, second := releases[0], releases[1]; first.CampaignID != "c-2" || second.CampaignID != "c-1" ||
		first.LockedAt != second.LockedAt+1000 {
		t.Errorf("%+v", releases)
	}
}

var errStopped = errors.New("stopped")
