package timer_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/state/zone/zonetest"
)

// TestSequencer lets random changes and clocks (also ones that go back) loose on one campaign and checks what must hold
// whatever comes, from the log of dues alone, as an auditor would.
func TestSequencer(t *testing.T) {
	releases := releasesOfRun(t)
	rapid.Check(t, func(t *rapid.T) {
		run := &run{now: begins, ids: map[string]bool{}, releases: releases}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			run.step(t)
		}
		run.drain(t)
	})
}

// The runs are on 2 January 1970 and reckon in ticks, so that windows are hours long and half an hour's steps apart.
const (
	begins = instant.Instant(86_400_000)
	tick   = 3_600
)

// run is one campaign's history, and the books that the auditor keeps of it.
type run struct {
	row      timer.Row
	exists   bool
	now      instant.Instant
	releases []*zone.Database
	release  int // of releases, by which definitions are resolved

	ids      map[string]bool
	decided  instant.Instant
	revision int64 // of the newest accepted change
	closed   timer.Transition
	settled  bool
	// What the accepted definitions before the close say: since when each timed transition has the instant it has.
	planned map[timer.Transition]plan
	last    *timer.Change
	fired   map[timer.Transition]instant.Instant
	waits   map[timer.Transition]bool // planned, and not fired since
	trace   timer.Trace               // of the newest accepted change
}

type plan struct{ at, since instant.Instant }

func (r *run) step(t *rapid.T) {
	r.now = max(0, r.now.Add(instant.Millis(rapid.IntRange(-300, 1200).Draw(t, "elapsed")*tick)))
	switch rapid.IntRange(0, 5).Draw(t, "what") {
	case 0:
		r.release = rapid.IntRange(0, len(r.releases)-1).Draw(t, "release")
		row, dues, _ := timer.Rezone(r.row, r.releases[r.release], r.now)
		r.keep(t, row, dues, nil, timer.CatchingUp)
		return
	case 1:
		row, dues := timer.Fire(r.row, r.now)
		r.keep(t, row, dues, nil, timer.Normal)
		return
	}
	mode := rapid.SampledFrom([]timer.Mode{timer.Normal, timer.Normal, timer.CatchingUp}).Draw(t, "mode")
	change := r.drawChange(t)
	before := r.row
	d := timer.Decide(r.row, r.exists, change, r.now, mode)
	if r.row != before {
		t.Fatalf("the row passed in changed: %+v, was %+v", r.row, before)
	}
	if d.Verdict != timer.Accepted && slices.ContainsFunc(d.Dues, func(due timer.Due) bool { return !due.Timed }) {
		t.Fatalf("a change that was not accepted is due: %s", tell(d.Dues))
	}
	r.exists = r.exists || d.Verdict == timer.Accepted
	r.keep(t, d.Row, d.Dues, &change, mode)
}

func (r *run) drawChange(t *rapid.T) timer.Change {
	revision, starts := r.row.Revision, begins+instant.Instant(rapid.IntRange(0, 9).Draw(t, "starts")*500*tick)
	change := timer.Change{
		Kind: rapid.SampledFrom([]timer.ChangeKind{
			timer.Definition, timer.Definition, timer.Definition, timer.Definition, timer.Definition, timer.Definition,
			timer.Pause, timer.Resume, timer.Cancel,
		}).Draw(t, "kind"),
		Revision:     max(1, revision+int64(rapid.IntRange(-1, 3).Draw(t, "revision"))),
		Hash:         timer.Hash{byte(rapid.IntRange(0, 1).Draw(t, "hash"))},
		Trace:        timer.Trace{24: byte(rapid.IntRange(0, 3).Draw(t, "trace"))},
		AdvertiserID: rapid.SampledFrom([]string{"a", "a", "a", "a", "a", "a", "b"}).Draw(t, "advertiser"),
		Currency:     rapid.SampledFrom([]string{"USD", "USD", "USD", "USD", "USD", "USD", "EUR"}).Draw(t, "currency"),
		StartsAt:     starts,
		EndsAt:       starts + instant.Instant(1+rapid.IntRange(0, 9).Draw(t, "length")*500*tick),
		Lead:         instant.Millis(rapid.IntRange(0, 2).Draw(t, "lead") * 700 * tick),
		Grace:        instant.Millis(rapid.IntRange(0, 2).Draw(t, "grace") * 700 * tick),
	}
	r.word(t, &change)
	return change
}

