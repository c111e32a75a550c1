package timer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/state/timer"
)

func TestLifeOfACampaign(t *testing.T) {
	for name, steps := range map[string][]step{
		"schedule, start, end": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 899},
			{now: 900, dues: "distribute/1@900"},
			{now: 999},
			{now: 1003, dues: "start/1@1000>1003+3"},
			{now: 1999},
			{now: 2000, dues: "end/1@2000"},
			{now: 2049},
			{now: 2050, dues: "settle/1@2050"},
			{now: 9999},
		},
		"the first definition schedules, be it created or updated, later ones reschedule": {
			{now: 10, change: define(7), dues: "schedule/7@10"},
			{now: 20, change: define(9), dues: "reschedule/9@20"},
		},
		"without grace, end and settle come at one instant, in this order": {
			{now: 10, change: define(1, func(c *timer.Change) { c.Grace = 0 }), dues: "schedule/1@10"},
			{now: 1000, dues: "distribute/1@900>1000+100 start/1@1000"},
			{now: 2000, dues: "end/1@2000 settle/1@2000"},
		},
		"without lead, distribute and start come at one instant, in this order": {
			{now: 10, change: define(1, func(c *timer.Change) { c.Lead = 0 }), dues: "schedule/1@10"},
			{now: 1000, dues: "distribute/1@1000 start/1@1000"},
		},
		"created within the lead: distributed at once, not late": {
			{now: 950, change: define(1), dues: "schedule/1@950 distribute/1@900>950+0"},
		},
		"created at the start": {
			{now: 1000, change: define(1), dues: "schedule/1@1000 distribute/1@900>1000+0 start/1@1000"},
		},
		"created after the start": {
			{now: 1500, change: define(1), dues: "schedule/1@1500 distribute/1@900>1500+0 start/1@1000>1500+0"},
			{now: 2001, dues: "end/1@2000>2001+1"},
		},
		"created a millisecond before the end": {
			{now: 1999, change: define(1), dues: "schedule/1@1999 distribute/1@900>1999+0 start/1@1000>1999+0"},
		},
		"created at the end: nothing is distributed, the start comes to be rejected": {
			{now: 2000, change: define(1), dues: "schedule/1@2000 start/1@1000>2000+0 end/1@2000"},
			{now: 2050, dues: "settle/1@2050"},
		},
		"created after all is over": {
			{now: 3000, change: define(1), dues: "schedule/1@3000 start/1@1000>3000+0 end/1@2000>3000+0 settle/1@2050>3000+0"},
		},
		"pause and resume move no timer but raise the revision": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 20, change: pause(2), dues: "pause/2@20"},
			{now: 900, dues: "distribute/2@900"},
			{now: 950, change: resume(3), dues: "resume/3@950"},
			{now: 1005, dues: "start/3@1000>1005+5"},
		},
		"timers due at the instant of a change go first": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 1000, change: pause(2), dues: "distribute/1@900>1000+100 start/1@1000 pause/2@1000"},
			{now: 2000, change: resume(3), dues: "end/2@2000 resume/3@2000"},
		},
		"timers not yet due at the instant of a change come after it": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 900, dues: "distribute/1@900"},
			{now: 999, change: pause(2), dues: "pause/2@999"},
			{now: 1000, dues: "start/2@1000"},
		},
		"cancel closes and settles a grace later": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 500, change: cancel(2), dues: "cancel/2@500"},
			{now: 549},
			{now: 550, dues: "settle/2@550"},
			{now: 9999},
		},
		"cancel without grace settles in the same step": {
			{now: 10, change: define(1, func(c *timer.Change) { c.Grace = 0 }), dues: "schedule/1@10"},
			{now: 500, change: cancel(2), dues: "cancel/2@500 settle/2@500"},
		},
		"cancel at the end comes too late": {
			{now: 10, change: define(1, func(c *timer.Change) { c.Lead = 2000 }), dues: "schedule/1@10 distribute/1@-1000>10+0"},
			{now: 1000, dues: "start/1@1000"},
			{now: 2000, change: cancel(2), dues: "end/1@2000 cancel/2@2000"},
			{now: 2050, dues: "settle/2@2050"},
		},
	} {
		t.Run(name, func(t *testing.T) { play(t, steps) })
	}
}

