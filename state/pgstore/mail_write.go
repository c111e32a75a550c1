package pgstore

import (
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
		return foldMails(ctx, tx, fold, `SELECT campaign_id, body FROM campaign_engine.mail_campaigns
WHERE campaign_id = ANY ($1::text[])`, campaignIDs)
	})
}

// WakeMails has fold decide on the rows whose time has come by now, at most so many, what was due first standing first.
func (s *Store) WakeMails(ctx context.Context, now instant.Instant, most int, fold MailFold) (MailResult, error) {
	return s.mailTurn(ctx, func(ctx context.Context, tx pgx.Tx) (MailResult, error) {
		return foldMails(ctx, tx, fold, `SELECT campaign_id, body FROM campaign_engine.mail_campaigns
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
	known := make(map[string][]byte)
	var campaignID string
	var body []byte
	if _, err := pgx.ForEachRow(rows, []any{&campaignID, &body}, func() error {
		known[campaignID] = slices.Clone(body)
		return nil
	}); err != nil {
		return MailResult{}, err
	}
	batch, err := fold(known)
	if err != nil {
		return MailResult{}, &Error{Doing: "writing mails", Reason: "what is to be mailed could not be decided", Err: err}
	}
	return putMails(ctx, tx, batch)
}

func putMails(ctx context.Context, tx pgx.Tx, batch MailBatch) (MailResult, error) {
	result := MailResult{Rows: len(batch.Rows)}
	var wrong []error
	for i := range batch.Mails {
		wrong = append(wrong, batch.Mails[i].Check())
	}
	if err := errors.Join(wrong...); err != nil {
		return result, &Error{Doing: "writing mails", Reason: "the batch is not what an engine writes", Err: err}
	}
	if len(batch.Rows) > 0 {
		if _, err := tx.Exec(ctx, putMailRows,
			column(batch.Rows, func(r *MailRow) string { return r.CampaignID }),
			column(batch.Rows, func(r *MailRow) []byte { return r.Body }),
			column(batch.Rows, func(r *MailRow) *time.Time { return nullTime(r.DueAt) })); err != nil {
			return result, err
		}
	}
	if len(batch.Mails) == 0 {
		return result, nil
	}
	added, err := collect(ctx, tx, pgx.RowTo[string], insertMails, mailColumns(batch.Mails)...)
	if err != nil {
		return result, err
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
	result.Repeated = len(batch.Mails) - len(added)
	return result, nil
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
	}
}

const (
	putMailRows = `INSERT INTO campaign_engine.mail_campaigns (campaign_id, body, due_at)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::timestamptz[])
ON CONFLICT (campaign_id) DO UPDATE SET body = excluded.body, due_at = excluded.due_at`

	// A mail's first turn is its nominal instant: what tells of something earlier goes first.
	insertMails = `INSERT INTO campaign_engine.mails (mail_id, message_id, campaign_id, transition_id, kind, sender, recipient,
  locale, subject, nominal_at, state, answer, message, next_attempt_at, ended_at)
SELECT mail_id, message_id, campaign_id, transition_id, kind, sender, recipient, locale, subject, nominal_at, state, answer,
  message,
  CASE state WHEN 'waiting' THEN nominal_at END, CASE WHEN state <> 'waiting' THEN clock_timestamp() END
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::timestamptz[], $11::text[], $12::text[], $13::bytea[]) AS n (mail_id, message_id, campaign_id, transition_id, kind, sender,
  recipient, locale, subject, nominal_at, state, answer, message)
ON CONFLICT DO NOTHING RETURNING state`
)
