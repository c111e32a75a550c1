package processors_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// How settle knows that nothing more comes: the committed records themselves say so. While the clock stands still and
// nobody publishes, a deployment is at rest when
//
//  1. timers has committed positions behind all that was published, and behind the last record of its loop;
//  2. no committed row of its table is due;
//  3. lifecycle has committed its position behind the last of transitions-due;
//  4. budgets has committed positions behind the last of transitions-applied, behind all plays that were published, and
//     behind the last record of its loop, and no account is due;
//  5. the groups of devices have read their inputs and loops, each looked at behind those that feed it, and none of their rows
//     is due;
//  6. the counters of all groups have been told: those that are known of what was read and written, and of all rows.
//
// Each of these, once true, stays true, and each is looked at behind the one that feeds it; so no marker record, no time
// and no knowledge of the engine's inside is needed. What they speak of changes only when an engine commits: settle looks
// again after each commit, and at no other time.
func (d *brokerDeployment) settle() {
	d.t.Helper()
	if len(d.running) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), brokerDeadline)
	defer cancel()
	for {
		why := d.atRest(ctx)
		if why == "" {
			return
		}
		select {
		case <-d.changed:
			d.alive()
		case <-ctx.Done():
			d.t.Fatalf("still waiting after %s: %s", brokerDeadline, why)
		}
	}
}

// alive fails when an engine has ended by itself.
func (d *brokerDeployment) alive() {
	d.t.Helper()
	for short, run := range d.running {
		select {
		case err := <-run.done:
			run.done <- err
			d.t.Fatalf("%s has ended: %v", short, err)
		default:
		}
	}
}

// atRest says what is waited for; nothing when the deployment is at rest.
func (d *brokerDeployment) atRest(ctx context.Context) string {
	d.t.Helper()
	if _, runs := d.running[topics.Timers]; runs {
		if why := d.timersAtRest(ctx); why != "" {
			return why
		}
	}
	if _, runs := d.running[topics.Lifecycle]; runs {
		if why := d.lifecycleAtRest(ctx); why != "" {
			return why
		}
	}
	if _, runs := d.running[topics.Budgets]; runs {
		if why := d.budgetsAtRest(ctx); why != "" {
			return why
		}
	}
	if why := d.devicesAtRest(ctx); why != "" {
		return why
	}
	return d.allTold()
}

// allTold says who has committed rows that it has not told of: what it counted with them, it has not told either.
func (d *brokerDeployment) allTold() string {
	if d.uncounted {
		return ""
	}
	for short := range d.running {
		group, _ := topics.GroupNamed(short)
		written := d.reading.counts[group.Table] - d.foreign[group.Table]
		if told := d.counts[short].rowsTold(); told != written {
			return fmt.Sprintf("%s to have told of %d rows, not %d", short, written, told)
		}
	}
	return ""
}

func (d *brokerDeployment) timersAtRest(ctx context.Context) string {
	d.t.Helper()
	read := d.positions(ctx, topics.Timers)
	for partition, end := range d.ends[topics.CampaignEvents] {
		if read[topics.CampaignEvents][partition] < end {
			return fmt.Sprintf("timers to read campaign-events/%d to %d", partition, end)
		}
	}
	d.reading.catchUp(ctx)
	for partition, end := range d.reading.ends[topics.CampaignEngineTimersLoop] {
		if read[topics.CampaignEngineTimersLoop][partition] < end {
			return fmt.Sprintf("timers to read its loop/%d to %d", partition, end)
		}
	}
	if next := d.reading.nextTimer(); next <= d.clock.Now().Add(d.ahead) {
		return fmt.Sprintf("timers to fire what is due at %s", next.Time())
	}
	counted := d.counted(topics.Timers)
	if taken := inputsTaken(counted); taken != d.published {
		return fmt.Sprintf("timers to have counted %d events, not %d: %v", d.published, taken, counted)
	}
	if dues := d.reading.counts[topics.TransitionsDue]; counted[processors.Due] != dues {
		return fmt.Sprintf("timers to have counted %d dues, not %d", dues, counted[processors.Due])
	}
	return ""
}

// inputsTaken adds up what became of the events; one that was carried is counted where it was taken.
func inputsTaken(counted map[string]int) int {
	taken := counted[processors.Accepted] + counted[processors.Duplicates] + counted[processors.Stale]
	for name, count := range counted {
		if strings.HasPrefix(name, processors.Refused) {
			taken += count
		}
	}
	return taken
}

