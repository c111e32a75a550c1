package pgstore

import (
	"context"
	"errors"

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

// Write puts a batch down in one transaction: all of it, or nothing. It sorts and keeps nothing of the caller's.
//
// Errors: *OvertakenError when a position is not where the batch says; *Error otherwise. After a retryable one the same batch
// may be written again. When the answer to the COMMIT was lost, Write asks what became of it; it returns the error only
// where that cannot be known either, and then the same Write again succeeds, or is *OvertakenError by itself.
//
// Writers take turns: nearly every batch moves the same few accounts, so they would wait for each other anyway, or
// dead-lock.
func (s *Store) Write(ctx context.Context, b Batch) (Result, error) {
	if err := b.check(); err != nil {
		return Result{}, &Error{Doing: "writing", Reason: "the batch is not what an engine writes", Err: err}
	}
	var result Result
	err := s.bounded(ctx, "writing", func(ctx context.Context) error {
		var err error
		result, err = s.write(ctx, b)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

func (s *Store) write(ctx context.Context, b Batch) (Result, error) {
	tx, err := s.begin(ctx)
	if err != nil {
		return Result{}, err
	}
	defer rollback(ctx, tx)
	result, err := writeIn(ctx, tx, b)
	if err != nil {
		return Result{}, err
	}
	if err := tx.Commit(ctx); err != nil && !s.wasCommitted(ctx, b.Positions, err) {
		return Result{}, err
	}
	return result, nil
}

// begin opens a transaction whose turn it is to write. Each statement is to see what the last writer committed.
func (s *Store) begin(ctx context.Context) (pgx.Tx, error) {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, takeTurn, writeLock); err != nil {
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

func writeIn(ctx context.Context, tx pgx.Tx, b Batch) (result Result, err error) {
	if err := advance(ctx, tx, b.Positions); err != nil {
		return result, err
	}
	transitions := unique(KindTransition, b.Transitions, (*Transition).key, orderTransitions, sameTransition, &result)
	releases := unique(KindRelease, b.Releases, (*Release).key, orderReleases, sameRelease, &result)
	statements := unique(KindStatement, b.Statements, (*Statement).key, orderStatements, sameStatement, &result)
	if transitions, err = addTransitions(ctx, tx, transitions, &result); err != nil {
		return result, err
	}
	if releases, err = newReleases(ctx, tx, releases, &result); err != nil {
		return result, err
	}
	if err := addStatements(ctx, tx, statements, &result); err != nil {
		return result, err
	}
	return result, writeMoney(ctx, tx, transitions, releases, &result)
}

// writeMoney moves campaigns and ledger on by what is new.
func writeMoney(ctx context.Context, tx pgx.Tx, transitions []Transition, releases []Release, result *Result) error {
	ids := campaignIDs(transitions, releases)
	before, err := standings(ctx, tx, ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	stood := make(map[string]standing, len(ids))
	for id, s := range before {
		stood[id] = s
	}
	sets, err := followTransitions(ctx, tx, transitions, stood, result)
	if err != nil {
		return err
	}
	waited, err := parked(ctx, tx, settledNow(ids, before, stood))
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
	tx, err := s.begin(ctx)
	if err != nil {
		return false
	}
	defer rollback(ctx, tx)
	present, err := presentPositions(ctx, tx, positions)
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
