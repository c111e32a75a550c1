package processors_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/mailer/letter"
	"github.com/rmn-arms/campaign-engine/processors/sink"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// mailMemory keeps mails as the database does.
type mailMemory struct {
	mu        sync.Mutex
	rows      map[string]pgstore.MailRow
	mails     map[string]pgstore.Mail
	positions map[pgstore.Partition]int64
	writes    []int // campaigns of each
	woken     chan struct{}
}

func newMailMemory() *mailMemory {
	return &mailMemory{
		rows: map[string]pgstore.MailRow{}, mails: map[string]pgstore.Mail{}, positions: map[pgstore.Partition]int64{},
		woken: make(chan struct{}, 100),
	}
}

func (s *mailMemory) CheckMailTopics(context.Context, map[string]pgstore.TopicID) error { return nil }

func (s *mailMemory) MailPositions(context.Context, ...string) (map[pgstore.Partition]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.positions), nil
}

func (s *mailMemory) WriteMails(
	_ context.Context, ids []string, moves []pgstore.Advance, fold pgstore.MailFold,
) (pgstore.MailResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range moves {
		present, known := s.positions[m.Partition]
		if !known {
			present = pgstore.Unread
		}
		if present != m.From {
			return pgstore.MailResult{}, pgstore.ErrOvertaken
		}
	}
	s.writes = append(s.writes, len(ids))
	result, err := s.put(ids, fold)
	for _, m := range moves {
		s.positions[m.Partition] = m.Next
	}
	return result, err
}

func (s *mailMemory) put(ids []string, fold pgstore.MailFold) (result pgstore.MailResult, _ error) {
	rows := map[string][]byte{}
	for _, id := range ids {
		if row, has := s.rows[id]; has {
			rows[id] = slices.Clone(row.Body)
		}
	}
	batch, err := fold(rows)
	if err != nil {
		return result, err
	}
	for _, row := range batch.Rows {
		s.rows[row.CampaignID] = row
	}
	for _, m := range batch.Mails {
		if err := m.Check(); err != nil {
			return result, err
		}
		if _, has := s.mails[m.ID]; has {
			result.Repeated++
			continue
		}
		s.mails[m.ID] = m
		switch m.State {
		case pgstore.MailSkipped:
			result.Skipped++
		case pgstore.MailFailed:
			result.Failed++
		default:
			result.Waiting++
		}
	}
	result.Rows = len(batch.Rows)
	return result, nil
}

func (s *mailMemory) WakeMails(
	_ context.Context, now instant.Instant, most int, fold pgstore.MailFold,
) (pgstore.MailResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []string
	for id, row := range s.rows {
		if row.DueAt != nil && *row.DueAt <= now && len(due) < most {
			due = append(due, id)
		}
	}
	defer func() { s.woken <- struct{}{} }()
	return s.put(due, fold)
}

func (s *mailMemory) RouseMails(_ context.Context, at instant.Instant, rest []byte) (roused int64, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, row := range s.rows {
		if row.DueAt == nil && !bytes.HasPrefix(row.Body, rest) {
			row.DueAt = &at
			s.rows[id] = row
			roused++
		}
	}
	return roused, nil
}

func (s *mailMemory) NextMailRow(context.Context) (at instant.Instant, found bool, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range s.rows {
		if row.DueAt != nil && (!found || *row.DueAt < at) {
			at, found = *row.DueAt, true
		}
	}
	return at, found, nil
}

// log returns the mails as "kind recipient state", in order.
func (s *mailMemory) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, m := range s.mails {
		all = append(all, m.Kind+" "+m.Recipient+" "+string(m.State))
	}
	slices.Sort(all)
	return all
}

// mailing is a mailer over a store in memory, and the records that it reads.
type mailing struct {
	t       *testing.T
	store   *mailMemory
	clock   *processors.VirtualClock
	mailer  *processors.Mailer
	told    processors.Mailed // the sum
	offsets map[topics.Name]int64
}

const (
	mailStart instant.Instant = 1_795_000_000_000
	mailEnd   instant.Instant = mailStart + 3_600_000
)

func newMailing(t *testing.T) *mailing {
	t.Helper()
	m := &mailing{t: t, store: newMailMemory(), clock: processors.NewVirtualClock(mailStart), offsets: map[topics.Name]int64{}}
	sender, err := letter.NewSender("Campaigns <campaigns@engine.example>", "")
	if err != nil {
		t.Fatal(err)
	}
	m.mailer = processors.NewMailer(processors.MailerConfig{
		Store: m.store, Sender: sender, MaxAge: 24 * 3_600_000, Clock: m.clock,
		Told: func(told processors.Mailed) {
			m.told.Waiting += told.Waiting
			m.told.Skipped += told.Skipped
			m.told.Repeated += told.Repeated
			m.told.Lost += told.Lost
			m.told.Broken = append(m.told.Broken, told.Broken...)
			for topic, count := range told.Unreadable {
				if m.told.Unreadable == nil {
					m.told.Unreadable = map[topics.Name]int{}
				}
				m.told.Unreadable[topic] += count
			}
		},
	})
	return m
}

