//go:build kafka

package pgstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// What the tables refuse by themselves, to everybody: the owner of the server included.
func TestTablesRefuse(t *testing.T) {
	d := startDatabases(t, fast)
	address, drop := d.fresh(t)
	t.Cleanup(drop)
	s := open(t, address)
	open := spring()
	open.id = "c-open" // holds 500.00, not settled
	b := spring().batch()
	b.Transitions = append(b.Transitions, open.transitions()[:2]...)
	b.Releases = append(b.Releases, open.release())
	write(t, s, b)
	before := dump(t, address, true)
	const set = `INSERT INTO campaign_engine.entry_sets (set_key, campaign_id, kind, sequence, lines) VALUES `
	const entries = `INSERT INTO campaign_engine.entries (set_key, line, account, currency, amount) VALUES `
	const hold9 = set + `('c-open/hold/9', 'c-open', 'hold', 9, 2); `
	const checkViolation, foreignKey, unique, denied = "23514", "23503", "23505", "42501"
	for _, c := range []struct{ name, sql, state string }{
		{"a set that does not sum to zero", hold9 + entries + `('c-open/hold/9', 1, 'hold/c-open', 'USD', 2), ('c-open/hold/9', 2, 'funding/USD', 'USD', -1)`, checkViolation},
		{"a set without its other half", hold9 + entries + `('c-open/hold/9', 1, 'hold/c-open', 'USD', 2)`, checkViolation},
		{"another currency", hold9 + entries + `('c-open/hold/9', 1, 'hold/c-open', 'EUR', 1), ('c-open/hold/9', 2, 'funding/USD', 'EUR', -1)`, foreignKey},
		{"currencies mixed", hold9 + entries + `('c-open/hold/9', 1, 'hold/c-open', 'USD', 1), ('c-open/hold/9', 2, 'funding/USD', 'EUR', -1)`, checkViolation},
		{"an account that is not there", hold9 + entries + `('c-open/hold/9', 1, 'hold/c-none', 'USD', 1), ('c-open/hold/9', 2, 'funding/USD', 'USD', -1)`, foreignKey},
		{"a set that is not there", entries + `('c-open/hold/8', 1, 'hold/c-open', 'USD', 1), ('c-open/hold/8', 2, 'funding/USD', 'USD', -1)`, foreignKey},
		{"fewer lines than announced", set + `('c-open/hold/9', 'c-open', 'hold', 9, 3); ` + entries + `('c-open/hold/9', 1, 'hold/c-open', 'USD', 1), ('c-open/hold/9', 2, 'funding/USD', 'USD', -1)`, foreignKey},
		{"an addition to a set", entries + `('c-1/hold/1', 3, 'hold/c-open', 'USD', 1), ('c-1/hold/1', 4, 'funding/USD', 'USD', -1)`, foreignKey},
		{"a set twice", set + `('c-1/release', 'c-1', 'release', NULL, 2)`, unique},
		{"a key that says something else", set + `('c-1/hold/7', 'c-1', 'hold', 8, 2)`, checkViolation},
		{"a hold below zero", hold9 + entries + `('c-open/hold/9', 1, 'hold/c-open', 'USD', -501), ('c-open/hold/9', 2, 'funding/USD', 'USD', 501)`, checkViolation},
		{"a wallet below zero", hold9 + entries + `('c-open/hold/9', 1, 'wallet/a-1/USD', 'USD', -400), ('c-open/hold/9', 2, 'funding/USD', 'USD', 400)`, checkViolation},
		{"a hold after its release", set + `('c-1/hold/9', 'c-1', 'hold', 9, 2); ` + entries + `('c-1/hold/9', 1, 'hold/c-1', 'USD', 1), ('c-1/hold/9', 2, 'funding/USD', 'USD', -1)`, checkViolation},
		{"a release that leaves something", set + `('c-open/release', 'c-open', 'release', NULL, 2); ` + entries + `('c-open/release', 1, 'hold/c-open', 'USD', -499), ('c-open/release', 2, 'wallet/a-1/USD', 'USD', 499)`, checkViolation},
		{"an account with money", `INSERT INTO campaign_engine.accounts (account, kind, owner, currency, balance) VALUES ('wallet/a-9/USD', 'wallet', 'a-9', 'USD', 5)`, checkViolation},
		{"a balance by hand", `UPDATE campaign_engine.accounts SET balance = 5 WHERE account = 'wallet/a-1/USD'`, denied},
		{"an account away", `DELETE FROM campaign_engine.accounts`, denied},
		{"accounts emptied", `TRUNCATE campaign_engine.accounts`, denied},
		{"an entry changed", `UPDATE campaign_engine.entries SET amount = 1`, denied},
		{"an entry away", `DELETE FROM campaign_engine.entries WHERE false`, denied},
		{"entries emptied", `TRUNCATE campaign_engine.entries`, denied},
		{"a set changed", `UPDATE campaign_engine.entry_sets SET booked_at = now()`, denied},
		{"a statement changed", `UPDATE campaign_engine.statements SET spent = 1`, denied},
		{"a release away", `DELETE FROM campaign_engine.releases`, denied},
		{"history changed", `UPDATE campaign_engine.campaign_transitions SET budget = 1`, denied},
		{"an entry changed by a replica", `SET LOCAL session_replication_role = replica; UPDATE campaign_engine.entries SET amount = 1`, denied},
		{"as the program: an entry changed", `SET LOCAL ROLE campaign_engine_app; UPDATE campaign_engine.entries SET amount = 1`, denied},
		{"as the program: a trigger away", `SET LOCAL ROLE campaign_engine_app; ALTER TABLE campaign_engine.entries DISABLE TRIGGER ALL`, denied},
		{"as the program: a balance", `SET LOCAL ROLE campaign_engine_app; UPDATE campaign_engine.accounts SET balance = 1`, denied},
		{"as the program: a campaign away", `SET LOCAL ROLE campaign_engine_app; DELETE FROM campaign_engine.campaigns`, denied},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := connect(t, address).PgConn().Exec(context.Background(), "BEGIN; "+c.sql+"; COMMIT").ReadAll()
			var refused *pgconn.PgError
			if !errors.As(err, &refused) || refused.Code != c.state {
				t.Errorf("got %v, want SQLSTATE %s", err, c.state)
			}
		})
	}
	mustSame(t, dump(t, address, true), before, "refused")
}

