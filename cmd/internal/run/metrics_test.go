package run

import (
	"bytes"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/processors"
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
