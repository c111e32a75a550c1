package pgstore

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/cockroachdb/apd/v3"
	"github.com/jackc/pgx/v5"
)

var (
	zero      apd.Decimal
	noDecimal apd.NullDecimal
)

func sameNull(a, b *apd.NullDecimal) bool {
	return a.Valid == b.Valid && (!a.Valid || a.Decimal.Cmp(&b.Decimal) == 0)
}

// Prepared is what of a Write needs no database: rows without doubles, in the order of their keys. Its positions are known
// only when it is written, which may be several times.
type Prepared struct {
	rows    Batch
	told    Result // of what came twice within the batch
	refused error
}

// Prepare prepares a batch without its positions. It changes nothing of the caller's.
func Prepare(b Batch) *Prepared {
	p := &Prepared{refused: b.check()}
	p.rows.Transitions = unique(KindTransition, b.Transitions, (*Transition).key, orderTransitions, sameTransition, &p.told)
	p.rows.Releases = unique(KindRelease, b.Releases, (*Release).key, orderReleases, sameRelease, &p.told)
	p.rows.Statements = unique(KindStatement, b.Statements, (*Statement).key, orderStatements, sameStatement, &p.told)
	return p
}

// Write is WritePrepared of a batch with its positions.
func (s *Store) Write(ctx context.Context, b Batch) (Result, error) {
	return s.WritePrepared(ctx, Prepare(b), b.Positions)
}

// WritePrepared puts a batch down in one transaction: all of it, or nothing.
//
// Errors: *OvertakenError when a position is not where the batch says; *Error otherwise. After a retryable one the same batch
// may be written again. When the answer to the COMMIT was lost, it asks what became of it; it returns the error only
// where that cannot be known either, and then the same call again succeeds, or is *OvertakenError by itself.
//
// Writers take turns: nearly every batch moves the same few accounts, so they would wait for each other anyway, or
// dead-lock.
func (s *Store) WritePrepared(ctx context.Context, p *Prepared, positions []Advance) (Result, error) {
	if err := errors.Join(checkPositions(positions), p.refused); err != nil {
		return Result{}, &Error{Doing: "writing", Reason: "the batch is not what an engine writes", Err: err}
	}
	var result Result
	err := s.bounded(ctx, "writing", func(ctx context.Context) error {
		var err error
		result, err = s.write(ctx, p, positions)
		return err
	})
	if err != nil {
		return Result{}, s.rightsError(ctx, "writing", err)
	}
	return result, nil
}

func (s *Store) write(ctx context.Context, p *Prepared, positions []Advance) (Result, error) {
	tx, err := s.begin(ctx, writeLock)
	if err != nil {
		return Result{}, err
	}
	defer rollback(ctx, tx)
	if err := ledgerReader.advance(ctx, tx, positions); err != nil {
		return Result{}, err
	}
	result, err := p.writeIn(ctx, tx)
	if err != nil {
		return Result{}, err
	}
	if err := tx.Commit(ctx); err != nil && !s.wasCommitted(ctx, positions, err) {
		return Result{}, err
	}
	return result, nil
}

// begin opens a transaction whose turn it is to write; those of one lock take turns. Each statement is to see what the last
// writer committed.
func (s *Store) begin(ctx context.Context, lock int64) (pgx.Tx, error) {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, takeTurn, lock); err != nil {
		return nil, errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	return tx, nil
}

// rollback ends a transaction that is not to be committed, or is committed already: then it does nothing. That it fails
// changes nothing: what was not committed is never seen, and pgx closes a connection whose transaction has not ended.
func rollback(ctx context.Context, tx pgx.Tx) { _ = tx.Rollback(context.WithoutCancel(ctx)) }

// takeTurn also fixes how the statements are run: each finds its rows by their keys. What the planner knows of the tables
// may be from when they were empty.
const takeTurn = `SELECT pg_advisory_xact_lock($1), set_config('plan_cache_mode', 'force_generic_plan', true),
  set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true)`

func (p *Prepared) writeIn(ctx context.Context, tx pgx.Tx) (Result, error) {
	result := p.told
	result.Conflicts = slices.Clone(result.Conflicts)
	before, err := standings(ctx, tx, campaignIDs(p.rows.Transitions, p.rows.Releases))
	if err != nil {
		return result, err
	}
	transitions, err := addTransitions(ctx, tx, p.rows.Transitions, before, &result)
	if err != nil {
		return result, err
	}
	releases, err := newReleases(ctx, tx, p.rows.Releases, &result)
	if err != nil {
		return result, err
	}
	if err := addStatements(ctx, tx, p.rows.Statements, &result); err != nil {
		return result, err
	}
	return result, writeMoney(ctx, tx, before, transitions, releases, &result)
}

// writeMoney moves campaigns and ledger on by what is new, from how all campaigns in question stood before.
func writeMoney(ctx context.Context, tx pgx.Tx, before map[string]standing, transitions []Transition, releases []Release,
	result *Result,
) error {
	stood := maps.Clone(before)
	sets, err := followTransitions(ctx, tx, transitions, stood, result)
	if err != nil {
		return err
	}
	waited, err := parked(ctx, tx, settledNow(before, stood))
	if err != nil {
		return err
	}
	booked, waiting := judge(releases, stood, result)
	bookedLate, _ := judge(waited, stood, result)
	result.Booked, result.Parked = len(booked)+len(bookedLate), len(waiting)
	unparked := column(bookedLate, (*Release).key)
	booked = append(booked, bookedLate...)
	if err := putReleases(ctx, tx, booked, waiting, unparked); err != nil {
		return err
	}
	for i := range booked {
		sets = append(sets, releaseSet(&booked[i]))
	}
	return book(ctx, tx, sets)
}

// wasCommitted finds out, after a COMMIT whose answer did not come, whether it took place. It waits for its turn, and so
// until the server is through with the transaction in question.
func (s *Store) wasCommitted(ctx context.Context, positions []Advance, lost error) bool {
	if len(positions) == 0 || !classify(lost).retryable {
		return false
	}
	tx, err := s.begin(ctx, writeLock)
	if err != nil {
		return false
	}
	defer rollback(ctx, tx)
	present, err := ledgerReader.present(ctx, tx, positions)
	return err == nil && outcome(positions, present)
}

// outcome says of positions that were to move whether they did. One that was not to move says nothing.
func outcome(positions []Advance, present map[Partition]int64) bool {
	moved := false
	for _, p := range positions {
		if present[p.Partition] != p.Next {
			return false
		}
		moved = moved || p.From != p.Next
	}
	return moved
}

// collect runs a query and reads all of its rows.
func collect[T any](ctx context.Context, tx pgx.Tx, scan func(pgx.CollectableRow) (T, error), query string, arguments ...any,
) ([]T, error) {
	rows, err := tx.Query(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}