func (d *brokerDeployment) lifecycleAtRest(ctx context.Context) string {
	d.t.Helper()
	if _, runs := d.running[topics.Timers]; !runs {
		d.reading.catchUp(ctx)
	}
	read := d.positions(ctx, topics.Lifecycle)
	for partition, end := range d.reading.ends[topics.TransitionsDue] {
		if read[topics.TransitionsDue][partition] < end {
			return fmt.Sprintf("lifecycle to read transitions-due/%d to %d", partition, end)
		}
	}
	d.reading.catchUp(ctx)
	counted := d.counted(topics.Lifecycle)
	for name, topic := range map[string]topics.Name{
		processors.Applied: topics.TransitionsApplied, processors.Rejected: topics.TransitionsRejected,
	} {
		if counted[name] != d.reading.counts[topic] {
			return fmt.Sprintf("lifecycle to have counted %d %s, not %d", d.reading.counts[topic], name, counted[name])
		}
	}
	return ""
}

func (d *brokerDeployment) budgetsAtRest(ctx context.Context) string {
	d.t.Helper()
	d.reading.catchUp(ctx)
	read := d.positions(ctx, topics.Budgets)
	for topic, ends := range map[topics.Name]map[int32]int64{
		topics.TransitionsApplied: d.reading.ends[topics.TransitionsApplied], topics.Plays: d.ends[topics.Plays],
	} {
		for partition, end := range ends {
			if read[topic][partition] < end {
				return fmt.Sprintf("budgets to read %s/%d to %d", topic, partition, end)
			}
		}
	}
	d.reading.catchUp(ctx)
	for partition, end := range d.reading.ends[topics.CampaignEngineBudgetsLoop] {
		if read[topics.CampaignEngineBudgetsLoop][partition] < end {
			return fmt.Sprintf("budgets to read its loop/%d to %d", partition, end)
		}
	}
	if next := d.reading.nextAccount(); next <= d.clock.Now().Add(d.ahead) {
		return fmt.Sprintf("budgets to do what is due at %s", next.Time())
	}
	if d.uncounted {
		return ""
	}
	return d.budgetsCounted()
}

// budgetsCounted says what the counters of budgets have not told yet.
func (d *brokerDeployment) budgetsCounted() string {
	counted, written := d.counted(topics.Budgets), d.reading.counts
	if want, got := written[topics.TransitionsApplied]+d.played+d.reread, playsTaken(counted)+counted[processors.Noted]; got != want {
		return fmt.Sprintf("budgets to have counted %d transitions and plays, not %d: %v", want, got, counted)
	}
	locked, adjusted := written[topics.BudgetReleased], written[topics.CampaignStatements]-written[topics.BudgetReleased]
	if counted[processors.Locked] != locked || counted[processors.Adjusted] != adjusted {
		return fmt.Sprintf("budgets to have counted %d locks and %d adjustments: %v", locked, adjusted, counted)
	}
	return ""
}

// atArrival are the counters of which each play adds to one when it is read.
func atArrival() []string {
	names := []string{processors.Held}
	for _, verdict := range schemas.Verdicts() {
		if verdict != schemas.PlayUnknownCampaign { // counted, once more, when plays that were held are refused
			names = append(names, string(verdict))
		}
	}
	return names
}

// playsTaken adds up what became of the plays; one that was carried is counted where it was taken.
func playsTaken(counted map[string]int) int {
	taken := 0
	for _, name := range atArrival() {
		taken += counted[name]
	}
	for name, count := range counted {
		if strings.HasPrefix(name, processors.Refused) {
			taken += count
		}
	}
	return taken
}

// positions are those that a group has committed.
func (d *brokerDeployment) positions(ctx context.Context, short string) map[topics.Name]map[int32]int64 {
	d.t.Helper()
	group, _ := topics.GroupNamed(short)
	committed, err := d.admin.FetchOffsets(ctx, group.ID())
	if err != nil {
		d.t.Fatalf("reading the positions of %s: %v", short, err)
	}
	at := make(map[topics.Name]map[int32]int64)
	for topic, partitions := range committed.Offsets() {
		at[topics.Name(topic)] = make(map[int32]int64)
		for partition, offset := range partitions {
			at[topics.Name(topic)][partition] = offset.At
		}
	}
	return at
}

// ready waits until the engines have recovered their partitions and caught up with them, so that what is published next is not taken for
// something that came during the outage.
func (d *brokerDeployment) ready() {
	d.t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	deadline := time.After(brokerDeadline)
	for _, run := range d.running {
		for run.engine.Ready() != nil || run.engine.CatchingUp() > 0 {
			select {
			case <-look.C:
				d.alive()
			case <-deadline:
				d.t.Fatalf("not ready after %s: %v, %d partitions are caught up with", brokerDeadline, run.engine.Ready(), run.engine.CatchingUp())
			}
		}
	}
}
