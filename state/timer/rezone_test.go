package timer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/state/zone/zonetest"
)

// The releases of the tests. In 2031a Berlin has no summer time, so its summer is an hour later; in 2031b it has New York's time,
// and Tokyo is not there.
func releases(t *testing.T) map[string]*zone.Database {
	t.Helper()
	all := map[string]*zone.Database{zone.DatabaseVersion: zone.Default()}
	for version, rules := range map[string]map[string]string{
		"2031a": {"Europe/Berlin": "Africa/Lagos", "Africa/Lagos": "Europe/Berlin"},
		"2031b": {"Europe/Berlin": "America/New_York", "Asia/Tokyo": ""},
	} {
		database, err := zonetest.Release(version, rules)
		if err != nil {
			t.Fatal(err)
		}
		all[version] = database
	}
	return all
}

func utc(t *testing.T, text string) instant.Instant {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return instant.Of(at)
}

const hour = 3_600_000

// worded is a definition in Berlin's wall-clock time, from 1 to 8 July 2031 at 09:00, sent a day before, settled an hour after.
func worded(t *testing.T, revision int64, amend ...func(*timer.Change)) timer.Change {
	t.Helper()
	change := timer.Change{
		Revision: revision, AdvertiserID: "a-1", Currency: "USD", Lead: 24 * hour, Grace: hour, Trace: someTrace,
		StartsAt: utc(t, "2031-07-01 07:00"), EndsAt: utc(t, "2031-07-08 07:00"),
		Wording: timer.Wording{
			StartsAtLocal: "2031-07-01T09:00:00", EndsAtLocal: "2031-07-08T09:00:00", Zone: "Europe/Berlin",
			Database: zone.DatabaseVersion,
		},
	}
	for _, do := range amend {
		do(&change)
	}
	return change
}

func accepted(t *testing.T, row timer.Row, exists bool, change timer.Change, now string) timer.Row {
	t.Helper()
	d := timer.Decide(row, exists, change, utc(t, now), timer.Normal)
	if d.Verdict != timer.Accepted {
		t.Fatalf("revision %d is not accepted: %+v", change.Revision, d.Refusal)
	}
	return d.Row
}

// tellWindow writes a row's window and the instants of its timers, in UTC.
func tellWindow(row timer.Row) string {
	const layout = "01-02 15:04"
	text := row.StartsAt.Time().Format(layout) + ".." + row.EndsAt.Time().Format(layout)
	for kind, waits := range row.Timers {
		if waits.Armed {
			text += fmt.Sprintf(" %s %s", timer.Kind(kind).Transition(), waits.At.Time().Format(layout))
		}
	}
	return text
}

func tellRezone(dues []timer.Due) string {
	var told []string
	for _, due := range dues {
		text := fmt.Sprintf("%s/%d", due.Transition, due.Revision)
		if to := due.Rezone; to != nil {
			text += fmt.Sprintf("-%s %q..%q", to.Suffix, to.Wording.StartsAtLocal, to.Wording.EndsAtLocal)
		} else if due.LatenessMs > 0 {
			text += fmt.Sprintf(" late %s", time.Duration(due.LatenessMs)*time.Millisecond)
		}
		told = append(told, text)
	}
	return strings.Join(told, ", ")
}

// summer is the window of worded by 2025c, and later by 2031a.
const (
	summer = "07-01 07:00..07-08 07:00"
	later  = "07-01 08:00..07-08 08:00"
	texts  = `"2031-07-01T09:00:00".."2031-07-08T09:00:00"`
)

// startsAtInstant lets the start be an instant.
func startsAtInstant(t *testing.T, c *timer.Change) {
	c.Wording.StartsAtLocal, c.StartsAt = "", utc(t, "2031-07-01 07:00")
}