func TestRearming(t *testing.T) {
	for name, steps := range map[string][]step{
		"later, before the start": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 20, change: define(2, window(1500, 2500)), dues: "reschedule/2@20"},
			{now: 1399},
			{now: 1402, dues: "distribute/2@1400>1402+2"},
			{now: 2499, dues: "start/2@1500>2499+999"},
			{now: 2500, dues: "end/2@2500"},
		},
		"earlier, into the past: due at once, not late": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 500, change: define(2, window(300, 2000)), dues: "reschedule/2@500 distribute/2@200>500+0 start/2@300>500+0"},
			{now: 2000, dues: "end/2@2000"},
		},
		"what fired stays fired when its instant does": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 1000, dues: "distribute/1@900>1000+100 start/1@1000"},
			{now: 1100, change: define(2, window(1000, 3000)), dues: "reschedule/2@1100"},
			{now: 2999},
			{now: 3000, dues: "end/2@3000"},
		},
		"what fired is armed again for another instant": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 1000, dues: "distribute/1@900>1000+100 start/1@1000"},
			{now: 1100, change: define(2, window(1500, 2000)), dues: "reschedule/2@1100"},
			{now: 1500, dues: "distribute/2@1400>1500+100 start/2@1500"},
		},
		"another lead alone moves distribute alone": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 900, dues: "distribute/1@900"},
			{now: 910, change: define(2, func(c *timer.Change) { c.Lead = 50 }), dues: "reschedule/2@910"},
			{now: 950, dues: "distribute/2@950"},
		},
		"a waiting timer follows even to the instant at which it fired before": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 1000, dues: "distribute/1@900>1000+100 start/1@1000"},
			{now: 1100, change: define(2, window(1800, 2000)), dues: "reschedule/2@1100"},
			{now: 1200, change: define(3), dues: "reschedule/3@1200 distribute/3@900>1200+0 start/3@1000>1200+0"},
		},
		"moved away and back before it fired: set by the last move": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 20, change: define(2, window(1500, 2000)), dues: "reschedule/2@20"},
			{now: 30, change: define(3), dues: "reschedule/3@30"},
			{now: 1000, dues: "distribute/3@900>1000+100 start/3@1000"},
		},
		"an unchanged instant keeps when it was set": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 900, dues: "distribute/1@900"},
			{now: 1020, catchingUp: true, change: define(2, window(1000, 2500)), dues: "reschedule/2@1020"},
			{now: 1030, dues: "start/2@1000>1030+30"},
		},
		"a changed instant in the past is late only from then on": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 900, dues: "distribute/1@900"},
			{now: 1020, catchingUp: true, change: define(2, window(1001, 2500)), dues: "reschedule/2@1020"},
			{now: 1030, dues: "distribute/2@901>1030+10 start/2@1001>1030+10"},
		},
		"an end moved into the past completes at once and distributes nothing more": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 500, change: define(2, window(300, 500)), dues: "reschedule/2@500 start/2@300>500+0 end/2@500"},
			{now: 550, dues: "settle/2@550"},
		},
		"an end moved into the past in an outage drops the overdue distribution": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 3000, catchingUp: true, change: define(2, window(1000, 2500)), dues: "reschedule/2@3000"},
			{now: 3001, dues: "start/2@1000>3001+2001 end/2@2500>3001+1 settle/2@2550>3001+1"},
		},
		"a distribution dropped with the end comes back with a new end": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 500, catchingUp: true, change: define(2, window(300, 500)), dues: "reschedule/2@500"},
			{now: 501, catchingUp: true, change: define(3, window(300, 900)), dues: "reschedule/3@501"},
			{now: 502, dues: "distribute/3@200>502+1 start/3@300>502+2"},
		},
		"another grace moves settle": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 20, change: define(2, func(c *timer.Change) { c.Grace = 500 }), dues: "reschedule/2@20"},
			{now: 2000, dues: "distribute/2@900>2000+1100 start/2@1000>2000+1000 end/2@2000"},
			{now: 2500, dues: "settle/2@2500"},
		},
	} {
		t.Run(name, func(t *testing.T) { play(t, steps) })
	}
}

