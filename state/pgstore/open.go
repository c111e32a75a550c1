package pgstore

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// appRole is the role that the program works as, where it exists and this login may take it.
const appRole = "campaign_engine_app"

// errConnectionLost stands for a connection that was found broken.
var errConnectionLost = errors.New("connection lost")

// Options say which database, and how long to wait for it. Zero durations take the defaults.
type Options struct {
	// URL is a Postgres URL or DSN; what it does not say comes from the PG* variables, as with psql.
	URL string
	// Timeout bounds each call but Open's migrations: 30 s. The server gives up a statement, or a lock, somewhat earlier, and
	// ends a transaction that stands still for as long, so that a writer that was stopped in the middle frees the others.
	Timeout time.Duration
	// ConnectTimeout bounds the making of one connection: 5 s.
	ConnectTimeout time.Duration
	// Connections is the most that are open at once: 4.
	Connections int32
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = 5 * time.Second
	}
	if o.Connections <= 0 {
		o.Connections = 4
	}
	return o
}

// Store is the database. Its methods may be called from any goroutine. Their errors are *Error, ErrOvertaken where it is
// named, or the end of the caller's context.
type Store struct {
	Reader
	pool *pgxpool.Pool
}

// Open migrates the schema campaign_engine to what this program knows, and connects. Several programs may do so at once.
// A login that may not create anything is enough for a schema that is as it should be.
func Open(ctx context.Context, options Options) (*Store, error) {
	options = options.withDefaults()
	config, err := parse(options)
	if err != nil {
		return nil, err
	}
	migrating := config.ConnConfig.Copy()
	setLimits(config.ConnConfig, options)
	setMigrationLimits(migrating, options)
	if err := migrate(ctx, migrating, options.Timeout); err != nil {
		return nil, failure(ctx, "migrating the database", err)
	}
	s, err := connect(ctx, config, options)
	if err != nil {
		return nil, err
	}
	if err := s.checkRights(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func parse(options Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(options.URL)
	if err != nil {
		return nil, &Error{Doing: "reading the database's address", Reason: classify(err).reason, Err: err}
	}
	config.MaxConns = options.Connections
	config.ConnConfig.ConnectTimeout = options.ConnectTimeout
	return config, nil
}

// connect returns the store of a schema that is as it should be.
func connect(ctx context.Context, config *pgxpool.Config, options Options) (*Store, error) {
	config.AfterConnect = takeRole
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, failure(ctx, "connecting to the database", err)
	}
	s := &Store{Reader{pool, options.Timeout}, pool}
	if err := s.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// setLimits lets the server give up what takes too long; what the URL says itself stands.
func setLimits(config *pgx.ConnConfig, options Options) {
	setDefaults(config, map[string]string{
		"application_name":                    "campaign-engine",
		"statement_timeout":                   milliseconds(options.Timeout * 9 / 10),
		"lock_timeout":                        milliseconds(options.Timeout / 3),
		"idle_in_transaction_session_timeout": milliseconds(options.Timeout / 2),
	})
}

// setMigrationLimits lets a migration take as long as its tables are large, and wait for a lock no longer than others do: who
// waits for one keeps all that come after it out of the table.
func setMigrationLimits(config *pgx.ConnConfig, options Options) {
	setDefaults(config, map[string]string{
		"application_name": "campaign-engine", "statement_timeout": "0", "lock_timeout": milliseconds(options.Timeout / 3),
	})
}

func setDefaults(config *pgx.ConnConfig, values map[string]string) {
	for name, value := range values {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(max(1, d.Milliseconds()), 10) }

// takeRole gives up every right that the program does not need. Where there is no such role, or this login may not take
// it, the login's own rights stay, and the triggers alone guard what was booked.
func takeRole(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "SET ROLE "+appRole)
	var server *pgconn.PgError
	if errors.As(err, &server) && (server.Code == insufficientPrivilege || server.Code == "22023") {
		return nil
	}
	return err
}

// Close gives the connections back. Calls that are under way end with an error.
func (s *Store) Close() { s.pool.Close() }

// Ping asks whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.bounded(ctx, "asking the database", func(ctx context.Context) error { return s.pool.Ping(ctx) })
}

// Role returns the role that the program works as: campaign_engine_app, or the login itself.
func (s *Store) Role(ctx context.Context) (role string, err error) {
	err = s.bounded(ctx, "asking for the role", func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, "SELECT current_user").Scan(&role)
	})
	return role, err
}

// failure gives an error its class. The end of the caller's context is the caller's, not the database's; what has a class
// keeps it.
func failure(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var known *Error
	if errors.As(err, &known) || errors.Is(err, ErrOvertaken) {
		return err
	}
	c := classify(err)
	return &Error{Doing: doing, Retryable: c.retryable, Reason: c.reason, Err: err}
}
