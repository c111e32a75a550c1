//go:build kafka

package pgstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// TestLongMigration: one statement of the migrations takes longer than any call may.
func TestLongMigration(t *testing.T) {
	d := startDatabases(t, fast)
	exec(t, d.admin, "CREATE DATABASE slow")
	address := d.server.URL("owner", "slow")
	c := connect(t, address)
	exec(t, c, `CREATE FUNCTION rest() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); END $$`)
	exec(t, c, `CREATE EVENT TRIGGER rest ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION rest()`)
	store, err := pgstore.Open(context.Background(), pgstore.Options{URL: address, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
}
