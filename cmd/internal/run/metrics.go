package run

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/cmd/internal/logging"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// namespace begins every metric of the engine; metricLabel is on each.
const (
	namespace   = "campaign_engine"
	metricLabel = "processor"
)

// metrics are what a process tells of its groups as it happens, by processor. What it is asked for is in overviews.
type metrics struct {
	log          zerolog.Logger
	refusals     *logging.Seldom
	registry     *prometheus.Registry
	outcomes     *prometheus.CounterVec
	refused      *prometheus.CounterVec
	transactions *prometheus.CounterVec
	timers       *prometheus.CounterVec
	rows         *prometheus.CounterVec
	recovered    *prometheus.CounterVec
	fenced       *prometheus.CounterVec
	jumps        *prometheus.CounterVec
	skew         *prometheus.GaugeVec
	restarts     *prometheus.CounterVec
	lost         *prometheus.CounterVec
	lateness     *prometheus.HistogramVec
	locks        *prometheus.HistogramVec
	open         *prometheus.HistogramVec
	commit       *prometheus.HistogramVec
	recovery     *prometheus.HistogramVec
	takeover     *prometheus.HistogramVec
	tables       projectionMetrics
	mails        mailMetrics
	stores       storeMetrics
}

// The buckets of histograms, in seconds.
var (
	latenessBuckets    = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}
	transactionBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	takeoverBuckets    = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 600}
)

func newMetrics(registry *prometheus.Registry, log zerolog.Logger) *metrics {
	if registry == nil {
		registry = prometheus.NewRegistry()
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help},
			append([]string{metricLabel}, labels...))
		registry.MustRegister(c)
		return c
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, []string{metricLabel})
		registry.MustRegister(g)
		return g
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets},
			append([]string{metricLabel}, labels...))
		registry.MustRegister(h)
		return h
	}
	return &metrics{
		log:          log,
		tables:       newProjectionMetrics(registry),
		mails:        newMailMetrics(registry),
		stores:       newStoreMetrics(registry),
		refusals:     logging.NewSeldom(logging.SeldomEvery),
		registry:     registry,
		outcomes:     counter("records_total", "Records by what became of them, counted when committed.", "outcome"),
		refused:      counter("refused_total", "Records sent to dead-letters, by reason.", "reason"),
		transactions: counter("transactions_total", "Kafka transactions by how they ended.", "end"),
		timers:       counter("timers_fired_total", "Timers that fired, counted when committed."),
		rows:         counter("rows_written_total", "Rows written to the table topic, counted when committed."),
		recovered:    counter("recovered_rows_total", "Rows held after partitions were recovered."),
		fenced:       counter("fenced_total", "Transactions of dead owners that were fenced."),
		jumps:        counter("clock_jumps_total", "Jumps of the wall clock that were seen."),
		restarts:     counter("restarts_total", "Group sessions that ended and were joined again."),
		lost:         counter("lost_records_total", "Offsets that were deleted from an input before they were read.", "topic"),
		skew: gauge("clock_ahead_seconds",
			"How far this process's clock is ahead of the brokers' (negative: behind), at the least, when last compared."),
		lateness: histogram("transition_lateness_seconds", "From when a transition could first have been decided until it was "+
			"committed: as due by timers, as applied by lifecycle.", latenessBuckets, "transition"),
		locks: histogram("lock_lateness_seconds", "From when a campaign's settlement was decided, which is the instant of the lock, "+
			"until its count was locked and its release committed.", latenessBuckets),
		open: histogram("transaction_duration_seconds", "From the beginning of a transaction until it was committed.",
			transactionBuckets),
		commit: histogram("commit_duration_seconds", "The part of it that the commit took, in which the group does nothing else.",
			transactionBuckets),
		recovery: histogram("recovery_duration_seconds", "From the start of a recovery until a partition's rows were complete.",
			takeoverBuckets),
		takeover: histogram("takeover_duration_seconds", "From the assignment of a partition until its timers fire.",
			takeoverBuckets),
	}
}