// rezonings are campaigns that wait while the database changes, and what becomes of them.
var rezonings = map[string]struct {
	amend   func(*testing.T, *timer.Change)
	fired   string // all that is due then has fired
	to, now string
	did     timer.Rezoning
	dues    string // of the rezone
	window  string
}{
	"both ends move, and all timers": {to: "2031a", now: "2031-06-01 00:00",
		did: timer.Rezoning{Outdated: true, Moved: true}, dues: "rezone/1-2031a " + texts,
		window: later + " distribute 06-30 08:00 start 07-01 08:00 end 07-08 08:00 settle 07-08 09:00"},
	"the same database": {to: zone.DatabaseVersion, now: "2031-06-01 00:00",
		window: summer + " distribute 06-30 07:00 start 07-01 07:00 end 07-08 07:00 settle 07-08 08:00"},
	"unmoved": {to: "2031a", now: "2031-01-01 00:00", did: timer.Rezoning{Outdated: true},
		amend: func(t *testing.T, c *timer.Change) {
			c.StartsAt, c.Wording.StartsAtLocal = utc(t, "2031-02-01 08:00"), "2031-02-01T09:00:00"
			c.EndsAt, c.Wording.EndsAtLocal = utc(t, "2031-02-08 08:00"), "2031-02-08T09:00:00"
		},
		window: "02-01 08:00..02-08 08:00 distribute 01-31 08:00 start 02-01 08:00 end 02-08 08:00 settle 02-08 09:00"},
	"resolved by a database that is not known": {to: zone.DatabaseVersion, now: "2031-06-01 00:00",
		amend: func(t *testing.T, c *timer.Change) { c.Wording.Database = "" }, did: timer.Rezoning{Outdated: true},
		window: summer + " distribute 06-30 07:00 start 07-01 07:00 end 07-08 07:00 settle 07-08 08:00"},
	"the end alone is a wall-clock time": {to: "2031a", now: "2031-06-01 00:00", amend: startsAtInstant,
		did: timer.Rezoning{Outdated: true, Moved: true}, dues: `rezone/1-2031a "".."2031-07-08T09:00:00"`,
		window: "07-01 07:00..07-08 08:00 distribute 06-30 07:00 start 07-01 07:00 end 07-08 08:00 settle 07-08 09:00"},
	"sent already: the start moves": {fired: "2031-06-30 07:00", to: "2031a", now: "2031-06-30 10:00",
		did: timer.Rezoning{Outdated: true, Moved: true}, dues: "rezone/1-2031a " + texts,
		window: later + " start 07-01 08:00 end 07-08 08:00 settle 07-08 09:00"},
	"started already: the start is fixed, and its wall-clock time no longer its own": {
		fired: "2031-07-01 07:00", to: "2031a", now: "2031-07-02 00:00",
		did: timer.Rezoning{Outdated: true, Moved: true}, dues: `rezone/1-2031a "".."2031-07-08T09:00:00"`,
		window: "07-01 07:00..07-08 08:00 end 07-08 08:00 settle 07-08 09:00"},
	"started already, with an end that is an instant: nothing follows from the zone any more": {
		amend: func(t *testing.T, c *timer.Change) { c.Wording.EndsAtLocal = "" },
		fired: "2031-07-01 07:00", to: "2031a", now: "2031-07-02 00:00",
		window: summer + " end 07-08 07:00 settle 07-08 08:00"},
	"over: nothing moves, the settlement least of all": {fired: "2031-07-08 07:00", to: "2031a", now: "2031-07-08 07:30",
		window: summer + " settle 07-08 08:00"},
	"overdue by the old rules, not yet due by the new ones": {to: "2031a", now: "2031-07-01 07:30",
		did: timer.Rezoning{Outdated: true, Moved: true}, dues: "rezone/1-2031a " + texts,
		window: later + " distribute 06-30 08:00 start 07-01 08:00 end 07-08 08:00 settle 07-08 09:00"},
	"over by the new rules: nothing is sent": {to: "2031a", now: "2031-07-09 00:00",
		did: timer.Rezoning{Outdated: true, Moved: true}, dues: "rezone/1-2031a " + texts,
		window: later + " start 07-01 08:00 end 07-08 08:00 settle 07-08 09:00"},
	"the zone is gone": {to: "2031b", now: "2031-06-01 00:00", did: timer.Rezoning{Outdated: true, Kept: true},
		amend:  func(t *testing.T, c *timer.Change) { c.Wording.Zone = "Asia/Tokyo" },
		window: summer + " distribute 06-30 07:00 start 07-01 07:00 end 07-08 07:00 settle 07-08 08:00"},
	"skipped and to be rejected: it keeps its instant": {to: "2031a", now: "2031-01-01 00:00",
		amend: func(t *testing.T, c *timer.Change) {
			c.Wording.Zone, c.Wording.Disambiguation = "Africa/Lagos", "reject"
			c.StartsAt, c.Wording.StartsAtLocal = utc(t, "2031-03-30 01:30"), "2031-03-30T02:30:00"
			c.EndsAt, c.Wording.EndsAtLocal = utc(t, "2031-12-01 08:00"), "2031-12-01T09:00:00"
		},
		did:    timer.Rezoning{Outdated: true, Kept: true},
		window: "03-30 01:30..12-01 08:00 distribute 03-29 01:30 start 03-30 01:30 end 12-01 08:00 settle 12-01 09:00"},
	"skipped and to be rejected, but the other end moves": {to: "2031a", now: "2031-01-01 00:00",
		amend: func(t *testing.T, c *timer.Change) {
			c.Wording.Zone, c.Wording.Disambiguation = "Africa/Lagos", "reject"
			c.StartsAt, c.Wording.StartsAtLocal = utc(t, "2031-03-30 01:30"), "2031-03-30T02:30:00"
			c.EndsAt, c.Wording.EndsAtLocal = utc(t, "2031-07-01 08:00"), "2031-07-01T09:00:00"
		},
		// The start is told as the instant that it keeps: beside the name of a release that skips it, its wall-clock time would be
		// one that this release does not have.
		did: timer.Rezoning{Outdated: true, Moved: true, Kept: true}, dues: `rezone/1-2031a "".."2031-07-01T09:00:00"`,
		window: "03-30 01:30..07-01 07:00 distribute 03-29 01:30 start 03-30 01:30 end 07-01 07:00 settle 07-01 08:00"},
	"the end is skipped and to be rejected, but the start moves": {to: "2031a", now: "2031-01-01 00:00",
		amend: func(t *testing.T, c *timer.Change) {
			c.Wording.Zone, c.Wording.Disambiguation = "Africa/Lagos", "reject"
			c.StartsAt, c.Wording.StartsAtLocal = utc(t, "2030-07-01 08:00"), "2030-07-01T09:00:00"
			c.EndsAt, c.Wording.EndsAtLocal = utc(t, "2031-03-30 01:30"), "2031-03-30T02:30:00"
		},
		did: timer.Rezoning{Outdated: true, Moved: true, Kept: true}, dues: `rezone/1-2031a "2030-07-01T09:00:00"..""`,
		window: "07-01 07:00..03-30 01:30 distribute 06-30 07:00 start 07-01 07:00 end 03-30 01:30 settle 03-30 02:30"},
	"repeated and to be rejected": {to: "2031a", now: "2031-01-01 00:00",
		amend: func(t *testing.T, c *timer.Change) {
			c.Wording.Zone, c.Wording.Disambiguation = "Africa/Lagos", "reject"
			c.Wording.StartsAtLocal = ""
			c.EndsAt, c.Wording.EndsAtLocal = utc(t, "2031-10-26 01:30"), "2031-10-26T02:30:00"
		},
		did:    timer.Rezoning{Outdated: true, Kept: true},
		window: "07-01 07:00..10-26 01:30 distribute 06-30 07:00 start 07-01 07:00 end 10-26 01:30 settle 10-26 02:30"},
	"skipped, moved forward by the gap": {to: "2031a", now: "2031-01-01 00:00",
		amend: func(t *testing.T, c *timer.Change) {
			c.Wording.Zone, c.Wording.EndsAtLocal = "Africa/Lagos", ""
			c.StartsAt, c.Wording.StartsAtLocal = utc(t, "2031-03-30 02:30"), "2031-03-30T02:30:00"
		},
		did: timer.Rezoning{Outdated: true, Moved: true}, dues: `rezone/1-2031a "2031-03-30T02:30:00"..""`,
		window: "03-30 01:30..07-08 07:00 distribute 03-29 01:30 start 03-30 01:30 end 07-08 07:00 settle 07-08 08:00"},
	"the start would come to the end: the window stays": {to: "2031a", now: "2031-06-01 00:00",
		amend:  func(t *testing.T, c *timer.Change) { c.EndsAt, c.Wording.EndsAtLocal = utc(t, "2031-07-01 08:00"), "" },
		did:    timer.Rezoning{Outdated: true, Kept: true},
		window: "07-01 07:00..07-01 08:00 distribute 06-30 07:00 start 07-01 07:00 end 07-01 08:00 settle 07-01 09:00"},
	"the end would leave the engine's time": {to: "2031b", now: "2031-06-01 00:00",
		amend: func(t *testing.T, c *timer.Change) {
			c.Wording.StartsAtLocal, c.Grace = "", 0
			c.EndsAt, c.Wording.EndsAtLocal = utc(t, "9999-12-31 20:00"), "9999-12-31T21:00:00"
		},
		did:    timer.Rezoning{Outdated: true, Kept: true},
		window: "07-01 07:00..12-31 20:00 distribute 06-30 07:00 start 07-01 07:00 end 12-31 20:00 settle 12-31 20:00"},
}

