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
			Help: "Rows of the tables in Postgres by what became of them: new, repeated, conflict, unreadable; " +
				"and releases booked, parked.",
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

// begin shows the counters from the start: what appears with its first event has no growth that could be seen.
func (m projectionMetrics) begin() {
	for outcome := range projectedRows(processors.Projected{}) {
		m.rows.WithLabelValues(outcome)
	}
}

// projected counts a batch that Postgres has committed.
func (m *metrics) projected(records int, took time.Duration) {
	m.tables.records.Add(float64(records))
	m.tables.writes.Observe(took.Seconds())
}

func (m *metrics) projectionFailed() { m.tables.failures.Inc() }

// projections counts what a batch came to.
func (m *metrics) projections(batch processors.Projected) {
	for outcome, count := range projectedRows(batch) {
		m.tables.rows.WithLabelValues(outcome).Add(float64(count))
	}
}

// What becomes of a row of the tables.
const (
	rowNew        = "new"
	rowRepeated   = "repeated"
	rowConflict   = "conflict"   // something else stands there: it was not written
	rowUnreadable = "unreadable" // its record cannot be read
	rowBooked     = "booked"     // a release that is in the ledger
	rowParked     = "parked"     // a release that waits for its campaign's settlement to be read
)

func projectedRows(batch processors.Projected) map[string]int {
	unreadable := 0
	for _, count := range batch.Unreadable {
		unreadable += count
	}
	return map[string]int{
		rowNew: batch.New, rowRepeated: batch.Repeated, rowConflict: len(batch.Conflicts), rowUnreadable: unreadable,
		rowBooked: batch.Booked, rowParked: batch.Parked,
	}
}
