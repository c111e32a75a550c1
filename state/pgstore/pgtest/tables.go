package pgtest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// tables are all that migrations have made for campaigns and their money, with the columns that a look at them leaves out.
var tables = map[string]string{
	"source_positions": "updated_at", // it tells when a position moved, also back to where it was
	"campaigns":        "", "campaign_transitions": "", "releases": "", "pending_releases": "", "statements": "", "accounts": "",
	"entry_sets": "", "entries": "",
}

// Tables returns the rows of every table of the schema, each as a JSON object, in an order that only depends on them.
func Tables(ctx context.Context, address string) (map[string][]string, error) {
	all := make(map[string][]string, len(tables))
	for table, without := range tables {
		rows, err := Query(ctx, address, "SELECT (to_jsonb(x) - $1)::text FROM campaign_engine."+table+" x ORDER BY 1", without)
		if err != nil {
			return nil, fmt.Errorf("reading table %s: %w", table, err)
		}
		all[table] = rows
	}
	return all, nil
}

// Query returns the rows of one column of text. A statement that returns nothing has none.
func Query(ctx context.Context, address, statement string, arguments ...any) ([]string, error) {
	c, err := Connect(ctx, address)
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	return c.Query(ctx, statement, arguments...)
}

// Connection is one that is kept: making one costs the server some 10 ms of CPU.
type Connection struct{ c *pgx.Conn }

// Connect makes a connection.
func Connect(ctx context.Context, address string) (*Connection, error) {
	c, err := pgx.Connect(ctx, address)
	return &Connection{c}, err
}

// Close ends the connection.
func (c *Connection) Close(ctx context.Context) { _ = c.c.Close(ctx) }

// Query is Query on this connection.
func (c *Connection) Query(ctx context.Context, statement string, arguments ...any) ([]string, error) {
	rows, err := c.c.Query(ctx, statement, arguments...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
