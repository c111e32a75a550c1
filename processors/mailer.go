package processors

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/processors/mailer/letter"
	"github.com/rmn-arms/campaign-engine/processors/sink"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/mail"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Mailer is the sink that writes mails to campaigns' contacts, at the first start and at the end. It puts them into the sent log;
// processors/mailer/post sends them from there.
//
//	reads   campaign-events, the contacts of definitions alone; transitions-applied; campaign-statements; provisional-statements;
//	        campaign-readiness
//	owns    in the schema campaign_engine what is known of each campaign, the mails, and the positions up to which they were made
//	writes  nothing to Kafka
//	replay  a mail has a key made of its transition, kind and recipient: what is read again makes none anew. What tells of
//	        something too long ago is recorded and not sent
type Mailer struct {
	config MailerConfig
	topics []string
	nudged chan struct{} // a row may be due earlier than was known
}

// MailerConfig says how mails are made, and where they are kept.
type MailerConfig struct {
	Store MailStore
	// Campaigns are the settings that are frozen into campaigns.
	Campaigns Settings
	Sender    letter.Sender
	// MaxAge is how long ago what a mail tells of may be, by its nominal instant.
	MaxAge instant.Millis
	Clock  engine.Clock
	// Told is told of each batch that was written, and of each time that rows were woken.
	Told func(Mailed)
}

// MailStore is where mails are kept: *pgstore.Store.
type MailStore interface {
	CheckMailTopics(ctx context.Context, ids map[string]pgstore.TopicID) error
	MailPositions(ctx context.Context, topics ...string) (map[pgstore.Partition]int64, error)
	WriteMails(ctx context.Context, campaignIDs []string, moves []pgstore.Advance, fold pgstore.MailFold) (pgstore.MailResult, error)
	WakeMails(ctx context.Context, now instant.Instant, most int, fold pgstore.MailFold) (pgstore.MailResult, error)
	RouseMails(ctx context.Context, at instant.Instant, rest []byte) (int64, error)
	NextMailRow(ctx context.Context) (instant.Instant, bool, error)
}

var _ MailStore = (*pgstore.Store)(nil)

// Mailed is what facts, or time, came to.
type Mailed struct {
	pgstore.MailResult
	// Nobody counts letters that were due to campaigns without contacts, Lost those whose contacts are not known any more.
	Nobody, Lost int64
	// Broken are campaigns whose row cannot be read: it stays as it is, and nothing more is mailed of them until it is removed or
	// repaired, and the next fact comes or the next Wake begins. What was to be told of them counts as lost.
	Broken []string
	// Unreadable counts records that cannot be read, by topic. Only somebody else than the engine can have written them.
	Unreadable map[topics.Name]int
}

// NewMailer returns the sink's keeper.
func NewMailer(config MailerConfig) *Mailer {
	return &Mailer{config: config, topics: MailedTopics(), nudged: make(chan struct{}, 1)}
}

// MailedTopics returns the names of the topics that are read.
func MailedTopics() []string { return inputsOf(topics.Mailer) }

var _ sink.Keeper = (*Mailer)(nil)

// Positions implements sink.Keeper.
func (m *Mailer) Positions(ctx context.Context, ids map[string]sink.TopicID) (map[sink.Partition]int64, error) {
	if err := m.config.Store.CheckMailTopics(ctx, topicIDs(ids)); err != nil {
		return nil, err
	}
	kept, err := m.config.Store.MailPositions(ctx, m.topics...)
	return positionsOf(kept), err
}

// Prepare implements sink.Keeper.
func (m *Mailer) Prepare(records []*kgo.Record) sink.Put {
	facts := make(map[string][]mail.Fact)
	unreadable := make(map[topics.Name]int)
	var campaignIDs []string // in the order in which they come
	for _, r := range records {
		read, readable := mailedOf(r, m.config.Campaigns)
		switch {
		case !readable:
			unreadable[topics.Name(r.Topic)]++
		case read.fact != nil:
			if facts[read.campaignID] == nil {
				campaignIDs = append(campaignIDs, read.campaignID)
			}
			facts[read.campaignID] = append(facts[read.campaignID], read.fact)
		}
	}
	return func(ctx context.Context, moves []sink.Move) error {
		err := m.put(ctx, campaignIDs, facts, moves, unreadable)
		if errors.Is(err, pgstore.ErrOvertaken) {
			return errors.Join(sink.ErrOvertaken, err)
		}
		return err
	}
}

// campaignsMost bounds one transaction of the database, and what is in memory of it: each of these campaigns may have fifty
// contacts, and a letter some 30 KB. Where a batch has more, its positions move with the last of them; what is read again after
// a crash in between changes nothing.
const campaignsMost = 50

func (m *Mailer) put(
	ctx context.Context, campaignIDs []string, facts map[string][]mail.Fact, moves []sink.Move, unreadable map[topics.Name]int,
) error {
	chunks := slices.Collect(slices.Chunk(campaignIDs, campaignsMost))
	if len(chunks) == 0 {
		chunks = [][]string{nil} // the positions move in any case
	}
	for i, chunk := range chunks {
		told := Mailed{}
		var positions []pgstore.Advance
		if i == len(chunks)-1 {
			positions, told.Unreadable = advances(moves), unreadable
		}
		result, err := m.config.Store.WriteMails(ctx, chunk, positions, func(rows map[string][]byte) (pgstore.MailBatch, error) {
			return m.fold(chunk, rows, &told, func(row mail.Row, id string, now instant.Instant) (mail.Row, mail.Mailing) {
				return foldAll(row, facts[id], now)
			})
		})
		if err != nil {
			return err
		}
		told.MailResult = result
		m.tell(told)
	}
	return nil
}

