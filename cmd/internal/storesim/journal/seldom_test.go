package journal_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
)

func TestFaultsOfFetchesAreToldSeldom(t *testing.T) {
	var told []string
	now := time.Unix(0, 0)
	sink := journal.Seldom(func(l journal.Line) { told = append(told, l.Device+" "+string(l.Event)+" "+l.Error) }, 30*time.Second,
		func() time.Time { return now })
	for i := range 61 {
		now = time.Unix(int64(i), 0)
		sink(journal.Line{Event: journal.FetchFault, Device: "d-1", Error: "refused"})
		if i == 7 || i == 8 {
			sink(journal.Line{Event: journal.FetchFault, Device: "d-2", Error: "cut"})
			sink(journal.Line{Event: journal.Cached, Device: "d-2"})
		}
	}
	want := []string{"d-1 fetch-fault refused", "d-2 fetch-fault cut", "d-2 cached ", "d-2 cached ",
		"d-1 fetch-fault refused (and 29 times before)", "d-1 fetch-fault refused (and 29 times before)"}
	if !slices.Equal(told, want) {
		t.Errorf("it tells %q, want %q", told, want)
	}
}
