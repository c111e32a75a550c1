package processors_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/sink"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/mail"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// story is a campaign from its definition to its statement.
func (m *mailing) story(id string) []*kgo.Record {
	return []*kgo.Record{
		m.defined(id, "a@example.com", "b@EXAMPLE.com"), m.applied(id, 1, schemas.Schedule, mailStart-1000),
		m.applied(id, 2, schemas.Start, mailStart), m.applied(id, 3, schemas.End, mailEnd), m.settled(id),
	}
}

func TestMailer(t *testing.T) {
	m := newMailing(t)
	story := m.story("c-1")
	m.read(story[:3]...)
	started := []string{"started a@example.com waiting", "started b@example.com waiting"}
	if diff := cmp.Diff(started, m.store.log()); diff != "" {
		t.Errorf("at the start (-want +got):\n%s", diff)
	}
	m.clock.Set(mailEnd)
	m.read(story[3:]...)
	all := append([]string{"final a@example.com waiting", "final b@example.com waiting"}, started...)
	if diff := cmp.Diff(all, m.store.log()); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
	m.read(story...) // again, from the beginning
	if diff := cmp.Diff(all, m.store.log()); diff != "" || m.told.Waiting != 4 {
		t.Errorf("read again: %+v (-want +got):\n%s", m.told, diff)
	}
	// Whatever became of the rows, what was mailed is not mailed again.
	clear(m.store.rows)
	m.read(story...)
	if diff := cmp.Diff(all, m.store.log()); diff != "" || m.told.Waiting != 4 || m.told.Repeated == 0 {
		t.Errorf("made again: %+v (-want +got):\n%s", m.told, diff)
	}
	for _, made := range m.store.mails {
		if made.MessageID != made.ID+"@engine.example" || made.Sender != "campaigns@engine.example" || made.Subject == "" {
			t.Errorf("%+v", made)
		}
	}
}

// TestMailerAfterAnOutage: what is too old is recorded, and not sent.
func TestMailerAfterAnOutage(t *testing.T) {
	m := newMailing(t)
	m.clock.Set(mailStart + 24*3_600_000 + 1)
	m.read(m.story("c-1")...)
	want := []string{
		"final a@example.com waiting", "final b@example.com waiting", "started a@example.com skipped", "started b@example.com skipped",
	}
	if diff := cmp.Diff(want, m.store.log()); diff != "" || m.told.Skipped != 2 {
		t.Errorf("%+v (-want +got):\n%s", m.told, diff)
	}
}

// TestMailerAndTheUnreadable: what only the engine may write, and somebody else wrote, is told and holds up nothing. What services
// write wrongly is refused elsewhere.
func TestMailerAndTheUnreadable(t *testing.T) {
	m := newMailing(t)
	var records []*kgo.Record
	for _, topic := range []topics.Name{
		topics.CampaignEvents, topics.TransitionsApplied, topics.CampaignStatements, topics.ProvisionalStatements,
		topics.CampaignReadiness,
	} {
		for _, value := range []string{"", "{}", "\x00\xff", `{"data":{"campaign_id":"c-1"}}`, `{"data":{"campaign_id":"c\u0000"}}`} {
			records = append(records, &kgo.Record{Topic: string(topic), Key: []byte("c\x00"), Value: []byte(value)})
		}
	}
	elsewhere := m.applied("c-1", 1, schemas.Schedule, mailStart)
	elsewhere.Key = []byte("c-2")
	m.read(append(append(records, elsewhere), m.story("c-1")...)...)
	want := map[topics.Name]int{
		topics.TransitionsApplied: 6, topics.CampaignStatements: 5, topics.ProvisionalStatements: 5, topics.CampaignReadiness: 5,
	}
	if diff := cmp.Diff(want, m.told.Unreadable); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(m.store.log()) != 4 || m.store.positions[pgstore.Partition{Topic: string(topics.TransitionsApplied)}] != 9 {
		t.Errorf("%v, %v", m.store.log(), m.store.positions)
	}
}

// TestMailerAndARowThatCannotBeRead: its campaign is told of and left alone, it is not due again and again, and others are mailed.
func TestMailerAndARowThatCannotBeRead(t *testing.T) {
	m := newMailing(t)
	due := mailStart
	m.store.rows["c-0"] = pgstore.MailRow{CampaignID: "c-0", Body: []byte("no row"), DueAt: &due}
	m.read(append(m.story("c-0"), m.story("c-1")...)...)
	if diff := cmp.Diff([]string{"c-0"}, m.told.Broken); diff != "" || m.told.Lost != 1 || len(m.store.log()) != 4 {
		t.Errorf("%+v, %v", m.told, m.store.log())
	}
	if row := m.store.rows["c-0"]; string(row.Body) != "no row" || row.DueAt != nil {
		t.Errorf("the row became %q, due %v", row.Body, row.DueAt)
	}
}

