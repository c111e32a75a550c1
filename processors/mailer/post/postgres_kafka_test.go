//go:build kafka

package post

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/state/pgstore/pgtest"
)

// postgres is the sent log in Postgres.
type postgres struct {
	*pgstore.Store
	t *testing.T
}

func (p postgres) add(mails ...pgstore.Mail) {
	p.t.Helper()
	if _, err := p.WriteMails(context.Background(), nil, nil, func(map[string][]byte) (pgstore.MailBatch, error) {
		return pgstore.MailBatch{Mails: mails}, nil
	}); err != nil {
		p.t.Fatal(err)
	}
}

func (p postgres) log(ctx context.Context) (map[string]logged, error) {
	lines, _, err := p.Mails(ctx, pgstore.MailLog{Limit: 100_000})
	all := map[string]logged{}
	for _, m := range lines {
		all[localPart(m.Recipient)] = logged{m.State, m.Answer, m.Attempts}
	}
	return all, err
}

// onPostgres makes sent logs in databases of their own.
func onPostgres(t *testing.T) openLog {
	server := pgtest.Start(t)
	admin := server.URL("owner", "postgres")
	var count atomic.Int64
	return func(t *testing.T, _ *handClock) sentLog {
		t.Helper()
		name := fmt.Sprintf("log%d", count.Add(1))
		if _, err := pgtest.Query(context.Background(), admin, "CREATE DATABASE "+name); err != nil {
			t.Fatal(err)
		}
		return openPostgres(t, server.URL("owner", name))
	}
}

func openPostgres(t *testing.T, url string) postgres {
	t.Helper()
	store, err := pgstore.Open(context.Background(), pgstore.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return postgres{store, t}
}

func TestFaultsOnPostgres(t *testing.T) { testFaults(t, onPostgres(t)) }

func TestSendersOnPostgres(t *testing.T) { testSenders(t, onPostgres(t)) }

func TestOvertakenOnPostgres(t *testing.T) { testOvertaken(t, onPostgres(t)) }

func TestKilledAtEachStepOnPostgres(t *testing.T) { testKilled(t, onPostgres(t)) }

// meeting is a sent log of several processes, of which none sends before each has mails in hand.
type meeting struct {
	postgres
	arrive  func() // once
	arrived *sync.WaitGroup
}

func (m meeting) ClaimMails(ctx context.Context, c pgstore.MailClaim) ([]pgstore.ClaimedMail, error) {
	claimed, err := m.postgres.ClaimMails(ctx, c)
	if len(claimed) > 0 {
		m.arrive()
		m.arrived.Wait()
	}
	return claimed, err
}

// TestSeveralProcesses: three senders on one log send each mail once.
func TestSeveralProcesses(t *testing.T) {
	server := pgtest.Start(t, "fsync=off")
	clock := &handClock{now: noon}
	log := openPostgres(t, server.URL("owner", "postgres"))
	var mails []pgstore.Mail
	for i := range 300 {
		mails = append(mails, mailTo(fmt.Sprintf("m%d", i)))
	}
	log.add(mails...)
	r := newRig(t, nil)
	to, err := ParseServer("smtp://" + r.address + "?tls=none")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var sent atomic.Int64
	var by [3]atomic.Int64
	var running, arrived sync.WaitGroup
	arrived.Add(len(by))
	for i := range by {
		own := meeting{openPostgres(t, server.URL("owner", "postgres")), sync.OnceFunc(arrived.Done), &arrived}
		s := newTestSender(own, NewSMTP(to, "engine.example"), clock)
		s.config.By = fmt.Sprintf("p-%d", i)
		s.config.Told = counts{func() {
			by[i].Add(1)
			if sent.Add(1) == int64(len(mails)) {
				cancel()
			}
		}}
		running.Go(func() { s.Run(ctx) })
	}
	running.Wait()
	for id, count := range r.counts() {
		if count != 1 {
			t.Errorf("%s was taken %d times", id, count)
		}
	}
	if len(r.counts()) != len(mails) {
		t.Errorf("%d of %d mails were taken", len(r.counts()), len(mails))
	}
	for i := range by {
		if by[i].Load() == 0 {
			t.Errorf("process %d has sent nothing", i)
		}
	}
}

// counts calls for each mail that was sent.
type counts struct{ sent func() }

func (c counts) Ended(state pgstore.MailState, n int) {
	if state == pgstore.MailSent && n > 0 {
		c.sent()
	}
}
func (c counts) Answered(time.Duration)     {}
func (c counts) Failed()                    {}
func (c counts) Counted(pgstore.MailCounts) {}
