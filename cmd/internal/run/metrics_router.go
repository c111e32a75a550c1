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
	reads    *prometheus.CounterVec
}

// How the reading of the keys' file ends.
const (
	keysRead   = "read"
	keysFailed = "failed"
)

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
		reads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "signing_key_reads_total",
			Help: "Readings of the file of keys after it had changed, or when asked: read, or failed, which leaves the keys as they were.",
		}, []string{"outcome"}),
	}
	registry.MustRegister(m.topics, m.failures, m.keys, m.reads)
	return m
}

func (m storeMetrics) created(topics int) { m.topics.Add(float64(topics)) }

func (m storeMetrics) failed() { m.failures.Inc() }

func (m storeMetrics) read(o signing.Outcome) {
	m.keys.Set(float64(len(o.IDs)))
	if o.Err != nil {
		m.reads.WithLabelValues(keysFailed).Inc()
		return
	}
	m.reads.WithLabelValues(keysRead).Inc()
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
	for _, outcome := range []string{keysRead, keysFailed} {
		m.stores.reads.WithLabelValues(outcome)
	}
}
