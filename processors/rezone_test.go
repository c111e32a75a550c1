package processors_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/state/zone/zonetest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestRowsOfAnotherDatabaseAreLookedAtAnew: no hook of the engine is needed to find them, after whatever recovery. Until then they
// are due when they are by the one or the other, so that nothing is late for it.
func TestRowsOfAnotherDatabaseAreLookedAtAnew(t *testing.T) {
	const starts, ends instant.Instant = 1_000_000, 2_000_000
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
	const local, later, own, other = "1970-01-01T00:16:40", "1970-01-01T00:33:20", zone.DatabaseVersion, "2031a"
	sooner := define(other, local, later) // by other rules: it starts at 300
	sooner.Wording.StartsAtLocal = "1970-01-01T00:00:00.300"
	for name, c := range map[string]struct {
		row    timer.Row
		want   instant.Instant
		review bool
	}{
		"of this database":                        {define(own, local, later), starts, false},
		"of another":                              {define(other, local, later), starts, true},
		"of one that is not known":                {define("", local, later), starts, true},
		"of another, its end alone":               {define(other, "", later), starts, true},
		"of instants":                             {define("", "", ""), starts, false},
		"of another, due sooner by this one":      {sooner, 300, true},
		"of another, due later by this one":       {define(other, "1970-01-01T00:20:00", later), starts, true},
		"of another, of a zone that is not there": {unzoned(define(other, local, later)), starts, true},
		"of another, started":                     {fired(define(other, local, later), starts), ends, true},
		"of another, started, with no end":        {fired(define(other, local, ""), starts), ends, false},
		"of another, over and to be settled":      {over(define(other, local, later), ends), ends + 7, false},
		"of another, settled":                     {fired(define(other, local, later), ends), table.Never, false},
	} {
		if due, review := reviewOf(t, processors.Settings{}, c.row); due != c.want || review != c.review {
			t.Errorf("a row %s is due at %d, and is to be looked at: %t; want %d, %t", name, due, review, c.want, c.review)
		}
	}
	release, err := zonetest.Release(other, nil)
	if err != nil {
		t.Fatal(err)
	}
	if due, review := reviewOf(t, processors.Settings{Zones: release}, define(other, local, later)); due != starts || review {
		t.Errorf("where the database is that other one the row is due at %d, and is to be looked at: %t", due, review)
	}
}

// reviewOf asks the codec of timers.
func reviewOf(t *testing.T, settings processors.Settings, row timer.Row) (due instant.Instant, review bool) {
	t.Helper()
	graph, err := processors.Graph(topics.Timers, settings)
	if err != nil {
		t.Fatal(err)
	}
	codec := graph.GroupTable().Codec().(engine.ReviewedCodec)
	data := row.AppendBinary(nil)
	due, review, readable := codec.ReviewOf(data)
	if also, too := codec.DueOf(data); !readable || !too || also != due {
		t.Errorf("a row is due at %d and at %d, readable: %t", due, also, readable)
	}
	return due, review
}

func unzoned(row timer.Row) timer.Row {
	row.Wording.Zone = "Nowhere/Land"
	return row
}

// over is a row whose end has fired, a little before its settlement.
func over(row timer.Row, at instant.Instant) timer.Row {
	row.Grace = 7
	row.Timers[timer.Settle].At = row.EndsAt.Add(7)
	row, _ = timer.Fire(row, at)
	return row
}

