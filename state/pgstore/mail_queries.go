package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// LoggedMail is a line of the sent log.
type LoggedMail struct {
	ID, MessageID, CampaignID, TransitionID, Kind string
	Recipient, Locale, Subject                    string
	NominalAt                                     instant.Instant
	State                                         MailState
	Attempts                                      int32
	Answer                                        string
	NextAt                                        *instant.Instant // of a waiting one
	EndedAt                                       *instant.Instant // nil: it has not
	MadeAt                                        instant.Instant
}

// MailLog says which lines of the sent log are asked for; what is empty is no condition.
type MailLog struct {
	CampaignID string
	State      MailState
	Limit      int
}

// Mails returns the newest of the mails that are asked for, by what they tell of, and how many there are.
func (r *Reader) Mails(ctx context.Context, log MailLog) (newest []LoggedMail, count int64, err error) {
	newest, err = selected(ctx, r, "reading the sent log", func(row pgx.CollectableRow) (m LoggedMail, err error) {
		return m, row.Scan(&m.ID, &m.MessageID, &m.CampaignID, &m.TransitionID, &m.Kind, &m.Recipient, &m.Locale, &m.Subject,
			instantInto{&m.NominalAt}, &m.State, &m.Attempts, &m.Answer, nullInstantInto{&m.NextAt}, nullInstantInto{&m.EndedAt},
			instantInto{&m.MadeAt}, &count)
	}, selectMails, log.CampaignID, string(log.State), log.Limit)
	return newest, count, err
}

// MailCounts is how the sent log stands.
type MailCounts struct {
	Waiting, Sending int64
	// Oldest is the nominal instant of the oldest mail that waits; nil: none does.
	Oldest *instant.Instant
	// NextAt is when the first one in nobody's hand has its turn; nil: there is none.
	NextAt *instant.Instant
}

// MailCounts counts the mails that have not ended.
func (r *Reader) MailCounts(ctx context.Context) (MailCounts, error) {
	all, err := selected(ctx, r, "counting mails", func(row pgx.CollectableRow) (c MailCounts, err error) {
		return c, row.Scan(&c.Waiting, &c.Sending, nullInstantInto{&c.Oldest}, nullInstantInto{&c.NextAt})
	}, countMails)
	if err != nil {
		return MailCounts{}, err
	}
	return all[0], nil
}

const (
	selectMails = `SELECT mail_id, message_id, campaign_id, transition_id, kind, recipient, locale, subject, nominal_at, state,
  attempts, answer, CASE state WHEN 'waiting' THEN next_attempt_at END, ended_at, created_at, count(*) OVER ()
FROM campaign_engine.mails WHERE ($1 = '' OR campaign_id = $1) AND ($2 = '' OR state = $2)
ORDER BY nominal_at DESC, mail_id LIMIT $3`

	countMails = `SELECT count(*), (SELECT count(*) FROM campaign_engine.mails WHERE state = 'sending'), min(nominal_at),
  min(next_attempt_at) FILTER (WHERE claimed_until IS NULL OR claimed_until < clock_timestamp())
FROM campaign_engine.mails WHERE state = 'waiting'`
)
