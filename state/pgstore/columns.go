package pgstore

import (
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// What is asked or changed goes to the server as one array per column, which unnest turns into a table there: one statement for
// a whole batch, without a temporary table. What is added is copied (see target).

// column returns one field of all rows.
func column[T, V any](rows []T, field func(*T) V) []V {
	values := make([]V, len(rows))
	for i := range rows {
		values[i] = field(&rows[i])
	}
	return values
}

func times[T any](rows []T, field func(*T) instant.Instant) []time.Time {
	return column(rows, func(row *T) time.Time { return field(row).Time() })
}

func nullTime(at *instant.Instant) *time.Time {
	if at == nil {
		return nil
	}
	t := at.Time()
	return &t
}

// printable returns a text as the database can hold it: without NUL, and in UTF-8.
func printable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}