// read has the mailer take records, as one batch.
func (m *mailing) read(records ...*kgo.Record) {
	m.t.Helper()
	moved := map[topics.Name]sink.Move{}
	for _, r := range records {
		topic := topics.Name(r.Topic)
		move, begun := moved[topic]
		if !begun {
			move = sink.Move{Partition: sink.Partition{Topic: r.Topic}, From: m.offsets[topic], Next: m.offsets[topic]}
			if move.From == 0 {
				move.From = sink.Unread
			}
		}
		move.Next++
		moved[topic] = move
	}
	var moves []sink.Move
	for topic, move := range moved {
		m.offsets[topic] = move.Next
		moves = append(moves, move)
	}
	if err := m.mailer.Prepare(records)(m.t.Context(), moves); err != nil {
		m.t.Fatal(err)
	}
}

// recordOf returns a record of a topic, as it stands on the wire.
func mailRecord[D any](t *testing.T, topic topics.Name, kind schemas.Type, id string, data D) *kgo.Record {
	t.Helper()
	value, err := json.Marshal(schemas.NewEvent(id+"/"+string(kind), kind, id, schemas.Instant(mailStart), data))
	if err != nil {
		t.Fatal(err)
	}
	return &kgo.Record{Topic: string(topic), Key: []byte(id), Value: value}
}

func (m *mailing) defined(id string, emails ...string) *kgo.Record {
	d := schemas.Definition{
		CampaignID: id, Revision: 1, AdvertiserID: "a-1", Name: "Spring sale", StartsAt: new(schemas.Instant(mailStart)),
		EndsAt: new(schemas.Instant(mailEnd)), TimeZone: "Europe/Berlin", Budget: schemas.Money{Amount: "500.00", Currency: "USD"},
	}
	for _, email := range emails {
		d.Contacts = append(d.Contacts, schemas.Contact{Email: email, Name: "Desk", Locale: "de"})
	}
	return mailRecord(m.t, topics.CampaignEvents, schemas.CampaignCreated, id, d)
}

func (m *mailing) applied(id string, sequence int64, transition schemas.Transition, at instant.Instant) *kgo.Record {
	m.t.Helper()
	placed, err := topics.EncodePlaced(schemas.Placed{
		CampaignID: id, Revision: 1, AdvertiserID: "a-1", Name: "Spring sale", StartsAt: schemas.Instant(mailStart),
		EndsAt: schemas.Instant(mailEnd), TimeZone: "Europe/Berlin", Budget: schemas.Money{Amount: "500.00", Currency: "USD"},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	a := schemas.Applied{
		Due: schemas.Due{
			TransitionID: schemas.TransitionID(id, 1, transition), CampaignID: id, Revision: 1, Transition: transition,
			ScheduledFor: schemas.Instant(at), DecidedAt: schemas.Instant(at), Campaign: placed,
		},
		From: schemas.Scheduled, To: schemas.Scheduled, AppliedAt: schemas.Instant(at), Sequence: sequence,
	}
	switch transition {
	case schemas.Schedule:
		a.From = ""
	case schemas.Start:
		a.To, a.FirstActive = schemas.Active, true
	case schemas.End:
		a.From, a.To = schemas.Active, schemas.Completed
	}
	return mailRecord(m.t, topics.TransitionsApplied, schemas.TransitionApplied, id, a)
}

func (m *mailing) settled(id string) *kgo.Record {
	usd := func(amount string) schemas.Money { return schemas.Money{Amount: amount, Currency: "USD"} }
	return mailRecord(m.t, topics.CampaignStatements, schemas.StatementFinal, id, schemas.Statement{
		StatementID: id + "/1", Version: 1, CampaignID: id, AdvertiserID: "a-1", Revision: 1, Status: schemas.Completed,
		LockedAt: schemas.Instant(mailEnd), Plays: 3, Impressions: "4.5", Budget: usd("500.00"), Cost: "1", Spent: usd("1.00"),
		Released: usd("499.00"), ByStore: []schemas.StoreLine{{StoreID: "s-1", Tally: schemas.Tally{Plays: 3, Impressions: "4.5"}}},
		ByStoreTotal: 1, NotCounted: map[schemas.Verdict]int64{schemas.PlayDuplicate: 2},
	})
}
