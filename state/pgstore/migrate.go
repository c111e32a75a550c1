package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// The advisory locks of the database: who migrates, who writes campaigns and their money, who writes mails. The numbers mean
	// nothing but must not be another program's.
	migrationLock int64 = 0x63616d70_6d696772
	writeLock     int64 = 0x63616d70_77726974
	mailLock      int64 = 0x63616d70_6d61696c

	versionTable = "campaign_engine.goose_db_version"
)

// migrate brings the schema up to date, as the login itself and not as the application's role. The limit is that of looking
// whether there is anything to do; what there is to do takes as long as it takes.
func migrate(ctx context.Context, config *pgx.ConnConfig, limit time.Duration) error {
	c, done, err := look(ctx, config, limit)
	if c != nil {
		defer c.Close(context.WithoutCancel(ctx))
	}
	if done || err != nil {
		return err
	}
	// The lock goes with the connection, so that a program that dies here shuts nobody out.
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS campaign_engine"); err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	provider, err := newProvider(db)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// look connects, and says whether the schema is as it should be.
func look(ctx context.Context, config *pgx.ConnConfig, limit time.Duration) (*pgx.Conn, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, false, err
	}
	done, err := isMigrated(ctx, c)
	return c, done, err
}

// isMigrated looks without changing anything: whether the schema is what this program knows. It is an error when it is
// newer.
func isMigrated(ctx context.Context, c *pgx.Conn) (bool, error) {
	present, known, err := versions(ctx, c)
	if err != nil {
		return false, err
	}
	if present > known {
		return false, &Error{
			Doing: "migrating the database", Err: fmt.Errorf("it has migration %d, this program knows %d", present, known),
			Reason: "the schema campaign_engine is newer than this program: run the newer one",
		}
	}
	return present == known, nil
}

// versions returns the newest migration that the database has, 0 for none, and the newest that this program knows.
func versions(ctx context.Context, c *pgx.Conn) (present, known int64, err error) {
	if known, err = newestMigration(); err != nil {
		return 0, 0, err
	}
	var exists bool
	if err := c.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", versionTable).Scan(&exists); err != nil || !exists {
		return 0, known, err
	}
	err = c.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+versionTable+" WHERE is_applied").Scan(&present)
	return present, known, err
}

func newestMigration() (int64, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return 0, errors.Join(err, errors.New("there are no migrations in the program"))
	}
	return goose.NumericComponent(names[len(names)-1])
}
