package readiness_test

import (
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/readiness"
)

// BenchmarkRollout is a campaign on 10,000 stores of 5 devices, each of which says twice how ready it is, in a second and a half:
// an op is all of it.
func BenchmarkRollout(b *testing.B) {
	const stores = 10_000
	var changes []readiness.Change
	for _, ready := range []int{0, 5} {
		for n := range stores {
			changes = append(changes, changeOf(fmt.Sprintf("store-%d", n*7919%stores), 1, ready, 0, 0, 5-ready))
		}
	}
	reports := 0
	for b.Loop() {
		kept, row, now := parts{}, readiness.New(), readiness.Moment{Now: began}
		reports = 0
		for n := range changes {
			now.Now = began + instant.Instant(1500*n/len(changes))
			if fired, err := row.Fire(kept, now.Now); err != nil {
				b.Fatal(err)
			} else if fired != nil {
				reports++
			}
			_, report, err := row.Take(kept, &changes[n], now)
			if err != nil {
				b.Fatal(err)
			}
			if report != nil {
				reports++
			}
		}
	}
	b.ReportMetric(float64(reports), "reports")
}