// word gives the ends of a definition in wall-clock time, or one of them, or none.
func (r *run) word(t *rapid.T, c *timer.Change) {
	if c.Kind != timer.Definition {
		return
	}
	release := r.releases[r.release]
	wall, err := release.Load(zoneOfRun)
	if err != nil { // it is not there
		return
	}
	if rapid.Bool().Draw(t, "local start") {
		c.Wording.StartsAtLocal = wall.LocalAt(c.StartsAt).String()
	}
	if rapid.Bool().Draw(t, "local end") {
		c.Wording.EndsAtLocal = wall.LocalAt(c.EndsAt).String()
	}
	if c.Wording != (timer.Wording{}) {
		c.Wording.Zone, c.Wording.Database = zoneOfRun, release.Version()
	}
}

// keep takes a step's row and dues over and audits them.
func (r *run) keep(t *rapid.T, row timer.Row, dues []timer.Due, change *timer.Change, mode timer.Mode) {
	before := r.row
	r.row = row
	if !r.exists {
		return
	}
	noted := before
	if noted.Wording.Database = row.Wording.Database; len(dues) == 0 && row != noted {
		t.Fatalf("without dues the row changed: %+v, was %+v", row, before)
	}
	for _, due := range dues {
		if due.Timed && due.Rezone == nil && mode == timer.CatchingUp {
			t.Fatalf("fired while catching up: %s", tell(dues))
		}
		r.audit(t, due, change)
	}
	if !row.Holds() || row.Revision != r.revision || row.DecidedAt != r.decided {
		t.Fatalf("the row's invariants do not hold: %+v; revision %d, decided at %d", row, r.revision, r.decided)
	}
	encodeAndDecode(t, row)
	if _, again := timer.Fire(row, r.now); mode == timer.Normal && len(again) > 0 {
		t.Fatalf("more is due at the same instant: %s", tell(again))
	}
}

// audit checks one due against the log before it.
func (r *run) audit(t *rapid.T, due timer.Due, change *timer.Change) {
	id := fmt.Sprintf("%d/%s", due.Revision, due.Transition)
	if due.Rezone != nil {
		id += "-" + due.Rezone.Suffix
	}
	if r.ids[id] {
		t.Fatalf("%s is due twice", id)
	}
	r.ids[id] = true
	if due.DecidedAt < r.decided || due.DecidedAt < r.now || due.ScheduledFor > due.DecidedAt {
		t.Fatalf("%s at %d, after a decision at %d", tell([]timer.Due{due}), r.now, r.decided)
	}
	r.decided = due.DecidedAt
	switch {
	case due.Rezone != nil:
		r.auditRezone(t, due)
	case due.Timed:
		r.auditTimed(t, due)
	default:
		r.auditChange(t, due, change)
	}
	if due.Trace != r.trace {
		t.Fatalf("%s is in trace %x, that of its revision is %x", tell([]timer.Due{due}), due.Trace, r.trace)
	}
}

func (r *run) auditChange(t *rapid.T, due timer.Due, change *timer.Change) {
	if due.Revision <= r.revision || due.Revision != change.Revision ||
		due.ScheduledFor != due.DecidedAt || due.LatenessMs != 0 {
		t.Fatalf("%s after revision %d", tell([]timer.Due{due}), r.revision)
	}
	r.revision, r.trace = due.Revision, change.Trace
	switch {
	case r.closed != "":
	case change.Kind == timer.Definition:
		r.plan(due, change)
	case change.Kind == timer.Cancel:
		r.closed = due.Transition
		r.planned = map[timer.Transition]plan{timer.DueSettle: {due.DecidedAt.Add(r.last.Grace), due.DecidedAt}}
	}
}

// plan notes the instants that a definition gives, and since when they are the ones.
func (r *run) plan(due timer.Due, change *timer.Change) {
	planned := map[timer.Transition]plan{
		timer.DueStart:  {change.StartsAt, due.DecidedAt},
		timer.DueEnd:    {change.EndsAt, due.DecidedAt},
		timer.DueSettle: {change.EndsAt.Add(change.Grace), due.DecidedAt},
	}
	if r.now < change.EndsAt {
		planned[timer.DueDistribute] = plan{change.StartsAt.Add(-change.Lead), due.DecidedAt}
	}
	waits := map[timer.Transition]bool{}
	for transition, now := range planned {
		at, fired := r.fired[transition]
		waits[transition] = r.waits[transition] || !fired || at != now.at
		if former, known := r.planned[transition]; known && former.at == now.at {
			planned[transition] = former
		}
	}
	r.planned, r.last, r.waits = planned, change, waits
	if r.fired == nil {
		r.fired = map[timer.Transition]instant.Instant{}
	}
}

