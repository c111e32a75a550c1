//go:build kafka || bench

package pgstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/state/pgstore/pgtest"
)

// databases makes empty databases that have the schema already.
type databases struct {
	server *pgtest.Server
	admin  *pgx.Conn
	count  atomic.Int64
}

func startDatabases(t testing.TB, settings ...string) *databases {
	t.Helper()
	d := &databases{server: pgtest.Start(t, settings...)}
	d.admin = connect(t, d.server.URL("owner", "postgres"))
	exec(t, d.admin, "CREATE DATABASE migrated")
	store, err := pgstore.Open(context.Background(), pgstore.Options{URL: d.server.URL("owner", "migrated")})
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	return d
}

// fail is what testing.TB and rapid.T have in common.
type fail interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// fresh returns the URL of an empty database, and a function that drops it.
func (d *databases) fresh(t fail) (address string, drop func()) {
	t.Helper()
	name := fmt.Sprintf("test%d", d.count.Add(1))
	exec(t, d.admin, "CREATE DATABASE "+name+" TEMPLATE migrated")
	return d.server.URL("owner", name), func() { exec(t, d.admin, "DROP DATABASE "+name+" WITH (FORCE)") }
}

func connect(t testing.TB, address string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func exec(t fail, c *pgx.Conn, sql string, arguments ...any) {
	t.Helper()
	if _, err := c.Exec(context.Background(), sql, arguments...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func open(t testing.TB, address string) *pgstore.Store {
	return openWith(t, pgstore.Options{URL: address})
}

func openWith(t testing.TB, options pgstore.Options) *pgstore.Store {
	t.Helper()
	store, err := pgstore.Open(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

func write(t fail, s *pgstore.Store, b pgstore.Batch) pgstore.Result {
	t.Helper()
	result, err := s.Write(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

var tables = []string{
	"source_positions", "campaign_transitions", "campaigns", "releases", "pending_releases", "statements", "accounts", "entry_sets", "entries",
}

// dump returns all rows of all tables, sorted. Without times, it leaves out when the rows were written.
func dump(t fail, address string, times bool) string {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	var text strings.Builder
	for _, table := range tables {
		row := "to_jsonb(x)"
		if !times {
			row = "to_jsonb(x) - 'updated_at' - 'booked_at'"
		}
		rows, err := c.Query(ctx, "SELECT ("+row+")::text FROM campaign_engine."+table+" x ORDER BY 1")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s %d\n%s\n", table, len(lines), strings.Join(lines, "\n"))
	}
	return text.String()
}

func mustSame(t fail, got, want, what string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "", ""
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Fatalf("%s: line %d\n got %s\nwant %s", what, i, a, b)
		}
	}
}

func mustAudit(t fail, s *pgstore.Store) {
	t.Helper()
	breaks, err := s.Audit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(breaks) > 0 {
		text, _ := json.MarshalIndent(breaks, "", " ")
		t.Fatalf("the ledger contradicts itself: %s", text)
	}
}
