//go:build kafka

package pgstore

import (
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/pgstore/pgtest"
)

// TestReadingSessionsRefuseToWrite: even as the owner of the tables, and even what has no trigger of its own.
func TestReadingSessionsRefuseToWrite(t *testing.T) {
	url := pgtest.Start(t, "fsync=off").URL("owner", "postgres")
	store, err := Open(t.Context(), Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	tables, err := OpenForReading(t.Context(), Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	for _, sql := range []string{
		"DELETE FROM campaign_engine.source_positions", "RESET ROLE; CREATE TABLE x (n int)",
	} {
		if _, err := tables.pool.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "read-only transaction") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