// TestAnEventIsReadBehindTheRezone: an event may be read before the timer has fired by which a row of another database is found.
// It finds the campaign as that would have left it: moved, and with what is due by the new rules behind it.
func TestAnEventIsReadBehindTheRezone(t *testing.T) {
	start := at("2027-06-01T00:00:00Z")
	d := deployOnTester(t, setup{partitions: 1, now: start}).(*testerDeployment)
	publish := func(line string) { d.publish([]topics.Record{drawn(t, line, d.now)}) }
	publish("create c-1 rev=1 starts_local=2027-07-01T09:00:00 ends_local=2027-07-02T09:00:00 zone=Europe/London")
	publish("create c-2 rev=1 starts_local=2027-07-01T09:00:00 ends_local=2027-07-02T09:00:00 zone=Europe/Berlin")
	d.settle()
	d.outputs()

	release, err := zonetest.Release("2031a", map[string]string{"Europe/London": "Europe/Berlin", "Europe/Berlin": "Europe/London"})
	if err != nil {
		t.Fatal(err)
	}
	*d.settings.Zones = *release
	d.dateAnew(topics.CampaignEngineTimersTable)
	d.drive(at("2027-07-01T07:30:00Z")) // by the new rules London has started half an hour ago, and Berlin starts in half an hour
	publish("pause c-1 rev=2")
	publish("create c-2 rev=1 starts_local=2027-07-01T09:00:00 ends_local=2027-07-02T09:00:00 zone=Europe/Berlin")
	d.settle()
	var dues []string
	for _, record := range byTopic(d.outputs())[topics.TransitionsDue] {
		event, refusal := topics.DecodeDue(record.Value)
		if refusal != nil {
			t.Fatal(refusal.Detail)
		}
		dues = append(dues, event.ID)
	}
	want := []string{
		"c-1/1/rezone-2031a", "c-1/1/distribute", "c-1/1/start", "c-1/2/pause", "c-2/1/rezone-2031a",
	}
	if !slices.Equal(dues, want) {
		t.Errorf("due are %q; want %q", dues, want)
	}
	counted := d.counted(topics.Timers)
	if counted[processors.Rezoned] != 2 || counted[processors.Unmoved] != 0 || counted[processors.Duplicates] != 1 {
		t.Errorf("counted are %v; want 2 rezoned, 1 duplicate", counted)
	}
}

// TestWhatIsDueGoesBeforeWhatIsLookedAt: a release of the database makes each row that follows from a zone one that is to be looked
// at. What is due does not wait for them, nor does what becomes due meanwhile, but for one batch; how many are left is told.
func TestWhatIsDueGoesBeforeWhatIsLookedAt(t *testing.T) {
	const many, batch = 700, 512 // at most
	start := at("2027-06-01T00:00:00Z")
	d := newBroker(t, setup{partitions: 1, now: start})
	d.begin(topics.Timers)
	d.ready()
	lines := []string{
		"create z-1 rev=1 starts=2027-06-01T00:00:01Z ends=2027-07-01T00:00:00Z",
		"create z-2 rev=1 starts=2027-06-01T00:00:02Z ends=2027-07-01T00:00:00Z",
	}
	for i := range many {
		lines = append(lines, fmt.Sprintf("create a-%d rev=1 starts_local=2027-07-01T09:00:00 ends_local=2027-07-02T09:00:00 zone=Europe/Berlin", i))
	}
	records := make([]topics.Record, len(lines))
	for i, line := range lines {
		records[i] = drawn(t, line, start)
	}
	d.publish(records)
	d.settle()
	d.halt(topics.Timers)
	d.outputs()

	release, err := zonetest.Release("2031a", map[string]string{"Europe/Berlin": "Africa/Lagos"})
	if err != nil {
		t.Fatal(err)
	}
	d.setup.settings.Zones = release
	d.drive(start + 1000)
	begun, left, fired := make(chan *engine.Engine, 1), -1, 0
	d.configure = func(c *engine.Config) {
		c.Reached = func(step engine.Step) {
			if step != engine.StepFired {
				return
			}
			if fired++; fired == 2 { // the first of those that are looked at
				left = (<-begun).Overview().Timers.Reviews
				d.clock.Set(start + 2000)
			}
		}
	}
	d.begin(topics.Timers)
	begun <- d.running[topics.Timers].engine
	d.ready()
	d.settle()
	ended := d.running[topics.Timers].engine.Overview().Timers.Reviews
	d.halt(topics.Timers)
	var dues []string
	for _, record := range d.outputs() {
		event, refusal := topics.DecodeDue(record.Value)
		if refusal != nil {
			t.Fatal(refusal.Detail)
		}
		dues = append(dues, event.ID)
	}
	looked := many - left // until z-2 was due
	if looked < 1 || looked > batch || ended != 0 {
		t.Errorf("after a batch %d are to be looked at, at the end %d", left, ended)
	}
	first, second := slices.Index(dues, "z-1/1/start"), slices.Index(dues, "z-2/1/start") // behind their distribute
	if len(dues) != many+4 || first != 1 || second != 2+looked+1 {
		t.Errorf("of %d dues those that were due are %d and %d; want 1 and %d", len(dues), first, second, 2+looked+1)
	}
}

