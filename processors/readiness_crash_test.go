package processors_test

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/readiness"
	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	crashCampaigns = 6
	crashStores    = 12
)

// A process may die at any step between a poll and a commit, while an outage is caught up with and while all goes well, and its
// successor at the same one: what is told in the end, and what is kept, is what it would be without the deaths.
func TestReadinessOutlivesAProcessAtEachStep(t *testing.T) {
	t.Parallel()
	around, alone := t, livedReadiness(t, t, "", "")
	for _, step := range engine.Steps() {
		for _, phase := range []string{"catching up", "living"} {
			t.Run(fmt.Sprintf("%s, %s", step, phase), func(t *testing.T) {
				t.Parallel()
				same(t, alone, livedReadiness(t, around, step, phase))
			})
		}
	}
}

// livedReadiness has campaigns live, kills processes at a step of a phase, and returns what is told and kept in the end.
// Around it is the test that outlives it.
func livedReadiness(t, around *testing.T, step engine.Step, phase string) map[string]string {
	t.Helper()
	d := newReadiness(t, 2)
	d.faulty, d.grave = step != "", around
	d.lives(0)
	if phase == "catching up" {
		d.diesAt(step, nil)
		d.diesAt(step, nil)
	}
	d.run()
	d.rest()
	d.clock.Set(d.clock.Now().Add(readiness.Pause))
	if phase == "living" {
		d.halt(topics.Readiness)
		d.diesAt(step, func(died <-chan struct{}) {
			d.lives(1)
			d.paused(died)
		})
		d.run()
	} else {
		d.lives(1)
	}
	d.rest()
	d.passes(readiness.Pause)
	d.passes(readiness.Memory) // of the campaign that ends nothing is left that depends on what was read before its end
	return d.ends()
}

// paused lets pauses pass until the process has died: what is read behind one is told at once, and what follows on it by a timer.
func (d *readinessDeployment) paused(died <-chan struct{}) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(brokerDeadline)
	for {
		d.clock.Set(d.clock.Now().Add(readiness.Pause))
		select {
		case <-died:
			return
		case <-deadline:
			return
		case <-ticker.C:
		}
	}
}

// lives publishes a part of the campaigns' lives: what their stores say, starts, and an end.
func (d *readinessDeployment) lives(part int) {
	d.t.Helper()
	for n := range crashCampaigns {
		id := fmt.Sprintf("c-%d", n)
		for s := range crashStores {
			d.says(id, fmt.Sprintf("s-%d", s), part*(s%3), 2-part*(s%3))
		}
		switch {
		case part == 0:
			d.applies(id, schemas.Start, schemas.Active, true)
		case n == 0:
			d.applies(id, schemas.End, schemas.Completed, false)
		}
	}
}

// ends are the newest that is told of each campaign, but for its number and instant, and its row without those. What was told last
// of the campaign that has ended depends on what was read before its end.
func (d *readinessDeployment) ends() map[string]string {
	d.t.Helper()
	ends := make(map[string]string)
	for key, row := range d.kept() {
		if !isPart(key) {
			var kept readiness.Row
			if err := kept.UnmarshalBinary([]byte(row)); err != nil {
				d.t.Fatal(err)
			}
			kept.Looked, kept.Reports, kept.Said = 0, 0, readiness.Content{}
			row = fmt.Sprintf("%+v", kept)
		}
		ends["row "+key] = row
	}
	for n := 1; n < crashCampaigns; n++ {
		id := fmt.Sprintf("c-%d", n)
		all := d.told(id)
		data, err := json.Marshal(all[len(all)-1].Data)
		if err != nil {
			d.t.Fatal(err)
		}
		ends["told "+id] = string(data)
	}
	return ends
}

// diesAt begins readiness and kills it at a step, the first time that it comes there: at all, or, when there is something to
// prepare, after it was ready.
func (d *readinessDeployment) diesAt(step engine.Step, prepare func(died <-chan struct{})) {
	d.t.Helper()
	var armed atomic.Bool
	armed.Store(prepare == nil)
	death := d.doomed(topics.Readiness, func(c *engine.Config) { c.TimersMax, c.RecordsMax = 2, 5 },
		func(at engine.Step) bool { return at == step && armed.Load() })
	if prepare != nil {
		d.ready()
		armed.Store(true)
		prepare(death.died)
	}
	death.comes()
}
