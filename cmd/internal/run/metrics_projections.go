package run

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rmn-arms/campaign-engine/processors"
)

// projectionMetrics are what a process tells of the tables in Postgres.
type projectionMetrics struct {
	rows     *prometheus.CounterVec
	records  prometheus.Counter
	failures prometheus.Counter
	writes   prometheus.Histogram
}

func newProjectionMetrics(registry *prometheus.Registry) projectionMetrics {
	m := projectionMetrics{
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "projection_rows_total",
			Help: "Rows of the tables in Postgres by what became of them: new, repeated, conflict, unreadable; and releases booked, parked.",
		}, []string{"outcome"}),
		records: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "projection_records_total", Help: "Records that were written to Postgres.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "projection_failures_total",
			Help: "Calls of Postgres that failed; each is made again.",
		}),
		writes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "projection_write_duration_seconds",
			Help: "How long a batch took, from its first try until it was committed.", Buckets: transactionBuckets,
		}),
	}
	registry.MustRegister(m.rows, m.records, m.failures, m.writes)
	return m
}

// projected counts a batch that Postgres has committed.
func (m *metrics) projected(records int, took time.Duration) {
	m.tables.records.Add(float64(records))
	m.tables.writes.Observe(took.Seconds())
}

func (m *metrics) projectionFailed() { m.tables.failures.Inc() }

// projections counts what a batch came to.
func (m *metrics) projections(batch processors.Projected) {
	unreadable := 0
	for _, count := range batch.Unreadable {
		unreadable += count
	}
	for outcome, count := range map[string]int{
		"new": batch.New, "repeated": batch.Repeated, "conflict": len(batch.Conflicts), "unreadable": unreadable,
		"booked": batch.Booked, "parked": batch.Parked,
	} {
		m.tables.rows.WithLabelValues(outcome).Add(float64(count))
	}
}
