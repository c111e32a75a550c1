package processors_test

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/state/zone/zonetest"
)

// TestRowsOfAnotherDatabaseAreDueSinceTheProcessBegan: no hook of the engine is needed to find them, after whatever recovery.
func TestRowsOfAnotherDatabaseAreDueSinceTheProcessBegan(t *testing.T) {
	const began, starts, ends instant.Instant = 500, 1_000_000, 2_000_000
	define := func(database, startsLocal, endsLocal string) timer.Row {
		change := timer.Change{Revision: 1, AdvertiserID: "a", Currency: "USD", StartsAt: starts, EndsAt: ends}
		if startsLocal+endsLocal != "" {
			change.Wording = timer.Wording{StartsAtLocal: startsLocal, EndsAtLocal: endsLocal, Zone: "UTC", Database: database}
		}
		return timer.Decide(timer.Row{}, false, change, 1, timer.Normal).Row
	}
	fired := func(row timer.Row, at instant.Instant) timer.Row {
		row, _ = timer.Fire(row, at)
		return row
	}
	const local, own, other = "1970-01-01T00:16:40", zone.DatabaseVersion, "2031a"
	soon := define(other, local, local)
	soon.StartsAt, soon.Timers[timer.Distribute].At, soon.Timers[timer.Start].At = 300, 300, 300
	for name, c := range map[string]struct {
		row  timer.Row
		want instant.Instant
	}{
		"of this database":                   {define(own, local, local), starts},
		"of another":                         {define(other, local, local), began},
		"of one that is not known":           {define("", local, local), began},
		"of another, its end alone":          {define(other, "", local), began},
		"of instants":                        {define("", "", ""), starts},
		"of another, and due before anyhow":  {soon, 300},
		"of another, started":                {fired(define(other, local, local), starts), began},
		"of another, started, with no end":   {fired(define(other, local, ""), starts), ends},
		"of another, over and to be settled": {over(define(other, local, local), ends), ends + 7},
		"of another, settled":                {fired(define(other, local, local), ends), table.Never},
	} {
		due := timerDue(t, processors.Settings{Began: began})
		if got := due(c.row.AppendBinary(nil)); got != c.want {
			t.Errorf("a row %s is due at %d; want %d", name, got, c.want)
		}
	}
	release, err := zonetest.Release(other, nil)
	if err != nil {
		t.Fatal(err)
	}
	row := define(other, local, local)
	if got := timerDue(t, processors.Settings{Began: began, Zones: release})(row.AppendBinary(nil)); got != starts {
		t.Errorf("where the database is that other one the row is due at %d", got)
	}
}

// over is a row whose end has fired, a little before its settlement.
func over(row timer.Row, at instant.Instant) timer.Row {
	row.Grace = 7
	row.Timers[timer.Settle].At = row.EndsAt.Add(7)
	row, _ = timer.Fire(row, at)
	return row
}
