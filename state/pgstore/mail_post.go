package pgstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// MailClaim says which mails a process takes in hand.
type MailClaim struct {
	By   string          // the process
	Now  instant.Instant // mails whose turn has come by then are taken, the first standing first
	Most int             // of them
	// For is how long after it may leave a mail is the process's; who has not begun to send it by then may have lost it.
	For time.Duration
	// Every is the least time between two mails, over all processes.
	Every time.Duration
	// NotTo are domains of recipients, in lower case, and NotOf campaigns whose mails are not taken now.
	NotTo, NotOf []string
	// Lost says that the answer to an earlier call was lost: what By has in hand but for InHand is taken again.
	Lost   bool
	InHand []string
	// Provisional and Final are kinds: who gets a mail of the second has no more use for one of the first.
	Provisional, Final string
}

// ClaimedMail is a mail that a process has in hand.
type ClaimedMail struct {
	Mail           // Answer is the last one's
	Claim    int64 // tells this time from the others
	Attempts int32 // made before
	// After is how long from now it is to be kept back, so that no more leave than may.
	After time.Duration
	// Overtaken says that it is provisional, and that the final one of its transition and recipient has left before it, or waits
	// and this one was put off before. It is to be skipped: who had the final one already would take it for news.
	Overtaken bool
}

// paceTurns is how many claims of other processes one waits for, and paceLeast what it may wait in any case: what is noted of
// the pace may be from before the database's clock was set back.
const (
	paceTurns = 32
	paceLeast = time.Minute
)