func TestRezone(t *testing.T) {
	all := releases(t)
	for name, c := range rezonings {
		t.Run(name, func(t *testing.T) {
			change := worded(t, 1)
			if c.amend != nil {
				c.amend(t, &change)
			}
			before := accepted(t, timer.Row{}, false, change, "2030-01-01 00:00")
			if c.fired != "" {
				before, _ = timer.Fire(before, utc(t, c.fired))
			}
			if before.IsOutdated(c.to) != c.did.Outdated {
				t.Errorf("outdated is %v", before.IsOutdated(c.to))
			}
			after, dues, did := timer.Rezone(before, all[c.to], utc(t, c.now))
			if did != c.did || tellRezone(dues) != c.dues || tellWindow(after) != c.window {
				t.Errorf("%+v, dues %s, window %s;\nwant %+v, dues %s, window %s", did, tellRezone(dues), tellWindow(after), c.did, c.dues, c.window)
			}
			if !did.Outdated && after != before {
				t.Errorf("the row changed: %+v, was %+v", after, before)
			}
			after = encodeAndDecode(t, after)
			if again, more, did := timer.Rezone(after, all[c.to], utc(t, c.now)); again != after || more != nil || did != (timer.Rezoning{}) {
				t.Errorf("a second time: %+v, %s", did, tellRezone(more))
			}
			if !after.Holds() {
				t.Errorf("the row's invariants do not hold: %+v", after)
			}
		})
	}
}

