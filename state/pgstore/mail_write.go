package pgstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// WriteMails has fold decide on the rows of these campaigns, and puts down what comes of it and the positions, in one
// transaction: all of it, or nothing. A mail that is there already stays as it is.
//
// Errors: fold's; *OvertakenError when a position is not where the batch says; *Error otherwise. After a retryable one the same
// call may be made again; where only the answer to the COMMIT was lost, that is *OvertakenError.
//
// Writers take turns: the facts of one campaign come from several topics, which several processes may read.
func (s *Store) WriteMails(ctx context.Context, campaignIDs []string, positions []Advance, fold MailFold) (MailResult, error) {
	if err := checkPositions(positions); err != nil {
		return MailResult{}, &Error{Doing: "writing mails", Reason: "the batch is not what an engine writes", Err: err}
	}
	return s.mailTurn(ctx, func(ctx context.Context, tx pgx.Tx) (MailResult, error) {
		if err := mailReader.advance(ctx, tx, positions); err != nil {
			return MailResult{}, err
		}
		return foldMails(ctx, tx, fold, `SELECT campaign_id, body, due_at FROM campaign_engine.mail_campaigns
WHERE campaign_id = ANY ($1::text[])`, campaignIDs)
	})
}

// WakeMails has fold decide on the rows whose time has come by now, at most so many, what was due first standing first.
func (s *Store) WakeMails(ctx context.Context, now instant.Instant, most int, fold MailFold) (MailResult, error) {
	return s.mailTurn(ctx, func(ctx context.Context, tx pgx.Tx) (MailResult, error) {
		return foldMails(ctx, tx, fold, `SELECT campaign_id, body, due_at FROM campaign_engine.mail_campaigns
WHERE due_at <= $1 ORDER BY due_at LIMIT $2`, now.Time(), most)
	})
}

// NextMailRow returns the first instant at which WakeMails has something to do; false: none.
func (s *Store) NextMailRow(ctx context.Context) (instant.Instant, bool, error) {
	const doing = "looking for campaigns that are due"
	all, err := selected(ctx, &s.Reader, doing, func(row pgx.CollectableRow) (at *instant.Instant, err error) {
		return at, row.Scan(nullInstantInto{&at})
	}, `SELECT min(due_at) FROM campaign_engine.mail_campaigns WHERE due_at IS NOT NULL`)
	if err != nil || all[0] == nil {
		return 0, false, err
	}
	return *all[0], true, nil
}

// RouseMails has those rows be due at an instant that are due never, though their body begins otherwise than rest: they could not
// be read when they were looked at last, and may have been repaired since. It returns how many there are.
func (s *Store) RouseMails(ctx context.Context, at instant.Instant, rest []byte) (roused int64, err error) {
	const doing = "looking for campaigns that could not be read"
	err = s.bounded(ctx, doing, func(ctx context.Context) error {
		done, err := s.pool.Exec(ctx, rouseMailRows, at.Time(), rest)
		roused = done.RowsAffected()
		return err
	})
	return roused, s.rightsError(ctx, doing, err)
}

