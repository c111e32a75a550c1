package pgstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// TestNoErrorTellsThePassword: errors go to the log, and to who asks why the process is not ready.
func TestNoErrorTellsThePassword(t *testing.T) {
	for _, url := range []string{
		"postgres://u:hunter2@127.0.0.1:1/db",
		"postgres://u:hunter2@127.0.0.1:1/db?sslmode=bogus",
		"postgres://u@127.0.0.1:1/db?password=hunter2",
		"postgres://u@127.0.0.1:1/db?password=hunter2&sslmode=bogus",
		"postgres://u@127.0.0.1:1/db?sslpassword=hunter2&sslmode=require&sslcert=/none&sslkey=/none",
		"postgres://u:hunter2@127.0.0.1:port/db",
		"postgres://u:hunter2#@127.0.0.1/db",
		"postgres://u:%zzhunter2@127.0.0.1/db",
		"host=127.0.0.1 port=1 password=hunter2 sslmode=bogus",
	} {
		_, err := pgstore.Open(t.Context(), pgstore.Options{URL: url, Timeout: time.Second})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
