package run

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/processors/router"
	"github.com/rmn-arms/campaign-engine/topics"
)

// storeMetrics are what a process tells of stores' topics, and of what it signs with.
type storeMetrics struct {
	topics   prometheus.Counter
	failures prometheus.Counter
	keys     prometheus.Gauge
	stale    prometheus.Gauge
}

func newStoreMetrics(registry *prometheus.Registry) storeMetrics {
	m := storeMetrics{
		topics: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "store_topics_created_total", Help: "Topics of stores that this process has created.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "store_topic_failures_total",
			Help: "Tries to create stores' topics that did not create all; each is made again, and commands wait meanwhile.",
		}),
		keys: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "signing_keys", Help: "Keys by which devices may verify commands; 0 where none are signed.",
		}),
		stale: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "signing_keys_stale",
			Help: "1 while the file of keys was changed to something that cannot be used, and the keys are those of before, else 0.",
		}),
	}
	registry.MustRegister(m.topics, m.failures, m.keys, m.stale)
	return m
}

func (m storeMetrics) created(topics int) { m.topics.Add(float64(topics)) }

func (m storeMetrics) failed() { m.failures.Inc() }

func (m storeMetrics) read(o signing.Outcome) {
	m.keys.Set(float64(len(o.IDs)))
	m.stale.Set(oneIf(o.Err != nil))
}

// beginRouter shows the router's counters from the start.
func (m *metrics) beginRouter(group topics.Group) {
	of := group.Short
	for _, c := range []*prometheus.CounterVec{m.fenced, m.restarts} {
		c.WithLabelValues(of)
	}
	for _, h := range []*prometheus.HistogramVec{m.open, m.commit} {
		h.WithLabelValues(of)
	}
	for _, end := range []string{committed, aborted} {
		m.transactions.WithLabelValues(of, end)
	}
	for _, outcome := range []string{router.Routed, router.Unroutable} {
		m.outcomes.WithLabelValues(of, outcome)
	}
	for _, input := range group.Inputs {
		m.lost.WithLabelValues(of, string(input))
	}
}