func TestRoles(t *testing.T) {
	d := startDatabases(t, fast)
	ctx := context.Background()
	role := func(t *testing.T, address string) string {
		t.Helper()
		s := open(t, address)
		if result := write(t, s, spring().batch()); result.Booked != 1 && result.Repeated == 0 {
			t.Errorf("result: %+v", result)
		}
		mustAudit(t, s)
		name, err := s.Role(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	t.Run("the server's owner steps down", func(t *testing.T) {
		if name := role(t, d.server.URL("owner", "migrated")); name != "campaign_engine_app" {
			t.Errorf("role %s", name)
		}
	})
	t.Run("a login that may make no roles", func(t *testing.T) {
		exec(t, d.admin, "CREATE ROLE plain LOGIN")
		exec(t, d.admin, "CREATE DATABASE plain OWNER plain")
		if name := role(t, d.server.URL("plain", "plain")); name != "plain" {
			t.Errorf("role %s", name)
		}
	})
	t.Run("a login with the program's rights alone", func(t *testing.T) {
		exec(t, d.admin, "CREATE ROLE program LOGIN IN ROLE campaign_engine_app")
		if name := role(t, d.server.URL("program", "migrated")); name != "campaign_engine_app" {
			t.Errorf("role %s", name)
		}
	})
	t.Run("a login without rights is told so", func(t *testing.T) {
		exec(t, d.admin, "CREATE ROLE stranger LOGIN")
		_, err := pgstore.Open(ctx, pgstore.Options{URL: d.server.URL("stranger", "migrated")})
		var refused *pgstore.Error
		if !errors.As(err, &refused) || refused.Retryable {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a right is taken away", func(t *testing.T) { rightIsTakenAway(t, d) })
	t.Run("a newer schema is not touched", func(t *testing.T) { newerSchemaIsNotTouched(t, d) })
	t.Run("several programs migrate at once", func(t *testing.T) { migrateAtOnce(t, d) })
}

// rightIsTakenAway takes rights from a store that works, and gives them back.
func rightIsTakenAway(t *testing.T, d *databases) {
	t.Helper()
	address, drop := d.fresh(t)
	t.Cleanup(drop)
	s, owner := open(t, address), connect(t, address)
	other := spring()
	other.id = "c-2"
	b := other.batch()
	b.Positions = []pgstore.Advance{{Partition: pgstore.Partition{Topic: "t"}, From: pgstore.Unread, Next: 1}}
	for _, c := range []struct{ takes, gives, says string }{
		{
			"REVOKE INSERT ON campaign_engine.releases, campaign_engine.entries FROM campaign_engine_app",
			"GRANT INSERT ON campaign_engine.releases, campaign_engine.entries TO campaign_engine_app",
			`the role campaign_engine_app lacks INSERT on campaign_engine.releases, INSERT on campaign_engine.entries: as the owner of ` +
				`the schema, run GRANT INSERT ON campaign_engine.releases TO "campaign_engine_app"; GRANT`,
		},
		{
			"REVOKE DELETE ON campaign_engine.pending_releases FROM campaign_engine_app; REVOKE UPDATE ON campaign_engine.campaigns, " +
				"campaign_engine.source_positions FROM campaign_engine_app",
			"GRANT DELETE ON campaign_engine.pending_releases TO campaign_engine_app; GRANT UPDATE ON campaign_engine.campaigns, " +
				"campaign_engine.source_positions TO campaign_engine_app",
			"lacks UPDATE on campaign_engine.campaigns, DELETE on campaign_engine.pending_releases, UPDATE on campaign_engine.source_positions:",
		},
		{
			"REVOKE USAGE ON SCHEMA campaign_engine FROM campaign_engine_app", "GRANT USAGE ON SCHEMA campaign_engine TO campaign_engine_app",
			"lacks USAGE on the schema campaign_engine:",
		},
	} {
		exec(t, owner, c.takes)
		_, writing := s.Write(t.Context(), b)
		_, opening := pgstore.Open(t.Context(), pgstore.Options{URL: address})
		for _, err := range []error{writing, opening} {
			if err == nil || !strings.Contains(err.Error(), c.says) || pgstore.Retryable(err) {
				t.Errorf("%s: got %v", c.takes, err)
			}
		}
		exec(t, owner, c.gives)
	}
	if result := write(t, s, b); result.Booked != 1 {
		t.Errorf("with all rights again: %+v", result)
	}
}

// newerSchemaIsNotTouched opens a schema of a version that is yet to come.
func newerSchemaIsNotTouched(t *testing.T, d *databases) {
	t.Helper()
	address, drop := d.fresh(t)
	t.Cleanup(drop)
	exec(t, connect(t, address), "INSERT INTO campaign_engine.goose_db_version (version_id, is_applied) VALUES (99999, true)")
	_, err := pgstore.Open(t.Context(), pgstore.Options{URL: address})
	var refused *pgstore.Error
	if !errors.As(err, &refused) || refused.Retryable {
		t.Errorf("got %v", err)
	}
}

// migrateAtOnce lets programs make one schema together.
func migrateAtOnce(t *testing.T, d *databases) {
	t.Helper()
	exec(t, d.admin, "CREATE DATABASE together")
	errs := make(chan error)
	for range 4 {
		go func() {
			s, err := pgstore.Open(t.Context(), pgstore.Options{URL: d.server.URL("owner", "together")})
			if err == nil {
				s.Close()
			}
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
