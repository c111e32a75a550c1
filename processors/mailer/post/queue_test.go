package post

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

const noon instant.Instant = 1_795_000_000_000

// memory is a sent log in memory, with the rules of the one in Postgres; TestFaultsOnPostgres holds the two against each other.
type memory struct {
	clock *handClock

	mu    sync.Mutex
	mails map[string]*entry
}

type entry struct {
	pgstore.ClaimedMail
	state  pgstore.MailState
	by     string
	held   bool
	nextAt instant.Instant
}

func newMemory(clock *handClock) *memory { return &memory{clock: clock, mails: map[string]*entry{}} }

func (q *memory) add(mails ...pgstore.Mail) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range mails {
		q.mails[m.ID] = &entry{ClaimedMail: pgstore.ClaimedMail{Mail: m}, state: pgstore.MailWaiting, nextAt: m.NominalAt}
	}
}

func (q *memory) ordered() []*entry {
	var all []*entry
	for _, e := range q.mails {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.nextAt, b.nextAt), strings.Compare(a.ID, b.ID))
	})
	return all
}

func (q *memory) ClaimMails(ctx context.Context, c pgstore.MailClaim) (claimed []pgstore.ClaimedMail, _ error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, e := range q.ordered() {
		lost := c.Lost && e.by == c.By && !slices.Contains(c.InHand, e.ID)
		if len(claimed) < c.Most && e.state == pgstore.MailWaiting && (!e.held || lost) && e.nextAt <= c.Now && !left(e, c) {
			e.held, e.by = true, c.By
			e.Claim++
			mail := e.ClaimedMail
			mail.After = time.Duration(len(claimed)) * c.Every
			mail.Overtaken = e.Kind == c.Provisional && q.overtaken(e, c.Final)
			claimed = append(claimed, mail)
		}
	}
	return claimed, nil
}

func (q *memory) overtaken(e *entry, final string) bool {
	for _, f := range q.mails {
		of := f.Kind == final && f.TransitionID == e.TransitionID && f.Recipient == e.Recipient
		leaves := slices.Contains([]pgstore.MailState{pgstore.MailSending, pgstore.MailSent, pgstore.MailAmbiguous}, f.state)
		if of && (leaves || f.state == pgstore.MailWaiting && e.Attempts > 0) {
			return true
		}
	}
	return false
}

func left(e *entry, c pgstore.MailClaim) bool {
	_, domain, _ := strings.Cut(e.Recipient, "@")
	return slices.Contains(c.NotTo, strings.ToLower(domain)) || slices.Contains(c.NotOf, e.CampaignID)
}

func (q *memory) BeginMail(ctx context.Context, id string, claim int64) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	e := q.mails[id]
	if e.Claim != claim || e.state != pgstore.MailWaiting {
		return false, nil
	}
	e.state = pgstore.MailSending
	return true, nil
}

func (q *memory) EndMail(ctx context.Context, id string, claim int64, end pgstore.MailEnd) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	e := q.mails[id]
	if e.Claim != claim || !slices.Contains([]pgstore.MailState{pgstore.MailWaiting, pgstore.MailSending, pgstore.MailAmbiguous}, e.state) {
		return false, nil
	}
	if e.state, e.Answer, e.held = end.State, end.Answer, false; end.State == pgstore.MailWaiting {
		e.Claim++
	}
	if end.Tried {
		e.Attempts++
	}
	if end.NextAt != nil {
		e.nextAt = *end.NextAt
	}
	return true, nil
}

func (q *memory) SweepMails(_ context.Context, w pgstore.MailSweep) (swept pgstore.SweptMails, _ error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.mails {
		switch {
		case e.state == pgstore.MailSending && e.by == w.By:
			e.state = pgstore.MailAmbiguous
			swept.Ambiguous++
		case e.state == pgstore.MailWaiting && e.held && e.by == w.By:
			e.held = false
		case e.state == pgstore.MailWaiting && !e.held && max(e.NominalAt, e.MadeAt) < w.Before:
			e.state, e.Answer = pgstore.MailFailed, w.Late
			swept.Failed++
		}
	}
	return swept, nil
}

func (q *memory) MailCounts(context.Context) (c pgstore.MailCounts, _ error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.mails {
		switch e.state {
		case pgstore.MailWaiting:
			c.Waiting++
		case pgstore.MailSending:
			c.Sending++
		}
	}
	return c, nil
}

// log returns the states and answers, by the recipients' local parts.
func (q *memory) log(context.Context) (map[string]logged, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := map[string]logged{}
	for _, e := range q.mails {
		all[localPart(e.Recipient)] = logged{e.state, e.Answer, e.Attempts}
	}
	return all, nil
}

// logged is a line of the sent log.
type logged struct {
	state    pgstore.MailState
	answer   string
	attempts int32
}

func localPart(address string) string {
	local, _, _ := strings.Cut(address, "@")
	return local
}

// mailTo is a mail to somebody at example.com.
func mailTo(local string) pgstore.Mail {
	id := local + "@engine.example"
	return pgstore.Mail{
		ID: id, MessageID: id, CampaignID: "c-1", TransitionID: "c-1/1/start", Kind: "started", Sender: "campaigns@engine.example", Recipient: local + "@example.com", Locale: "en",
		NominalAt: noon, State: pgstore.MailWaiting,
		Message: fmt.Appendf(nil, "Message-ID: <%s>\r\nSubject: started\r\n\r\n.a line that begins with a dot\r\n", id),
	}
}

// handClock is driven by hand; time that passes for the server goes on by itself.
type handClock struct {
	mu  sync.Mutex
	now instant.Instant
}

func (c *handClock) Now() instant.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) Elapsed() time.Duration { return time.Duration(c.Now()-noon) * time.Millisecond }

func (c *handClock) AfterFunc(instant.Instant, func()) func() { return func() {} }

func (c *handClock) add(d instant.Millis) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