// begin shows a group's counters from the start: what appears with its first event has no growth that could be seen.
func (m *metrics) begin(group topics.Group) {
	if group.PerStore {
		m.beginRouter(group)
		return
	}
	of := group.Short
	for _, c := range []*prometheus.CounterVec{m.timers, m.rows, m.recovered, m.fenced, m.jumps, m.restarts} {
		c.WithLabelValues(of)
	}
	for _, h := range []*prometheus.HistogramVec{m.open, m.commit, m.recovery, m.takeover} {
		h.WithLabelValues(of)
	}
	for _, end := range []string{committed, aborted} {
		m.transactions.WithLabelValues(of, end)
	}
	for _, reason := range schemas.Reasons() {
		m.refused.WithLabelValues(of, string(reason))
	}
	for _, outcome := range outcomesOf(of) {
		m.outcomes.WithLabelValues(of, outcome)
	}
	switch of {
	case topics.Budgets:
		m.locks.WithLabelValues(of)
	case topics.Timers, topics.Lifecycle:
		for _, transition := range schemas.Transitions() {
			m.lateness.WithLabelValues(of, string(transition))
		}
	}
	for _, input := range group.Inputs {
		m.lost.WithLabelValues(of, string(input))
	}
}

// warnOfRefused tells that records were refused, one line per reason in logging.SeldomEvery: who published them does not
// hear of it in any other way.
func (m *metrics) warnOfRefused(processor, reason string, count int) {
	m.refusals.Tell(processor+"/"+reason, count, func(count int) {
		m.log.Warn().Str("processor", processor).Str("reason", reason).Int("records", count).
			Str("to_see_them", "campaignctl tail --from-beginning "+string(topics.DeadLetters)).
			Msg("records were refused and went to dead-letters")
	})
}

// How transactions end.
const (
	committed = "committed"
	aborted   = "aborted"
)

// lateTo returns where the lateness of a transition is noted, or that of a lock, which is none.
func (m *metrics) lateTo(processor, of string) prometheus.Observer {
	if of == processors.Locked {
		return m.locks.WithLabelValues(processor)
	}
	return m.lateness.WithLabelValues(processor, of)
}

// observer returns what one group's engine tells its counts to; owned is kept at the number of its partitions.
func (m *metrics) observer(processor string, owned *atomic.Int32) engine.Observer {
	return engine.Observer{
		Counted: func(byName map[string]int) {
			for name, count := range byName {
				if reason, refused := strings.CutPrefix(name, processors.Refused); refused {
					m.refused.WithLabelValues(processor, reason).Add(float64(count))
					m.warnOfRefused(processor, reason, count)
					continue
				}
				m.outcomes.WithLabelValues(processor, name).Add(float64(count))
			}
		},
		Late: func(transition string, by time.Duration, count int) {
			histogram := m.lateTo(processor, transition)
			for range count {
				histogram.Observe(by.Seconds())
			}
		},
		Committed: func(_, timers, rows int, open, commit time.Duration) {
			m.transactions.WithLabelValues(processor, committed).Inc()
			m.timers.WithLabelValues(processor).Add(float64(timers))
			m.rows.WithLabelValues(processor).Add(float64(rows))
			m.open.WithLabelValues(processor).Observe(open.Seconds())
			m.commit.WithLabelValues(processor).Observe(commit.Seconds())
		},
		Aborted: func(string) { m.transactions.WithLabelValues(processor, aborted).Inc() },
		Recovered: func(_ int32, rows int, took time.Duration) {
			m.recovered.WithLabelValues(processor).Add(float64(rows))
			m.recovery.WithLabelValues(processor).Observe(took.Seconds())
		},
		Fires:     func(_ int32, took time.Duration) { m.takeover.WithLabelValues(processor).Observe(took.Seconds()) },
		Fenced:    func(string) { m.fenced.WithLabelValues(processor).Inc() },
		ClockJump: func(time.Duration) { m.jumps.WithLabelValues(processor).Inc() },
		ClockSkew: func(by time.Duration) { m.skew.WithLabelValues(processor).Set(by.Seconds()) },
		Assigned:  func(partitions int) { owned.Store(int32(partitions)) },
		Restarted: func(string) { m.restarts.WithLabelValues(processor).Inc() },
		Lost: func(topic string, offsets int64) {
			m.lost.WithLabelValues(processor, topic).Add(float64(offsets))
		},
	}
}