// mailTurn runs f in a transaction whose turn it is to write mails.
func (s *Store) mailTurn(
	ctx context.Context, f func(context.Context, pgx.Tx) (MailResult, error),
) (result MailResult, err error) {
	err = s.bounded(ctx, "writing mails", func(ctx context.Context) error {
		tx, err := s.begin(ctx, mailLock)
		if err != nil {
			return err
		}
		defer rollback(ctx, tx)
		if result, err = f(ctx, tx); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
	if err != nil {
		return MailResult{}, s.rightsError(ctx, "writing mails", err)
	}
	return result, nil
}

func foldMails(ctx context.Context, tx pgx.Tx, fold MailFold, query string, arguments ...any) (MailResult, error) {
	rows, err := tx.Query(ctx, query, arguments...)
	if err != nil {
		return MailResult{}, err
	}
	known, present := make(map[string][]byte), make(map[string]MailRow)
	var row MailRow
	if _, err := pgx.ForEachRow(rows, []any{&row.CampaignID, &row.Body, nullInstantInto{&row.DueAt}}, func() error {
		row.Body = slices.Clone(row.Body)
		known[row.CampaignID], present[row.CampaignID] = slices.Clone(row.Body), row
		return nil
	}); err != nil {
		return MailResult{}, err
	}
	batch, err := fold(known)
	if err != nil {
		return MailResult{}, &Error{Doing: "writing mails", Reason: "what is to be mailed could not be decided", Err: err}
	}
	return putMails(ctx, tx, batch, present)
}

func putMails(ctx context.Context, tx pgx.Tx, batch MailBatch, present map[string]MailRow) (MailResult, error) {
	result := MailResult{Rows: len(batch.Rows)}
	var wrong []error
	for i := range batch.Mails {
		wrong = append(wrong, batch.Mails[i].Check())
	}
	if err := errors.Join(wrong...); err != nil {
		return result, &Error{Doing: "writing mails", Reason: "the batch is not what an engine writes", Err: err}
	}
	if changed := changedRows(batch.Rows, present); len(changed) > 0 {
		if _, err := tx.Exec(ctx, putMailRows,
			column(changed, func(r *MailRow) string { return r.CampaignID }),
			column(changed, func(r *MailRow) []byte { return r.Body }),
			column(changed, func(r *MailRow) *time.Time { return nullTime(r.DueAt) })); err != nil {
			return result, err
		}
	}
	for _, some := range mailChunks(batch.Mails) {
		if err := insertSome(ctx, tx, some, &result); err != nil {
			return result, err
		}
	}
	return result, nil
}

// changedRows returns the rows that are not there as they are: most facts change nothing of what is mailed.
func changedRows(rows []MailRow, present map[string]MailRow) []MailRow {
	return slices.DeleteFunc(slices.Clone(rows), func(r MailRow) bool {
		was, is := present[r.CampaignID]
		same := (was.DueAt == nil) == (r.DueAt == nil) && (was.DueAt == nil || *was.DueAt == *r.DueAt)
		return is && same && bytes.Equal(was.Body, r.Body)
	})
}

// The bounds of one statement: its mails stand in memory several times while it is sent.
const (
	mailsMost     = 1000
	mailBytesMost = 16 << 20
)

// mailChunks cuts mails into what one statement inserts.
func mailChunks(mails []Mail) (chunks [][]Mail) {
	first, size := 0, 0
	for i := range mails {
		if i > first && (i-first == mailsMost || size+len(mails[i].Message) > mailBytesMost) {
			chunks = append(chunks, mails[first:i])
			first, size = i, 0
		}
		size += len(mails[i].Message)
	}
	if first < len(mails) {
		chunks = append(chunks, mails[first:])
	}
	return chunks
}

func insertSome(ctx context.Context, tx pgx.Tx, mails []Mail, result *MailResult) error {
	added, err := collect(ctx, tx, pgx.RowTo[string], insertMails, mailColumns(mails)...)
	if err != nil {
		return err
	}
	for _, state := range added {
		switch MailState(state) {
		case MailSkipped:
			result.Skipped++
		case MailFailed:
			result.Failed++
		default:
			result.Waiting++
		}
	}
	result.Repeated += len(mails) - len(added)
	return nil
}

func mailColumns(mails []Mail) []any {
	return []any{
		column(mails, func(m *Mail) string { return m.ID }),
		column(mails, func(m *Mail) string { return m.MessageID }),
		column(mails, func(m *Mail) string { return m.CampaignID }),
		column(mails, func(m *Mail) string { return m.TransitionID }),
		column(mails, func(m *Mail) string { return m.Kind }),
		column(mails, func(m *Mail) string { return m.Sender }),
		column(mails, func(m *Mail) string { return m.Recipient }),
		column(mails, func(m *Mail) string { return m.Locale }),
		column(mails, func(m *Mail) string { return printable(m.Subject) }),
		times(mails, func(m *Mail) instant.Instant { return m.NominalAt }),
		column(mails, func(m *Mail) string { return string(m.State) }),
		column(mails, func(m *Mail) string { return printable(m.Answer) }),
		column(mails, func(m *Mail) []byte { return m.Message }),
		column(mails, func(m *Mail) *time.Time {
			if m.MadeAt == 0 {
				return nil
			}
			return nullTime(&m.MadeAt)
		}),
	}
}

const (
	putMailRows = `INSERT INTO campaign_engine.mail_campaigns (campaign_id, body, due_at)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::timestamptz[])
ON CONFLICT (campaign_id) DO UPDATE SET body = excluded.body, due_at = excluded.due_at`

	rouseMailRows = `UPDATE campaign_engine.mail_campaigns SET due_at = $1
WHERE due_at IS NULL AND substring(body FOR length($2::bytea)) <> $2`

	// A mail's first turn is its nominal instant, or now: what tells of something earlier goes first.
	insertMails = `INSERT INTO campaign_engine.mails (mail_id, message_id, campaign_id, transition_id, kind, sender, recipient,
  locale, subject, nominal_at, state, answer, message, made_at, next_attempt_at, ended_at)
SELECT mail_id, message_id, campaign_id, transition_id, kind, sender, recipient, locale, subject, nominal_at, state, answer,
  message, made_at,
  CASE state WHEN 'waiting' THEN least(nominal_at, made_at) END, CASE WHEN state <> 'waiting' THEN clock_timestamp() END
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::timestamptz[], $11::text[], $12::text[], $13::bytea[], $14::timestamptz[]) AS n (mail_id, message_id, campaign_id,
  transition_id, kind, sender, recipient, locale, subject, nominal_at, state, answer, message, made_at)
ON CONFLICT DO NOTHING RETURNING state`
)