func TestOutage(t *testing.T) {
	for name, steps := range map[string][]step{
		"overdue timers come in the order of their instants, all decided now": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 3000, dues: "distribute/1@900>3000+2100 start/1@1000>3000+2000 end/1@2000>3000+1000 settle/1@2050>3000+950"},
		},
		"a change published in the outage is known before an overdue timer is decided": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 1500, catchingUp: true, change: pause(2), dues: "pause/2@1500"},
			{now: 1501, dues: "distribute/2@900>1501+601 start/2@1000>1501+501"},
		},
		"a cancel published in the outage forestalls start and end": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 3000, catchingUp: true, change: cancel(2), dues: "cancel/2@3000"},
			{now: 3050, dues: "settle/2@3050"},
		},
		"a whole campaign published in the outage": {
			{now: 3000, catchingUp: true, change: define(1), dues: "schedule/1@3000"},
			{now: 3001, catchingUp: true, change: define(1), verdict: "duplicate"},
			{now: 3007, dues: "start/1@1000>3007+7 end/1@2000>3007+7 settle/1@2050>3007+7"},
		},
		"duplicate, stale and refused changes let due timers fire first": {
			{now: 10, change: define(2), dues: "schedule/2@10"},
			{now: 900, change: define(2), verdict: "duplicate", dues: "distribute/2@900"},
			{now: 1000, change: pause(1), verdict: "stale", dues: "start/2@1000"},
			{now: 2000, change: define(2, otherData), verdict: "revision-conflict", dues: "end/2@2000"},
			{now: 2050, change: define(2), verdict: "duplicate", dues: "settle/2@2050"},
		},
		"and fire nothing while catching up": {
			{now: 10, change: define(2), dues: "schedule/2@10"},
			{now: 3000, catchingUp: true, change: define(2), verdict: "duplicate"},
			{now: 3000, catchingUp: true, change: pause(1), verdict: "stale"},
			{now: 3000, catchingUp: true, change: define(2, otherData), verdict: "revision-conflict"},
		},
		"a clock that goes back: decisions do not, nothing fires early, nothing fires twice": {
			{now: 1000, change: define(1), dues: "schedule/1@1000 distribute/1@900>1000+0 start/1@1000"},
			{now: 500},
			{now: 500, change: pause(2), dues: "pause/2@1000"},
			{now: 500, change: define(3, window(800, 1900)), dues: "reschedule/3@1000"},
			{now: 799, dues: "distribute/3@700>1000+0"},
			{now: 800, dues: "start/3@800>1000+0"},
			{now: 1900, dues: "end/3@1900"},
		},
		"a clock that goes back before a cancel: its settle is not early either": {
			{now: 990, change: define(1), dues: "schedule/1@990 distribute/1@900>990+0"},
			{now: 500, change: cancel(2), dues: "cancel/2@990"},
			{now: 1039},
			{now: 1040, dues: "settle/2@1040"},
		},
	} {
		t.Run(name, func(t *testing.T) { play(t, steps) })
	}
}