func foldAll(row mail.Row, facts []mail.Fact, now instant.Instant) (mail.Row, mail.Mailing) {
	var all mail.Mailing
	for _, fact := range facts {
		next, mailing := mail.Fold(row, fact, now)
		row = next
		all.Letters = append(all.Letters, mailing.Letters...)
		all.Nobody += mailing.Nobody
		all.Lost += mailing.Lost
	}
	return row, all
}

// fold has decide decide on each campaign, and writes the letters. It begins anew each time that it is called.
func (m *Mailer) fold(
	campaignIDs []string, rows map[string][]byte, told *Mailed,
	decide func(row mail.Row, campaignID string, now instant.Instant) (mail.Row, mail.Mailing),
) (batch pgstore.MailBatch, err error) {
	now := m.config.Clock.Now()
	told.Nobody, told.Lost, told.Broken = 0, 0, nil
	for _, id := range campaignIDs {
		var row mail.Row
		if body, has := rows[id]; has {
			if err := row.UnmarshalBinary(body); err != nil {
				told.Lost++
				told.Broken = append(told.Broken, id)
				batch.Rows = append(batch.Rows, pgstore.MailRow{CampaignID: id, Body: body}) // no more due: no other campaign waits for it
				continue
			}
		}
		row, mailing := decide(row, id, now)
		put := pgstore.MailRow{CampaignID: id, Body: row.AppendBinary(nil)}
		if due := row.NextDue(); due != mail.Never {
			put.DueAt = &due
		}
		batch.Rows = append(batch.Rows, put)
		told.Nobody += mailing.Nobody
		told.Lost += mailing.Lost
		for i := range mailing.Letters {
			batch.Mails = append(batch.Mails, m.mailOf(&mailing.Letters[i], now))
		}
	}
	return batch, nil
}

// mailOf writes a letter. One that cannot be written is recorded as failed.
func (m *Mailer) mailOf(l *mail.Letter, now instant.Instant) pgstore.Mail {
	made := pgstore.Mail{
		ID: l.ID(), CampaignID: l.Campaign.ID, TransitionID: l.TransitionID, Kind: l.Kind.String(), Recipient: l.Recipient.Email,
		Locale: l.Recipient.Locale, NominalAt: l.Nominal, MadeAt: now, State: pgstore.MailWaiting,
	}
	if l.TooOld(now, m.config.MaxAge) {
		made.State = pgstore.MailSkipped
		return made.Fitted()
	}
	message, err := letter.Render(l, m.config.Sender)
	if err != nil {
		made.State, made.Answer = pgstore.MailFailed, err.Error()
		return made.Fitted()
	}
	made.MessageID, made.Subject, made.Message = message.ID, message.Subject, message.Bytes
	made.Sender, made.Recipient = message.From, message.To
	return made.Fitted()
}

// tell tells of what was written, and has the next instant at which a row is due looked up anew.
func (m *Mailer) tell(told Mailed) {
	if m.config.Told != nil {
		m.config.Told(told)
	}
	select {
	case m.nudged <- struct{}{}:
	default:
	}
}

// The pauses of Wake.
const (
	// lookEvery is how soon is seen that another process has written a row that is due.
	lookEvery = 30 * time.Second
	// failedPause is waited after the store did not answer.
	failedPause = 5 * time.Second
)

// Wake mails what has waited long enough, until ctx ends. failed is told when the store does not answer; it is asked again. At
// first it looks once more at rows that could not be read: one that was repaired goes on, of the others is told anew.
func (m *Mailer) Wake(ctx context.Context, failed func(error)) {
	for ctx.Err() == nil {
		_, err := m.config.Store.RouseMails(ctx, m.config.Clock.Now(), mail.RestPrefix())
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			failed(err)
			m.rest(ctx, failedPause, 0, false)
		}
	}
	for ctx.Err() == nil {
		at, waits, err := m.config.Store.NextMailRow(ctx)
		now := m.config.Clock.Now()
		if err == nil && waits && at <= now {
			err = m.wake(ctx, now)
			if err == nil {
				continue
			}
		}
		pause := lookEvery
		if err != nil && ctx.Err() == nil {
			failed(err)
			pause = failedPause
		}
		m.rest(ctx, pause, at, err == nil && waits)
	}
}

// rest waits until an instant has come, where there is one, a row was written, or a while has passed.
func (m *Mailer) rest(ctx context.Context, most time.Duration, at instant.Instant, waits bool) {
	woken := make(chan struct{}, 1)
	if waits {
		defer m.config.Clock.AfterFunc(at, func() { woken <- struct{}{} })()
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-woken:
	case <-m.nudged:
	}
}

func (m *Mailer) wake(ctx context.Context, now instant.Instant) error {
	told := Mailed{}
	result, err := m.config.Store.WakeMails(ctx, now, campaignsMost, func(rows map[string][]byte) (pgstore.MailBatch, error) {
		var campaignIDs []string
		for id := range rows {
			campaignIDs = append(campaignIDs, id)
		}
		slices.Sort(campaignIDs)
		return m.fold(campaignIDs, rows, &told, func(row mail.Row, _ string, _ instant.Instant) (mail.Row, mail.Mailing) {
			return mail.Wake(row, now)
		})
	})
	if err != nil {
		return err
	}
	told.MailResult = result
	m.tell(told)
	return nil
}
