//go:build bench

package bench

import (
	"fmt"
	"time"

	"github.com/rmn-arms/campaign-engine/topics"
)

// far is a start that never comes.
func far(int) time.Time { return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) }

// ms writes a duration as milliseconds.
func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000) }

// ingest reads a backlog of definitions into the timer table.
func (r *rig) ingest(count int) {
	r.t.Helper()
	found := r.look(topics.TransitionsDue, "ingest", "schedule", count)
	r.publish("ingest", count, far)
	r.start("--processors", "timers")
	engine, broker := r.cpu()
	seen := r.await(found)
	engineAfter, brokerAfter := r.cpu()
	took := seen.last.Sub(seen.first)
	r.report("events into the timer table", fmt.Sprintf("%.0f/s", float64(count-1)/took.Seconds()),
		fmt.Sprintf("%d events of 600 B in %s, from the first visible to the last; CPU: engine %.2f s + broker %.2f s",
			count, ms(took), (engineAfter-engine).Seconds(), (brokerAfter-broker).Seconds()))
	r.stop()
}

// burst lets many timers of one instant fire.
func (r *rig) burst(prefix string, count int, ahead time.Duration) {
	r.t.Helper()
	instant := time.Now().Add(ahead).Truncate(time.Second)
	due := r.look(topics.TransitionsDue, prefix, "start", count)
	applied := r.look(topics.TransitionsApplied, prefix, "start", count)
	scheduled := r.look(topics.TransitionsApplied, prefix, "distribute", count)
	r.publish(prefix, count, func(int) time.Time { return instant })
	r.await(scheduled)
	if left := time.Until(instant); left < 500*time.Millisecond {
		r.t.Logf("%s: burst %s: all were scheduled only %s before the instant: not a measurement", r.name, prefix, left)
	}
	engine, broker := r.cpu()
	seenDue, seenApplied := r.await(due), r.await(applied)
	engineAfter, brokerAfter := r.cpu()
	r.report(fmt.Sprintf("%d timers of one instant (%s)", count, prefix),
		fmt.Sprintf("due %s, applied %s", ms(seenDue.last.Sub(instant)), ms(seenApplied.last.Sub(instant))),
		fmt.Sprintf("until the last is visible; the first after %s; CPU: engine %.2f s + broker %.2f s",
			ms(seenDue.first.Sub(instant)), (engineAfter-engine).Seconds(), (brokerAfter-broker).Seconds()))
}

// steady lets timers fire at a rate and tells how late they become visible, and what that costs.
func (r *rig) steady(prefix string, rate int, lasts time.Duration, from topics.Name) {
	r.t.Helper()
	count := rate * int(lasts/time.Second)
	begins := time.Now().Add(3*time.Second + time.Duration(count/10_000)*time.Second).Truncate(time.Second)
	gap := time.Second / time.Duration(rate)
	found := r.lookAtEach(from, prefix, "start", count)
	scheduled := r.look(from, prefix, "distribute", count)
	r.publish(prefix, count, func(i int) time.Time { return begins.Add(time.Duration(i) * gap) })
	r.await(scheduled)
	engine, broker := r.cpu()
	seen := r.await(found)
	engineAfter, brokerAfter := r.cpu()
	p50, p99, most := seen.quantiles()
	r.report(fmt.Sprintf("lateness at %d/s in %s (%s)", rate, from, prefix),
		fmt.Sprintf("p50 %s, p99 %s, max %s", ms(p50), ms(p99), ms(most)),
		fmt.Sprintf("CPU over %s: engine %.1f s + broker %.1f s", lasts, (engineAfter-engine).Seconds(), (brokerAfter-broker).Seconds()))
}

// idle tells what the engine uses when nothing is due and nothing comes.
func (r *rig) idle(lasts time.Duration) {
	r.t.Helper()
	engine, broker := r.cpu()
	timer := time.NewTimer(lasts)
	defer timer.Stop()
	<-timer.C
	engineAfter, brokerAfter := r.cpu()
	r.report("idle", fmt.Sprintf("engine %.2f s", (engineAfter-engine).Seconds()),
		fmt.Sprintf("CPU over %s; broker %.2f s", lasts, (brokerAfter-broker).Seconds()))
}

// pending fills the tables and tells memory, and the time from start to ready.
func (r *rig) pending(count int) {
	r.t.Helper()
	for _, processors := range []string{"timers", "all"} {
		r.start("--processors", processors)
		if processors == "timers" {
			found := r.look(topics.TransitionsDue, "pending", "schedule", count)
			r.publish("pending", count, far)
			r.await(found)
		} else {
			r.catchUp(processors)
		}
		r.stop()
		took := r.start("--processors", processors)
		rss := r.rss()
		if recovered, want := r.sum("campaign_engine_recovered_rows_total"), count*groupsOf(processors); recovered != want {
			r.t.Errorf("%d rows were recovered, not %d", recovered, want)
		}
		r.report(fmt.Sprintf("ready with %d pending, --processors %s", count, processors), fmt.Sprintf("%.1f s", took.Seconds()),
			fmt.Sprintf("%d MiB resident, %.0f MiB per 100,000", rss, float64(rss)/float64(count)*100_000))
		r.stop()
	}
}

// groupsOf is how many tables hold each campaign.
func groupsOf(processors string) int {
	if processors == "all" {
		return len(topics.Transacted())
	}
	return 1
}

func (r *rig) report(what, figure, more string) {
	r.t.Helper()
	fmt.Printf("%-16s | %-52s | %-38s | %s\n", r.name, what, figure, more)
}