// TestAMoveIsLogged: with what it was and is; one that could not be made as a warning, which names the campaign.
func TestAMoveIsLogged(t *testing.T) {
	var lines bytes.Buffer // written by one engine at a time, and read when it has ended
	d := newBroker(t, setup{partitions: 1, now: at("2027-06-01T00:00:00Z")})
	d.configure = func(c *engine.Config) { c.Log = zerolog.New(&lines).Level(zerolog.InfoLevel) }
	d.begin(topics.Timers)
	d.ready()
	for _, line := range []string{
		"create c-1 rev=1 starts_local=2027-07-01T09:00:00 ends_local=2027-07-02T09:00:00 zone=Europe/Berlin",
		"create c-2 rev=1 starts_local=2027-07-01T09:00:00 ends_local=2027-07-02T09:00:00 zone=Asia/Tokyo",
		"create c-3 rev=1 starts_local=2027-12-01T09:00:00 ends_local=2027-12-02T09:00:00 zone=Europe/Berlin",
	} {
		d.publish([]topics.Record{drawn(t, line, d.setup.now)})
	}
	d.settle()
	d.halt(topics.Timers)
	release, err := zonetest.Release("2031a", map[string]string{"Europe/Berlin": "Africa/Lagos", "Asia/Tokyo": ""})
	if err != nil {
		t.Fatal(err)
	}
	d.setup.settings.Zones = release
	d.begin(topics.Timers)
	d.ready()
	d.settle()
	d.halt(topics.Timers)
	var logged []string
	for line := range strings.Lines(lines.String()) {
		if strings.Contains(line, `"tzdb"`) {
			logged = append(logged, strings.TrimSpace(line))
		}
	}
	slices.Sort(logged) // info before warn
	want := []string{
		`{"level":"info","campaign_id":"c-1","revision":1,"time_zone":"Europe/Berlin","tzdb_before":"` + zone.DatabaseVersion + `","tzdb":"2031a",` +
			`"starts_at_before":"2027-07-01T07:00:00Z","starts_at":"2027-07-01T08:00:00Z",` +
			`"ends_at_before":"2027-07-02T07:00:00Z","ends_at":"2027-07-02T08:00:00Z","no_more_are_logged":false,` +
			`"message":"the rules of a time zone have changed: a campaign's window moves"}`,
		`{"level":"warn","campaign_id":"c-2","revision":1,"time_zone":"Asia/Tokyo","tzdb_before":"` + zone.DatabaseVersion + `","tzdb":"2031a",` +
			`"starts_at_before":"2027-07-01T00:00:00Z","starts_at":"2027-07-01T00:00:00Z",` +
			`"ends_at_before":"2027-07-02T00:00:00Z","ends_at":"2027-07-02T00:00:00Z","no_more_are_logged":false,` +
			`"message":"the rules of a time zone have changed, but a campaign's wall-clock time means nothing by them: ` +
			`it keeps its instant, and should be updated"}`,
	}
	if diff := cmp.Diff(want, logged); diff != "" {
		t.Errorf("logged is (-want +got):\n%s", diff)
	}
}

// drawn is the record of a line of a script.
func drawn(t *testing.T, line string, now instant.Instant) topics.Record {
	t.Helper()
	step, err := parseStep(1, line)
	if err != nil {
		t.Fatal(err)
	}
	record, err := eventRecord(step, line, schemas.Instant(now))
	if err != nil {
		t.Fatal(err)
	}
	record.Timestamp = schemas.Instant(now)
	return record
}
