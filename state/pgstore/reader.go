package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Reader reads the tables: that of a Store or of Tables each time as they are then, that of a Snapshot all times as they were
// at its beginning. Errors are *Error, or the end of the caller's context.
type Reader struct {
	rows    rows
	timeout time.Duration
}

// rows answers queries.
type rows interface {
	Query(ctx context.Context, query string, arguments ...any) (pgx.Rows, error)
}

// Tables is a database that is open for reading. Its methods may be called from any goroutine.
type Tables struct {
	Reader
	pool *pgxpool.Pool
}

// OpenForReading connects without changing anything: it makes no schema, migrates nothing, and its sessions refuse to write.
// What Options.Timeout says goes for each call; a Snapshot may stand still for readingIdleMax between two.
//
// Errors: an *Error when the schema is missing, or of another version than this program's.
func OpenForReading(ctx context.Context, options Options) (*Tables, error) {
	options = options.withDefaults()
	config, err := parse(options)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	setLimits(config.ConnConfig, options)
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = milliseconds(readingIdleMax)
	if err := checkSchema(ctx, config, options.Timeout); err != nil {
		return nil, failure(ctx, "opening the database", err)
	}
	store, err := connect(ctx, config, options)
	if err != nil {
		return nil, err
	}
	return &Tables{store.Reader, store.pool}, nil
}

// Close gives the connections back.
func (t *Tables) Close() { t.pool.Close() }

// readingIdleMax frees the server of a reader that was stopped in the middle of a snapshot: it keeps old rows there.
const readingIdleMax = time.Hour

// checkSchema looks whether the schema is the one that this program knows.
func checkSchema(ctx context.Context, config *pgxpool.Config, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	if err := takeRole(ctx, c); err != nil {
		return err
	}
	present, known, err := versions(ctx, c)
	if err != nil || present == known {
		return err
	}
	reason := "the schema campaign_engine is of another version than this program: run campaignd and campaignctl of one version"
	if present == 0 {
		reason = "the schema campaign_engine is missing: campaignd makes it when its projections run with this database"
	}
	err = fmt.Errorf("it has migration %d, this program knows %d", present, known)
	return &Error{Doing: "opening the database", Reason: reason, Err: err}
}

// Snapshot runs f on the tables as they are at one instant, however long f takes. What f returns is returned.
func (t *Tables) Snapshot(ctx context.Context, f func(*Reader) error) error {
	var tx pgx.Tx
	err := t.bounded(ctx, "beginning a snapshot", func(ctx context.Context) (err error) {
		tx, err = t.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err == nil {
			_, err = tx.Exec(ctx, "SELECT 1") // a snapshot is as old as its first query
		}
		return err
	})
	if tx != nil {
		defer rollback(ctx, tx)
	}
	if err != nil {
		return err
	}
	return f(&Reader{rows: tx, timeout: t.timeout})
}

// bounded runs f within the reader's time, and gives its error a class.
func (r *Reader) bounded(ctx context.Context, doing string, f func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	return failure(ctx, doing, f(within))
}

// Positions returns where each partition of these topics was written up to; a partition without a position is left out.
func (r *Reader) Positions(ctx context.Context, topics ...string) (map[Partition]int64, error) {
	return r.positions(ctx, ledgerReader, topics)
}

// MailPositions is Positions of what is mailed.
func (r *Reader) MailPositions(ctx context.Context, topics ...string) (map[Partition]int64, error) {
	return r.positions(ctx, mailReader, topics)
}

func (r *Reader) positions(ctx context.Context, of reader, topics []string) (map[Partition]int64, error) {
	present := make(map[Partition]int64)
	err := r.bounded(ctx, "reading the positions", func(ctx context.Context) error {
		rows, err := r.rows.Query(ctx, of.sql(`SELECT topic, partition, next_offset FROM POSITIONS
WHERE topic = ANY ($1::text[])`), topics)
		if err != nil {
			return err
		}
		return scanPositions(rows, present)
	})
	if err != nil {
		return nil, err
	}
	return present, nil
}
