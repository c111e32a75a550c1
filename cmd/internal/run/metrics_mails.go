package run

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/mailer/post"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// mailMetrics are what a process tells of mails.
type mailMetrics struct {
	mails    *prometheus.CounterVec
	records  *prometheus.CounterVec
	failures prometheus.Counter
	answers  prometheus.Histogram
	waiting  prometheus.Gauge
	oldest   prometheus.Gauge
}

var _ post.Told = mailMetrics{}

func newMailMetrics(registry *prometheus.Registry) mailMetrics {
	m := mailMetrics{
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "mails_total",
			Help: "Mails by what became of them: made, skipped (too old when made, or overtaken by the final one), sent, " +
				"retried (refused for now), failed, ambiguous (no answer to the last line); and letters to nobody, since the " +
				"campaign names no contact, or lost, since its contacts, or its row, cannot be told any more.",
		}, []string{"outcome"}),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "mailer_records_total",
			Help: "Records that mails are made of, by whether they were read or unreadable.",
		}, []string{"outcome"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "mailer_failures_total", Help: "Calls of Postgres for mails that failed; each is made again.",
		}),
		answers: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "mail_answer_duration_seconds",
			Help: "From a mail's last line until the server answered.", Buckets: transactionBuckets,
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "mails_waiting", Help: "Mails in the sent log that wait, when last counted, some seconds ago.",
		}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "mails_waiting_oldest_timestamp_seconds",
			Help: "The instant of what the oldest of them tells, in seconds since 1970; 0 without one.",
		}),
	}
	registry.MustRegister(m.mails, m.records, m.failures, m.answers, m.waiting, m.oldest)
	return m
}

// What becomes of mails and of the records that they are made of.
const (
	mailMade      = "made"
	mailSkipped   = "skipped"
	mailSent      = "sent"
	mailRetried   = "retried"
	mailFailed    = "failed"
	mailAmbiguous = "ambiguous"
	mailNobody    = "nobody"
	mailLost      = "lost"

	mailRead       = "read"
	mailUnreadable = "unreadable"
)

// begin shows the counters from the start: what appears with its first event has no growth that could be seen.
func (m mailMetrics) begin() {
	for _, outcome := range []string{
		mailMade, mailSkipped, mailSent, mailRetried, mailFailed, mailAmbiguous, mailNobody, mailLost,
	} {
		m.mails.WithLabelValues(outcome)
	}
	for _, outcome := range []string{mailRead, mailUnreadable} {
		m.records.WithLabelValues(outcome)
	}
}

// made counts what was made of a batch.
func (m mailMetrics) made(told processors.Mailed) {
	for outcome, count := range map[string]int64{
		mailMade: int64(told.Waiting), mailSkipped: int64(told.Skipped), mailFailed: int64(told.Failed),
		mailNobody: told.Nobody, mailLost: told.Lost,
	} {
		m.mails.WithLabelValues(outcome).Add(float64(count))
	}
	for _, count := range told.Unreadable {
		m.records.WithLabelValues(mailUnreadable).Add(float64(count))
	}
}

// Ended implements post.Told.
func (m mailMetrics) Ended(state pgstore.MailState, count int) {
	outcome := map[pgstore.MailState]string{
		pgstore.MailWaiting: mailRetried, pgstore.MailSent: mailSent, pgstore.MailFailed: mailFailed,
		pgstore.MailAmbiguous: mailAmbiguous, pgstore.MailSkipped: mailSkipped,
	}[state]
	m.mails.WithLabelValues(outcome).Add(float64(count))
}

// Answered implements post.Told.
func (m mailMetrics) Answered(took time.Duration) { m.answers.Observe(took.Seconds()) }

// Failed implements post.Told.
func (m mailMetrics) Failed() { m.failures.Inc() }

// Counted implements post.Told.
func (m mailMetrics) Counted(c pgstore.MailCounts) {
	m.waiting.Set(float64(c.Waiting))
	m.oldest.Set(0)
	if c.Oldest != nil {
		m.oldest.Set(float64(*c.Oldest) / 1000)
	}
}