// TestAMovedTimerIsLateWhenItsInstantHasPassed: nothing was read that set it, so it is as late as it is.
func TestAMovedTimerIsLateWhenItsInstantHasPassed(t *testing.T) {
	all := releases(t)
	row := accepted(t, timer.Row{}, false, worded(t, 1), "2031-06-01 00:00")
	row, _, _ = timer.Rezone(row, all["2031a"], utc(t, "2031-06-02 00:00"))
	row, moved, _ := timer.Rezone(encodeAndDecode(t, row), all[zone.DatabaseVersion], utc(t, "2031-07-01 07:30"))
	row, fired := timer.Fire(row, utc(t, "2031-07-01 07:30"))
	want := `rezone/1-2025c.2 ` + texts + `, distribute/1 late 24h30m0s, start/1 late 30m0s`
	if got := tellRezone(append(moved, fired...)); got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if moved[0].ScheduledFor != moved[0].DecidedAt || moved[0].LatenessMs != 0 || moved[0].Trace != someTrace {
		t.Errorf("the rezone is %+v: want it decided when it is due, in the trace of its revision", moved[0])
	}
	encodeAndDecode(t, row)
}

// TestAKeptTimeComesBackWithItsRelease: it is left out where it means nothing, and told again by a release that places it.
func TestAKeptTimeComesBackWithItsRelease(t *testing.T) {
	all := releases(t)
	row := accepted(t, timer.Row{}, false, worded(t, 1, func(c *timer.Change) {
		c.Wording.Zone, c.Wording.Disambiguation = "Africa/Lagos", "reject"
		c.StartsAt, c.Wording.StartsAtLocal = utc(t, "2031-03-30 01:30"), "2031-03-30T02:30:00"
		c.EndsAt, c.Wording.EndsAtLocal = utc(t, "2031-07-01 08:00"), "2031-07-01T09:00:00"
	}), "2031-01-01 00:00")
	row, kept, _ := timer.Rezone(row, all["2031a"], utc(t, "2031-01-01 00:00"))
	_, back, _ := timer.Rezone(encodeAndDecode(t, row), all[zone.DatabaseVersion], utc(t, "2031-01-01 00:00"))
	const want = `rezone/1-2031a "".."2031-07-01T09:00:00", rezone/1-2025c.2 "2031-03-30T02:30:00".."2031-07-01T09:00:00"`
	if got := tellRezone(append(kept, back...)); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// TestAWindowThatOpensAnewIsSent: read in an outage after its end it had nothing to send; by other rules it is not over, and
// starts, so its content is due before. Once it was sent it is not sent again.
func TestAWindowThatOpensAnewIsSent(t *testing.T) {
	all := releases(t)
	row := timer.Decide(timer.Row{}, false, worded(t, 1), utc(t, "2031-07-08 07:30"), timer.CatchingUp).Row
	if row.Timers[timer.Distribute].Armed {
		t.Fatalf("behind its end something is to be sent: %s", tellWindow(row))
	}
	row, dues, _ := timer.Rezone(row, all["2031a"], utc(t, "2031-07-08 07:45"))
	row, fired := timer.Fire(encodeAndDecode(t, row), utc(t, "2031-07-08 07:45"))
	row, back, _ := timer.Rezone(encodeAndDecode(t, row), all[zone.DatabaseVersion], utc(t, "2031-07-08 06:00"))
	_, again := timer.Fire(row, utc(t, "2031-07-08 06:00"))
	want := "rezone/1-2031a " + texts + ", distribute/1 late 15m0s, start/1 late 15m0s, " + `rezone/1-2025c.2 "".."2031-07-08T09:00:00"`
	if got := tellRezone(slices.Concat(dues, fired, back, again)); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// TestRezonesHaveIDsOfTheirOwn: a release that is taken back and comes again leads to a version twice. A new revision begins anew.
func TestRezonesHaveIDsOfTheirOwn(t *testing.T) {
	all := releases(t)
	row := accepted(t, timer.Row{}, false, worded(t, 1), "2031-06-01 00:00")
	var told []string
	for i, version := range []string{"2031a", "2025c", "2031a", "2031b", "2025c", "2031b"} {
		if i == 3 {
			row = accepted(t, row, true, timer.Change{Kind: timer.Pause, Revision: 2}, "2031-06-01 00:00")
		}
		var dues []timer.Due
		row, dues, _ = timer.Rezone(row, all[version], utc(t, "2031-06-01 00:00"))
		row = encodeAndDecode(t, row)
		for _, due := range dues {
			told = append(told, fmt.Sprintf("%d/%s", due.Revision, due.Rezone.Suffix))
		}
	}
	if got := strings.Join(told, " "); got != "1/2031a 1/2025c.2 1/2031a.3 2/2031b 2/2025c.2 2/2031b.3" {
		t.Errorf("the rezones are %s", got)
	}
}

// TestANewDefinitionIsOfItsOwnDatabase: what was resolved before plays no part in it.
func TestANewDefinitionIsOfItsOwnDatabase(t *testing.T) {
	all := releases(t)
	row := accepted(t, timer.Row{}, false, worded(t, 1), "2031-06-01 00:00")
	row = accepted(t, row, true, worded(t, 2, func(c *timer.Change) { c.Wording.Database = "2031a" }), "2031-06-01 00:00")
	if row.IsOutdated("2031a") || !row.IsOutdated("2031b") {
		t.Errorf("the row is %+v", row)
	}
	row, _, _ = timer.Rezone(row, all["2031b"], utc(t, "2031-06-01 00:00"))
	row = accepted(t, row, true, worded(t, 3, func(c *timer.Change) { c.Wording = timer.Wording{} }), "2031-06-01 00:00")
	if row.IsOutdated("2031a") || row.Rezones != (timer.Rezones{}) {
		t.Errorf("a window of instants knows a database: %+v", row)
	}
}