func TestJudgement(t *testing.T) {
	for name, steps := range map[string][]step{
		"no campaign": {
			{now: 10, change: pause(1), verdict: "unknown-campaign"},
			{now: 10, change: resume(1), verdict: "unknown-campaign"},
			{now: 10, change: cancel(1), verdict: "unknown-campaign"},
			{now: 10, change: define(1), dues: "schedule/1@10"},
		},
		"revisions": {
			{now: 10, change: define(5), dues: "schedule/5@10"},
			{now: 11, change: define(5), verdict: "duplicate"},
			{now: 12, change: define(5, otherData), verdict: "revision-conflict"},
			{now: 13, change: define(4), verdict: "stale"},
			{now: 14, change: pause(4), verdict: "stale"},
			{now: 15, change: cancel(5), verdict: "duplicate"}, // the same hash
			{now: 16, change: pause(8), dues: "pause/8@16"},
			{now: 17, change: pause(8), verdict: "duplicate"},
			{now: 18, change: define(8, otherData), verdict: "revision-conflict"},
			{now: 19, change: define(7), verdict: "stale"},
		},
		"what the first definition fixed goes before revisions, the advertiser first": {
			{now: 10, change: define(5), dues: "schedule/5@10"},
			{now: 11, change: define(6, otherAdvertiser, otherCurrency), verdict: "schema"},
			{now: 12, change: define(6, otherCurrency), verdict: "invalid-money"},
			{now: 13, change: define(5, otherAdvertiser), verdict: "schema"},
			{now: 14, change: define(4, otherCurrency), verdict: "invalid-money"},
			{now: 15, change: define(6), dues: "reschedule/6@15"},
			{now: 16, change: define(7, otherCurrency), verdict: "invalid-money"},
		},
		"a completed campaign forwards and moves nothing": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 2000, dues: "distribute/1@900>2000+1100 start/1@1000>2000+1000 end/1@2000"},
			{now: 2005, change: define(2, window(5000, 6000), otherAdvertiser, otherCurrency), verdict: "schema"},
			{now: 2006, change: define(2, window(5000, 6000), otherCurrency), verdict: "invalid-money"},
			{now: 2010, change: define(2, window(5000, 6000)), dues: "reschedule/2@2010"},
			{now: 2011, change: define(2, window(5000, 6000)), verdict: "duplicate"},
			{now: 2012, change: pause(1), verdict: "stale"},
			{now: 2013, change: pause(2), verdict: "duplicate"}, // the same hash
			{now: 2014, change: define(2, otherData), verdict: "revision-conflict"},
			{now: 2020, change: pause(3), dues: "pause/3@2020"},
			{now: 2030, change: resume(4), dues: "resume/4@2030"},
			{now: 2040, change: cancel(5), dues: "cancel/5@2040"},
			{now: 2050, dues: "settle/5@2050"},
			{now: 9999},
		},
		"a cancelled campaign forwards and moves nothing": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 500, change: cancel(2), dues: "cancel/2@500"},
			{now: 510, change: cancel(3), dues: "cancel/3@510"},
			{now: 520, change: define(4, func(c *timer.Change) { c.Grace = 9000 }), dues: "reschedule/4@520"},
			{now: 550, dues: "settle/4@550"},
			{now: 9999},
		},
		"a settled campaign forwards newer changes and knows old ones": {
			{now: 10, change: define(1), dues: "schedule/1@10"},
			{now: 500, change: cancel(2), dues: "cancel/2@500"},
			{now: 550, dues: "settle/2@550"},
			{now: 600, change: define(1), verdict: "stale"},
			{now: 610, change: cancel(2), verdict: "duplicate"},
			{now: 620, change: define(2, otherData), verdict: "revision-conflict"},
			{now: 625, change: define(3, window(7000, 8000), otherAdvertiser), verdict: "schema"},
			{now: 626, change: define(3, window(7000, 8000), otherCurrency), verdict: "invalid-money"},
			{now: 630, change: define(3, window(7000, 8000)), dues: "reschedule/3@630"},
			{now: 640, change: pause(4), dues: "pause/4@640"},
			{now: 650, change: pause(4), verdict: "duplicate"},
			{now: 600, change: resume(5), dues: "resume/5@640"},
			{now: 9999},
		},
	} {
		t.Run(name, func(t *testing.T) { play(t, steps) })
	}
}

func TestSettledRowShrinks(t *testing.T) {
	got := play(t, []step{
		{now: 3000, change: define(6), dues: "schedule/6@3000 start/6@1000>3000+0 end/6@2000>3000+0 settle/6@2050>3000+0"},
	})
	want := timer.Row{
		Revision: 6, Hash: timer.Hash{6}, DecidedAt: 3000, Result: timer.Completed, Settled: true,
		AdvertiserID: "a-1", Currency: "USD",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the row is not what is wanted (-want +got):\n%s", diff)
	}
	if at, waits := got.NextDue(); waits || at != timer.Never {
		t.Errorf("a settled row is due at %d, %v; want never", at, waits)
	}
}

func TestWordingIsKeptWhereGiven(t *testing.T) {
	wording := timer.Wording{
		StartsAtLocal: "2026-12-01T00:00:00", Zone: "America/New_York", Disambiguation: "later",
	}
	worded := func(c *timer.Change) { c.Wording = wording }
	row := play(t, []step{{now: 10, change: define(1, worded), dues: "schedule/1@10"}})
	if row.Wording != wording {
		t.Errorf("the wording is %v; want %v", row.Wording, wording)
	}
	zoneOnly := func(c *timer.Change) { c.Wording = timer.Wording{Zone: "America/New_York", Disambiguation: "later"} }
	row = play(t, []step{
		{now: 10, change: define(1, worded), dues: "schedule/1@10"},
		{now: 11, change: define(2, zoneOnly), dues: "reschedule/2@11"},
	})
	if row.Wording != (timer.Wording{}) {
		t.Errorf("a window of instants keeps the wording %v; want none", row.Wording)
	}
}