// auditRezone: it tells a window, and a start that has fired is fixed. What is planned for another instant from then on is as
// late as if it had always been. Content that was never sent waits again where a window that was over is no longer.
func (r *run) auditRezone(t *rapid.T, due timer.Due) {
	to := due.Rezone
	start := r.planned[timer.DueStart]
	switch {
	case r.closed != "":
		t.Fatalf("%s was rezoned after %s", due.Rezone.Suffix, r.closed)
	case due.Revision != r.revision || due.ScheduledFor != due.DecidedAt || due.LatenessMs != 0:
		t.Fatalf("%s after revision %d", tell([]timer.Due{due}), r.revision)
	case to.StartsAt >= to.EndsAt || to.Wording.Database != r.releases[r.release].Version():
		t.Fatalf("rezoned to %+v", to)
	case !r.waits[timer.DueStart] && to.StartsAt != start.at:
		t.Fatalf("the start fired for %d and is moved to %d", start.at, to.StartsAt)
	}
	moved := map[timer.Transition]instant.Instant{
		timer.DueStart: to.StartsAt, timer.DueEnd: to.EndsAt, timer.DueSettle: to.EndsAt.Add(r.last.Grace),
	}
	waits := r.waits[timer.DueDistribute]
	_, sent := r.fired[timer.DueDistribute]
	switch {
	case !waits && sent:
	case r.now >= to.EndsAt:
		delete(r.planned, timer.DueDistribute)
		delete(r.waits, timer.DueDistribute)
	default:
		if !waits { // by the window before it was too late
			r.planned[timer.DueDistribute], r.waits[timer.DueDistribute] = plan{since: r.planned[timer.DueEnd].since}, true
		}
		moved[timer.DueDistribute] = to.StartsAt.Add(-r.last.Lead)
	}
	for transition, at := range moved {
		r.planned[transition] = plan{at, r.planned[transition].since}
	}
}

// zoneOfRun is where the runs' wall clocks hang: an hour ahead of UTC on 2 January 1970, when the runs are. Of the releases the
// second has it two hours ahead, the third not at all, and in the fourth it is not there.
const zoneOfRun = "Europe/Berlin"

func releasesOfRun(t *testing.T) []*zone.Database {
	t.Helper()
	all := []*zone.Database{zone.Default()}
	for _, r := range []struct{ version, like string }{{"2031a", "Europe/Athens"}, {"2031b", "UTC"}, {"2031c", ""}} {
		release, err := zonetest.Release(r.version, map[string]string{zoneOfRun: r.like})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, release)
	}
	return all
}

func (r *run) auditTimed(t *rapid.T, due timer.Due) {
	plan, planned := r.planned[due.Transition]
	text := tell([]timer.Due{due})
	switch {
	case due.ScheduledFor > r.now:
		t.Fatalf("%s fired early, at %d", text, r.now)
	case due.Revision != r.revision:
		t.Fatalf("%s fired under another revision than the newest, %d", text, r.revision)
	case !planned || plan.at != due.ScheduledFor:
		t.Fatalf("%s fired, planned is %+v", text, r.planned)
	case due.LatenessMs != due.DecidedAt.Sub(max(due.ScheduledFor, plan.since)) || due.LatenessMs < 0:
		t.Fatalf("%s, set at %d", text, plan.since)
	case due.Transition == timer.DueSettle && (r.closed == "" || r.settled):
		t.Fatalf("%s fired, closed by %q, settled %v", text, r.closed, r.settled)
	case due.Transition != timer.DueSettle && r.closed != "":
		t.Fatalf("%s fired after %s", text, r.closed)
	}
	r.fired[due.Transition], r.waits[due.Transition] = due.ScheduledFor, false
	switch due.Transition {
	case timer.DueEnd:
		r.auditEnd(t)
		r.closed = due.Transition
	case timer.DueSettle:
		r.settled = true
	}
}

// auditEnd: by its end, a campaign's start and distribution have last become due at the instants then in force.
func (r *run) auditEnd(t *rapid.T) {
	for _, transition := range []timer.Transition{timer.DueStart, timer.DueDistribute} {
		plan, planned := r.planned[transition]
		if at, fired := r.fired[transition]; planned && (!fired || at != plan.at) {
			t.Fatalf("at the end %s has last been due for %d (%v); in force is %d", transition, at, fired, plan.at)
		}
	}
}

// drain lets all time pass: a campaign that exists closes and settles, and nothing is left.
func (r *run) drain(t *rapid.T) {
	r.now = max(r.now, begins+1_000_000*tick)
	row, dues := timer.Fire(r.row, r.now)
	r.keep(t, row, dues, nil, timer.Normal)
	if _, waits := row.NextDue(); waits {
		t.Fatalf("after all time the row still waits: %+v", row)
	}
	if r.exists && (r.closed == "" || !r.settled) {
		t.Fatalf("after all time the campaign is closed by %q, settled: %v", r.closed, r.settled)
	}
}