// TestMailerAndARowThatWasRepaired: when the mailer starts its letter goes out, and of one that was not is told again, once.
func TestMailerAndARowThatWasRepaired(t *testing.T) {
	m := newMailing(t)
	wake := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { m.mailer.Wake(ctx, func(err error) { t.Error(err) }) })
		<-m.store.woken
		cancel()
		running.Wait()
	}
	m.clock.Set(mailEnd)
	m.read(append(m.story("c-0")[:4], m.story("c-1")[:4]...)...)
	began := m.store.log()
	whole := m.store.rows["c-1"].Body
	for id, row := range m.store.rows {
		row.Body = append(slices.Clone(row.Body), 'x')
		m.store.rows[id] = row
	}
	m.clock.Set(mailEnd.Add(mail.FinalWait))
	wake()
	if diff := cmp.Diff([]string{"c-0", "c-1"}, m.told.Broken); diff != "" {
		t.Error(diff)
	}
	m.store.rows["c-1"] = pgstore.MailRow{CampaignID: "c-1", Body: whole}
	wake()
	if diff := cmp.Diff([]string{"c-0", "c-1", "c-0"}, m.told.Broken); diff != "" {
		t.Error(diff)
	}
	if got := m.store.log(); len(got) != len(began)+2 || m.store.rows["c-0"].DueAt != nil {
		t.Errorf("%v became %v; %v", began, got, m.store.rows["c-0"].DueAt)
	}
}

// TestMailerAndAnotherTimeZoneDatabase: timers have accepted a zone that this process does not know. Its contacts are written to
// when nothing better has come for a while; of one that breaks a rule of any database they are not.
func TestMailerAndAnotherTimeZoneDatabase(t *testing.T) {
	m := newMailing(t)
	story := slices.Concat(m.story("c-1")[:3], m.story("c-2")[:3])
	replace := func(r *kgo.Record, old, by string) {
		if !bytes.Contains(r.Value, []byte(old)) {
			t.Fatalf("%s is not in %s", old, r.Value)
		}
		r.Value = bytes.Replace(r.Value, []byte(old), []byte(by), 1)
	}
	replace(story[0], "Europe/Berlin", "Mars/Olympus")
	replace(story[3], `"ends_at":"2026`, `"ends_at":"1999`)
	m.read(story...)
	if got := m.store.log(); len(got) != 0 {
		t.Errorf("mailed at once: %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { m.mailer.Wake(ctx, func(err error) { t.Error(err) }) })
	m.clock.Set(mailStart.Add(mail.DoubtWait))
	<-m.store.woken
	cancel()
	running.Wait()
	want := []string{"started a@example.com waiting", "started b@example.com waiting"}
	if diff := cmp.Diff(want, m.store.log()); diff != "" || m.store.rows["c-2"].DueAt != nil {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMailerBatches: one transaction has so many campaigns, and positions move with the last.
func TestMailerBatches(t *testing.T) {
	m := newMailing(t)
	var records []*kgo.Record
	for i := range 120 {
		records = append(records, m.defined(fmt.Sprintf("c-%03d", i), "a@example.com"))
	}
	put := m.mailer.Prepare(records)
	moves := []sink.Move{{Partition: sink.Partition{Topic: string(topics.CampaignEvents)}, From: 7, Next: 127}}
	if err := put(t.Context(), moves); !errors.Is(err, sink.ErrOvertaken) {
		t.Errorf("another has written on: %v", err)
	}
	if diff := cmp.Diff([]int{50, 50}, m.store.writes); diff != "" {
		t.Error(diff)
	}
	moves[0].From = sink.Unread
	if err := put(t.Context(), moves); err != nil || len(m.store.rows) != 120 {
		t.Errorf("%v, %d rows", err, len(m.store.rows))
	}
	if diff := cmp.Diff([]int{50, 50, 50, 50, 20}, m.store.writes); diff != "" {
		t.Error(diff)
	}
	m.store.writes = nil
	if err := m.mailer.Prepare(nil)(t.Context(), moves[:0]); err != nil || len(m.store.writes) != 1 {
		t.Errorf("a batch without facts moves its positions: %v, %v", err, m.store.writes)
	}
}

// TestMailerWakes: a letter that waits for a statement goes out as provisional when its time has come.
func TestMailerWakes(t *testing.T) {
	m := newMailing(t)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { m.mailer.Wake(ctx, func(err error) { t.Error(err) }) })
	m.clock.Set(mailEnd)
	m.read(m.story("c-1")[:4]...)
	m.clock.Set(mailEnd.Add(mail.FinalWait))
	<-m.store.woken
	cancel()
	running.Wait()
	want := []string{
		"provisional a@example.com waiting", "provisional b@example.com waiting",
		"started a@example.com waiting", "started b@example.com waiting",
	}
	if diff := cmp.Diff(want, m.store.log()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
