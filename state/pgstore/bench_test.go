//go:build bench

package pgstore_test

import (
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

var benchCampaigns = flag.Int("campaigns", 100_000, "how many campaigns are released")

// What settling costs: for each campaign the settle, the statement, the release with its three entries, and their balances.
// The campaigns, their holds and earlier transitions are there before. The server writes to the disk as in production.
func TestReleasesPerSecond(t *testing.T) {
	d := startDatabases(t, "max_wal_size='8GB'")
	for _, size := range []int{500, 2000, 10_000} {
		t.Run(fmt.Sprintf("batches of %d", size), func(t *testing.T) {
			address, drop := d.fresh(t)
			t.Cleanup(drop)
			s := open(t, address)
			stories := make([]story, *benchCampaigns)
			for i := range stories {
				stories[i] = story{
					id: fmt.Sprintf("campaign-%08d", i*7919%len(stories)), advertiser: fmt.Sprintf("advertiser-%04d", i%2000),
					currency: "USD", budgets: []string{"500.00"}, spent: fmt.Sprintf("%d.%02d", i%400, i%100), released: fmt.Sprintf("%d.%02d", 499-i%400, 100-i%100),
				}
				if i%100 == 0 {
					stories[i].released = fmt.Sprintf("%d.00", 500-i%400)
				}
			}
			before, _ := run(t, s, stories, size, func(st story, b *pgstore.Batch) {
				all := st.transitions()
				b.Transitions = append(b.Transitions, all[0], all[1], all[2], all[3])
			})
			used := serverCPU(d.server.Data())
			took, client := run(t, s, stories, size, func(st story, b *pgstore.Batch) {
				all := st.transitions()
				b.Transitions = append(b.Transitions, all[4])
				b.Releases, b.Statements = append(b.Releases, st.release()), append(b.Statements, st.statements()...)
			})
			server := serverCPU(d.server.Data()) - used
			again, _ := run(t, s, stories, size, func(st story, b *pgstore.Batch) {
				all := st.transitions()
				b.Transitions = append(b.Transitions, all[4])
				b.Releases, b.Statements = append(b.Releases, st.release()), append(b.Statements, st.statements()...)
			})
			n := float64(len(stories))
			t.Logf("releases/s %.0f; CPU per release: client %v, server %v; read again %.0f/s; transitions before it, 4 each and a hold: %.0f/s",
				n/took.Seconds(), client/time.Duration(n), server/time.Duration(n), n/again.Seconds(), 4*n/before.Seconds())
			mustAudit(t, s)
		})
	}
}

// run writes all stories in batches and returns the time within Write, and this process's CPU time meanwhile.
func run(t *testing.T, s *pgstore.Store, stories []story, size int, add func(story, *pgstore.Batch)) (took, client time.Duration) {
	t.Helper()
	for len(stories) > 0 {
		var b pgstore.Batch
		n := min(size, len(stories))
		for _, st := range stories[:n] {
			add(st, &b)
		}
		stories = stories[n:]
		runtime.GC()
		began, used := time.Now(), ownCPU()
		result := write(t, s, b)
		took, client = took+time.Since(began), client+ownCPU()-used
		if len(result.Conflicts) > 0 {
			t.Fatalf("conflict: %+v", result.Conflicts[0])
		}
	}
	return took, client
}
