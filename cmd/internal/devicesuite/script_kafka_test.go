//go:build kafka

package devicesuite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// script is what happens in a run, by the time since its beginning.
type script struct {
	steps   []step
	strikes []strike
}

// strike is an engine that is killed.
type strike struct {
	at     time.Duration
	engine int
}

// planStrikes kills an engine in each stretch of the run.
func planStrikes(random *rand.Rand, length time.Duration, engines int) (strikes []strike) {
	const stretch = 9 * time.Second
	for from := stretch / 2; from+stretch < length; from += stretch {
		strikes = append(strikes, strike{from + time.Duration(random.Int64N(int64(stretch))), random.IntN(engines)})
	}
	return strikes
}

// sleep waits until an instant. It is the run that takes its time, not the test that waits for something to be done.
func sleep(ctx context.Context, until time.Time) bool {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// publish publishes the steps.
func (r *run) publish() {
	for _, s := range r.script.steps {
		if !sleep(r.ctx, r.began.Add(s.at)) {
			return
		}
		record := &kgo.Record{Topic: string(s.topic), Key: []byte(s.key), Value: s.value(r.began)}
		r.client.Produce(r.ctx, record, func(_ *kgo.Record, err error) {
			if err != nil {
				r.t.Errorf("publishing: %v", err)
			}
		})
	}
	if err := r.client.Flush(r.ctx); err != nil {
		r.t.Errorf("publishing: %v", err)
	}
}

// strike kills engines with SIGKILL, and starts them again.
func (r *run) strike() {
	for _, s := range r.script.strikes {
		if !sleep(r.ctx, r.began.Add(s.at)) {
			return
		}
		e := r.engines[s.engine]
		r.t.Logf("kill -9 of engine %d after %s", s.engine, s.at.Round(time.Millisecond))
		if err := e.process.Kill(); err != nil {
			r.t.Errorf("%v", err)
		}
		e.past = append(e.past, e.process)
		r.start(e)
	}
}

// join starts the devices that come later: new ones, and such as were in another store before.
func (r *run) join() {
	if !sleep(r.ctx, r.began.Add(r.length/3)) {
		return
	}
	var lines []string
	for i := 0; i+5 < len(r.stores); i += 10 {
		lines = append(lines, fmt.Sprintf("%s late-%d %s-d1", r.stores[i], i, r.stores[i+5]))
	}
	r.simulate("late", lines, append(r.faults(*seed+1, r.length*2/3), "--mime", "video/mp4")...)
}

// watch looks every second how many commands the router has not routed yet, and tells the most.
func (r *run) watch(ctx context.Context) {
	most, when := int64(0), time.Duration(0)
	for at := r.began; sleep(ctx, at); at = at.Add(time.Second) {
		behind, err := r.behind(ctx)
		if err != nil { // the group moves on
			continue
		}
		if behind > most {
			most, when = behind, time.Since(r.began)
		}
	}
	r.t.Logf("the router was %d commands behind at most, after %s", most, when.Round(time.Second))
}

// behind returns how many records of device-commands the router has not routed yet.
func (r *run) behind(ctx context.Context) (int64, error) {
	group, _ := topics.GroupNamed(topics.Router)
	lags, err := kadm.NewClient(r.client).Lag(ctx, group.ID())
	if err == nil {
		err = lags.Error()
	}
	if err != nil {
		return 0, err
	}
	return lags[group.ID()].Lag.Total(), nil
}

// allRouted waits until the router is behind all commands.
func (r *run) allRouted() error {
	return proctest.Await(r.ctx, func(ctx context.Context) error {
		behind, err := r.behind(ctx)
		if err == nil && behind > 0 {
			err = fmt.Errorf("the router has %d commands to route", behind)
		}
		return err
	})
}

// faults are the switches of what goes wrong with devices, for some time.
func (r *run) faults(seed uint64, lasts time.Duration) []string {
	return []string{
		"--seed", fmt.Sprint(seed), "--fault-every", "10s", "--fault-longest", "6s", "--fault-for", (lasts - 6*time.Second).String(),
		"--offline", "0.15", "--slow", "0.05", "--slow-bytes-per-second", "2048", "--disk-full", "0.05", "--restart", "0.05",
		"--wiped", "0.02", "--corrupt", "0.03", "--replay", "0.3", "--forge", "0.4", "--wrong-clock", "0.05", "--clock-max", "20s",
	}
}
