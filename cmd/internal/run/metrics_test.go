package run

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestRefusedRecordsAreLoggedByReason: the first at once, what follows in one line for ten seconds; no record is left out.
func TestRefusedRecordsAreLoggedByReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		observer := newMetrics(nil, zerolog.New(zerolog.SyncWriter(&logged))).observer("timers", new(atomic.Int32))
		for range 5 {
			observer.Counted(map[string]int{processors.Refused + "schema": 3, processors.Accepted: 100})
		}
		<-time.After(11 * time.Second)
		observer.Counted(map[string]int{processors.Refused + "too-deep": 1})
		<-time.After(20 * time.Second)
		synctest.Wait()
		line := func(reason, count string) string {
			return `{"level":"warn","processor":"timers","reason":"` + reason + `","records":` + count +
				`,"to_see_them":"campaignctl tail --from-beginning dead-letters",` +
				`"message":"records were refused and went to dead-letters"}` + "\n"
		}
		if want := line("schema", "3") + line("schema", "12") + line("too-deep", "1"); logged.String() != want {
			t.Errorf("it logs\n%s\nwant\n%s", logged.String(), want)
		}
	})
}

// TestWhatIsToldIsCounted: each thing that an engine tells is seen in one metric, as often as it was told; all others stay 0.
func TestWhatIsToldIsCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, zerolog.Nop())
	group, _ := topics.GroupNamed(topics.Timers)
	m.begin(group)
	o := m.observer(group.Short, new(atomic.Int32))
	o.Counted(map[string]int{processors.Accepted: 3, processors.Stale: 2, processors.Refused + "schema": 4})
	o.Late("start", 20*time.Millisecond, 5)
	o.Late("start", 90*time.Second, 1)
	o.Committed(10, 7, 9, time.Second, 100*time.Millisecond)
	o.Aborted("why")
	o.Aborted("why")
	o.Recovered(0, 50, 2*time.Second)
	o.Fires(0, 3*time.Second)
	o.Fenced("other")
	o.ClockJump(time.Hour)
	o.Restarted("why")
	o.Lost("campaign-events", 12)
	want := map[string]float64{
		"records_total accepted": 3, "records_total stale": 2, "refused_total schema": 4,
		"transition_lateness_seconds start": 6, "transition_lateness_seconds start sum": 90.1,
		"transition_lateness_seconds start late": 1,
		"transactions_total committed":           1, "transactions_total aborted": 2,
		"transaction_duration_seconds": 1, "transaction_duration_seconds sum": 1,
		"commit_duration_seconds": 1, "commit_duration_seconds sum": 0.1,
		"timers_fired_total": 7, "rows_written_total": 9,
		"recovered_rows_total": 50, "recovery_duration_seconds": 1, "recovery_duration_seconds sum": 2,
		"takeover_duration_seconds": 1, "takeover_duration_seconds sum": 3,
		"fenced_total": 1, "clock_jumps_total": 1, "restarts_total": 1, "lost_records_total campaign-events": 12,
	}
	if diff := cmp.Diff(want, values(t, registry)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// values returns what is not 0, by a metric's name and its labels beside the processor; of a histogram the count, the sum, and
// how many lay above a minute.
func values(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			words := []string{strings.TrimPrefix(family.GetName(), namespace+"_")}
			for _, label := range metric.GetLabel() {
				if label.GetName() != metricLabel {
					words = append(words, label.GetValue())
				}
			}
			name, histogram := strings.Join(words, " "), metric.GetHistogram()
			all[name] = metric.GetCounter().GetValue() + float64(histogram.GetSampleCount())
			all[name+" sum"] = histogram.GetSampleSum()
			for _, bucket := range histogram.GetBucket() {
				if bucket.GetUpperBound() == 60 {
					all[name+" late"] = float64(histogram.GetSampleCount() - bucket.GetCumulativeCount())
				}
			}
		}
	}
	maps.DeleteFunc(all, func(_ string, value float64) bool { return value == 0 })
	return all
}

// TestLatenessBuckets: they reach from 5 ms to 10 minutes, and have the bounds that alerts ask for.
func TestLatenessBuckets(t *testing.T) {
	if !slices.IsSorted(latenessBuckets) || latenessBuckets[0] != 0.005 || latenessBuckets[len(latenessBuckets)-1] != 600 {
		t.Errorf("the buckets are %v", latenessBuckets)
	}
	for _, bound := range []float64{1, 60} {
		if !slices.Contains(latenessBuckets, bound) {
			t.Errorf("there is no bucket of %v s", bound)
		}
	}
}
