package run

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestWithoutADatabaseThereAreNoMails, which the log and /readyz say; nothing else waits for it.
func TestWithoutADatabaseThereAreNoMails(t *testing.T) {
	var log bytes.Buffer
	group, _ := topics.GroupNamed(topics.Mailer)
	p := &Process{reach: newReach(prometheus.NewRegistry()), settings: Settings{
		Database: func(context.Context) (string, error) { return "", errors.New("no Postgres is installed") },
		Log:      zerolog.New(&log), Clock: processors.SystemClock(),
	}}
	p.beginSink(group, newMetrics(prometheus.NewRegistry(), zerolog.Nop()))
	p.mails.run(t.Context())
	want := []string{"mailer: no mails are made or sent: no Postgres is installed"}
	if diff := cmp.Diff(want, p.CatchingUp()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(log.String(), "there is no database: no mails are made or sent") {
		t.Errorf("the log says %s", log.String())
	}
}

// TestWhatBecomesOfMailsIsCounted, in the words of the README and of the alerts.
func TestWhatBecomesOfMailsIsCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, zerolog.Nop())
	m.mails.begin()
	m.mails.made(processors.Mailed{
		MailResult: pgstore.MailResult{Waiting: 9, Skipped: 8, Failed: 1, Repeated: 7}, Nobody: 6, Lost: 5,
		Unreadable: map[topics.Name]int{topics.CampaignReadiness: 3, topics.CampaignStatements: 1},
	})
	for state, count := range map[pgstore.MailState]int{
		pgstore.MailSent: 4, pgstore.MailFailed: 3, pgstore.MailAmbiguous: 2, pgstore.MailWaiting: 11, pgstore.MailSkipped: 1,
	} {
		m.mails.Ended(state, count)
	}
	m.mails.Answered(2 * time.Second)
	m.mails.Failed()
	want := map[string]float64{
		"mails_total made": 9, "mails_total skipped": 9, "mails_total failed": 4, "mails_total nobody": 6, "mails_total lost": 5,
		"mails_total sent": 4, "mails_total ambiguous": 2, "mails_total retried": 11,
		"mailer_records_total unreadable": 4, "mailer_failures_total": 1,
		"mail_answer_duration_seconds": 1, "mail_answer_duration_seconds sum": 2,
	}
	if diff := cmp.Diff(want, values(t, registry)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMailsUnderAFastClock are not given up because a day passes in a second.
func TestMailsUnderAFastClock(t *testing.T) {
	mails := Mails{MaxAge: 24 * 3_600_000}
	if got := mails.maxAge(processors.SystemClock()); got != mails.MaxAge {
		t.Errorf("by the time of day mails get %d ms old", got)
	}
	clock := processors.DrivenClock(instant.Min, processors.DrivenRateMax)
	if got := mails.maxAge(clock); instant.Min.Add(got) < processors.DrivenLast {
		t.Errorf("by a clock that is driven mails get %d ms old", got)
	}
}
