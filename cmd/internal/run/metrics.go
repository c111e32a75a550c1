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
	"github.com/rmn-arms/campaign-engine/topics"
)

// metrics are the counters of a process, by processor.
type metrics struct {
	log          zerolog.Logger
	refusals     *logging.Seldom
	registry     *prometheus.Registry
	outcomes     *prometheus.CounterVec
	refused      *prometheus.CounterVec
	transactions *prometheus.CounterVec
	recovered    *prometheus.CounterVec
	fenced       *prometheus.CounterVec
	jumps        *prometheus.CounterVec
	restarts     *prometheus.CounterVec
	lost         *prometheus.CounterVec
	partitions   *prometheus.GaugeVec
}

func newMetrics(registry *prometheus.Registry, log zerolog.Logger) *metrics {
	if registry == nil {
		registry = prometheus.NewRegistry()
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "campaign_engine", Name: name, Help: help},
			append([]string{"processor"}, labels...))
		registry.MustRegister(c)
		return c
	}
	m := &metrics{
		log:          log,
		refusals:     logging.NewSeldom(logging.SeldomEvery),
		registry:     registry,
		outcomes:     counter("records_total", "Records by what became of them, counted when committed.", "outcome"),
		refused:      counter("refused_total", "Records sent to dead-letters, by reason.", "reason"),
		transactions: counter("transactions_total", "Kafka transactions by how they ended.", "end"),
		recovered:    counter("recovered_rows_total", "Rows held after partitions were recovered."),
		fenced:       counter("fenced_total", "Transactions of dead owners that were fenced."),
		jumps:        counter("clock_jumps_total", "Jumps of the wall clock that were seen."),
		restarts:     counter("restarts_total", "Group sessions that ended and were joined again."),
		lost:         counter("lost_records_total", "Offsets that were deleted from an input before they were read.", "topic"),
		partitions: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "campaign_engine", Name: "partitions", Help: "Partitions that this process owns.",
		}, []string{"processor"}),
	}
	registry.MustRegister(m.partitions)
	return m
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

// follow shows what an engine is asked for, not told.
func (m *metrics) follow(processor string, e *engine.Engine) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "campaign_engine", Name: "partitions_catching_up",
		Help:        "Partitions of this process whose timers do not fire yet: their rows or inputs are still being read.",
		ConstLabels: prometheus.Labels{"processor": processor},
	}, func() float64 { return float64(e.CatchingUp()) }))
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
		Committed: func(int, int, int, time.Duration, time.Duration) {
			m.transactions.WithLabelValues(processor, "committed").Inc()
		},
		Aborted:   func(string) { m.transactions.WithLabelValues(processor, "aborted").Inc() },
		Recovered: func(_ int32, rows int, _ time.Duration) { m.recovered.WithLabelValues(processor).Add(float64(rows)) },
		Fenced:    func(string) { m.fenced.WithLabelValues(processor).Inc() },
		ClockJump: func(time.Duration) { m.jumps.WithLabelValues(processor).Inc() },
		Assigned: func(partitions int) {
			owned.Store(int32(partitions))
			m.partitions.WithLabelValues(processor).Set(float64(partitions))
		},
		Restarted: func(string) { m.restarts.WithLabelValues(processor).Inc() },
		Lost: func(topic string, offsets int64) {
			m.lost.WithLabelValues(processor, topic).Add(float64(offsets))
		},
	}
}
