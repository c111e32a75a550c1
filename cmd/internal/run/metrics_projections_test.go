package run

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/sink"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestWhatTheTablesComeToIsCounted, in the words of the README and of the alerts.
func TestWhatTheTablesComeToIsCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, zerolog.Nop())
	m.tables.begin()
	m.projections(processors.Projected{
		Result:     pgstore.Result{New: 9, Repeated: 8, Booked: 7, Parked: 6, Conflicts: make([]pgstore.Conflict, 5)},
		Unreadable: map[topics.Name]int{topics.BudgetReleased: 3, topics.CampaignStatements: 1},
	})
	m.projected(20, 2*time.Second)
	m.projectionFailed()
	want := map[string]float64{
		"projection_rows_total new": 9, "projection_rows_total repeated": 8, "projection_rows_total booked": 7,
		"projection_rows_total parked": 6, "projection_rows_total conflict": 5, "projection_rows_total unreadable": 4,
		"projection_records_total": 20, "projection_failures_total": 1,
		"projection_write_duration_seconds": 1, "projection_write_duration_seconds sum": 2,
	}
	if diff := cmp.Diff(want, values(t, registry)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWhatTheTablesWaitForIsSeen: whether they wait, and how far they are behind.
func TestWhatTheTablesWaitForIsSeen(t *testing.T) {
	for _, c := range []struct {
		view sink.Overview
		want []float64
	}{
		{sink.Overview{}, []float64{0}},
		{sink.Overview{Waiting: "no server answers"}, []float64{1}},
		{sink.Overview{Behind: map[sink.Partition]int64{{Topic: string(topics.BudgetReleased), Partition: 3}: 12}}, []float64{0, 12}},
	} {
		told := make(chan prometheus.Metric, 10)
		o := newOverviews(&Process{})
		o.collectSink(o.tables, topics.Projections, c.view, told)
		close(told)
		registry := prometheus.NewRegistry()
		registry.MustRegister(collected(told))
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var got []float64
		for i := range families { // by name: the lag comes first
			got = append([]float64{families[i].GetMetric()[0].GetGauge().GetValue()}, got...)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.view, diff)
		}
	}
}

// collected are metrics that were told already.
type collected <-chan prometheus.Metric

func (collected) Describe(chan<- *prometheus.Desc) {}

func (c collected) Collect(to chan<- prometheus.Metric) {
	for metric := range c {
		to <- metric
	}
}

// TestTheLatenessOfLocksIsTheirOwn: a lock is no transition.
func TestTheLatenessOfLocksIsTheirOwn(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, zerolog.Nop())
	group, _ := topics.GroupNamed(topics.Budgets)
	m.begin(group)
	m.observer(group.Short, nil).Late(processors.Locked, 90*time.Second, 2)
	want := map[string]float64{
		"lock_lateness_seconds": 2, "lock_lateness_seconds sum": 180, "lock_lateness_seconds late": 2,
	}
	if diff := cmp.Diff(want, values(t, registry)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