// ClaimMails takes mails in hand. Nobody else gets them until their time is up, or they were given back.
func (s *Store) ClaimMails(ctx context.Context, c MailClaim) (claimed []ClaimedMail, err error) {
	err = s.bounded(ctx, "taking mails in hand", func(ctx context.Context) error {
		tx, err := s.pool.Begin(ctx)
		if err != nil {
			return err
		}
		defer rollback(ctx, tx)
		// The row of the pace is locked first: who claims takes turns.
		var first time.Duration
		if err := tx.QueryRow(ctx, readPace, max(paceLeast, paceTurns*time.Duration(c.Most)*c.Every)).Scan(&first); err != nil {
			return err
		}
		claimed, err = collect(ctx, tx, scanClaimed, claimMails, c.Now.Time(), c.Most, c.By, c.For, first, c.Every, c.NotTo, c.NotOf,
			c.Lost, c.InHand, c.Provisional, c.Final)
		if err != nil || len(claimed) == 0 {
			return err
		}
		slices.SortFunc(claimed, func(a, b ClaimedMail) int { return cmp.Compare(a.After, b.After) })
		for i := range claimed {
			claimed[i].After = first + time.Duration(i)*c.Every
		}
		if _, err := tx.Exec(ctx, `UPDATE campaign_engine.mail_pace SET next_at = clock_timestamp() + $1::interval`,
			first+time.Duration(len(claimed))*c.Every); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
	if err != nil {
		return nil, s.rightsError(ctx, "taking mails in hand", err)
	}
	return claimed, nil
}

// scanClaimed has each mail's place in After.
func scanClaimed(row pgx.CollectableRow) (m ClaimedMail, err error) {
	var made *instant.Instant
	err = row.Scan(&m.ID, &m.MessageID, &m.CampaignID, &m.TransitionID, &m.Kind, &m.Sender, &m.Recipient, &m.Locale, &m.Subject,
		instantInto{&m.NominalAt}, nullInstantInto{&made}, &m.State, &m.Answer, &m.Message, &m.Claim, &m.Attempts, (*int64)(&m.After),
		&m.Overtaken)
	if made != nil {
		m.MadeAt = *made
	}
	return m, err
}

// BeginMail notes, so that it outlasts a crash, that a mail in hand is about to be sent. False: it is in hand no longer, and must
// not be sent. After an error it may have been noted.
func (s *Store) BeginMail(ctx context.Context, id string, claim int64) (bool, error) {
	return s.changeMail(ctx, `UPDATE campaign_engine.mails SET state = 'sending', sending_since = clock_timestamp()
WHERE mail_id = $1 AND claim = $2 AND state = 'waiting'`, id, claim)
}

// MailEnd is what became of a mail that was in hand.
type MailEnd struct {
	State  MailState // waiting, sent, failed, skipped or ambiguous
	Answer string
	// Tried says that this was an attempt; else it counts as none.
	Tried bool
	// NextAt is when a waiting one has its next turn; nil: as before.
	NextAt *instant.Instant
}

// EndMail gives a mail back. False: it has ended already, or is in another's hand. A waiting one is in nobody's then: who asked
// to begin it, and did not hear, cannot have it any more.
func (s *Store) EndMail(ctx context.Context, id string, claim int64, end MailEnd) (bool, error) {
	tried := 0
	if end.Tried {
		tried = 1
	}
	return s.changeMail(ctx, endMail, id, claim, string(end.State), printable(end.Answer), tried, nullTime(end.NextAt))
}

func (s *Store) changeMail(ctx context.Context, statement string, arguments ...any) (changed bool, err error) {
	const doing = "noting how far a mail is"
	err = s.bounded(ctx, doing, func(ctx context.Context) error {
		done, err := s.pool.Exec(ctx, statement, arguments...)
		changed = done.RowsAffected() > 0
		return err
	})
	return changed, s.rightsError(ctx, doing, err)
}

// MailSweep says what is swept.
type MailSweep struct {
	// By has just started: what it had in hand before is its no longer. Empty: nobody has.
	By string
	// Silent is how long a mail may be in sending before nobody hears of its answer any more.
	Silent time.Duration
	// Before is when the oldest mails that are still tried were made, or what they tell of was where that is later; Late is what
	// is noted of those that are older.
	Before instant.Instant
	Late   string
	// Keep is how long the text of a mail is kept that has failed or is ambiguous; zero: for ever.
	Keep time.Duration
}

// SweptMails are how many became ambiguous, and how many failed.
type SweptMails struct{ Ambiguous, Failed int64 }

// SweepMails ends mails that nobody else would: those that a process left in sending when it died, and those that were not taken
// in time.
func (s *Store) SweepMails(ctx context.Context, w MailSweep) (swept SweptMails, err error) {
	const doing = "looking after mails"
	err = s.bounded(ctx, doing, func(ctx context.Context) error {
		if w.By != "" {
			if _, err := s.pool.Exec(ctx, `UPDATE campaign_engine.mails SET claimed_until = NULL
WHERE state = 'waiting' AND claimed_by = $1 AND claimed_until IS NOT NULL`, w.By); err != nil {
				return err
			}
		}
		done, err := s.pool.Exec(ctx, `UPDATE campaign_engine.mails
SET state = 'ambiguous', ended_at = clock_timestamp(), claimed_until = NULL,
  answer = 'the process ended, or was cut off, before it heard the server''s answer'
WHERE state = 'sending' AND (claimed_by = $1 AND $1 <> '' OR sending_since < clock_timestamp() - $2::interval)`, w.By, w.Silent)
		if err != nil {
			return err
		}
		swept.Ambiguous = done.RowsAffected()
		done, err = s.pool.Exec(ctx, `UPDATE campaign_engine.mails
SET state = 'failed', ended_at = clock_timestamp(), claimed_until = NULL,
  answer = CASE answer WHEN '' THEN $2 ELSE $2 || '; the last answer: ' || answer END
WHERE state = 'waiting' AND greatest(nominal_at, made_at) < $1 AND (claimed_until IS NULL OR claimed_until < clock_timestamp())`,
			w.Before.Time(), w.Late)
		swept.Failed = done.RowsAffected()
		if err == nil && w.Keep > 0 {
			_, err = s.pool.Exec(ctx, `UPDATE campaign_engine.mails SET message = NULL
WHERE state IN ('failed', 'ambiguous') AND message IS NOT NULL AND ended_at < clock_timestamp() - $1::interval`, w.Keep)
		}
		return err
	})
	return swept, s.rightsError(ctx, doing, err)
}

const (
	readPace = `SELECT greatest('0', least($1::interval, next_at - clock_timestamp()))
FROM campaign_engine.mail_pace FOR UPDATE`

	// The places are told in the order in which mails may leave; each is in hand for a time from then on.
	claimMails = `UPDATE campaign_engine.mails m
SET claim = m.claim + 1, claimed_by = $3,
  claimed_until = clock_timestamp() + $4::interval + $5::interval + (n.place - 1) * $6::interval
FROM (SELECT mail_id, row_number() OVER (ORDER BY next_attempt_at, mail_id) AS place
  FROM (SELECT mail_id, next_attempt_at FROM campaign_engine.mails
    WHERE state = 'waiting' AND next_attempt_at <= $1
      AND (claimed_until IS NULL OR claimed_until < clock_timestamp()
        OR $9 AND claimed_by = $3 AND mail_id <> ALL (coalesce($10::text[], '{}')))
      AND campaign_id <> ALL (coalesce($8::text[], '{}'))
      AND lower(substring(recipient FROM '[^@]*$')) <> ALL (coalesce($7::text[], '{}'))
    ORDER BY next_attempt_at, mail_id LIMIT $2 FOR UPDATE SKIP LOCKED) f) n
WHERE m.mail_id = n.mail_id
RETURNING m.mail_id, m.message_id, m.campaign_id, m.transition_id, m.kind, m.sender, m.recipient, m.locale, m.subject,
  m.nominal_at, m.made_at, m.state, m.answer, m.message,
  m.claim, m.attempts, n.place,
  m.kind = $11 AND EXISTS (SELECT FROM campaign_engine.mails f
    WHERE f.campaign_id = m.campaign_id AND f.transition_id = m.transition_id AND f.recipient = m.recipient AND f.kind = $12
      AND (f.state IN ('sending', 'sent', 'ambiguous') OR f.state = 'waiting' AND m.attempts > 0))`

	endMail = `UPDATE campaign_engine.mails
SET state = $3, answer = $4, attempts = attempts + $5, next_attempt_at = coalesce($6, next_attempt_at), claimed_until = NULL,
  claim = CASE $3 WHEN 'waiting' THEN claim + 1 ELSE claim END,
  ended_at = CASE $3 WHEN 'waiting' THEN NULL ELSE clock_timestamp() END,
  message = CASE WHEN $3 IN ('sent', 'skipped') THEN NULL ELSE message END
WHERE mail_id = $1 AND claim = $2 AND state IN ('waiting', 'sending', 'ambiguous')`
)
