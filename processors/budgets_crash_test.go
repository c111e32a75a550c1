package processors_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// A process may die at any step between a poll and a commit, while plays and settlements are read and while counts are locked,
// and its successor at the same one: what is told, and what the rows hold, is what they would be without the deaths.
func TestAccountsOutliveAProcessAtEachStep(t *testing.T) {
	t.Parallel()
	inputs := newAccountInputs(t)
	around, want := t, accountsTold(inputs.budgetsAlone(t))
	for _, step := range engine.Steps() {
		for _, phase := range []string{"reading", "locking"} {
			if phase == "locking" && readingOnly[step] || phase == "reading" && step == engine.StepFired {
				continue
			}
			t.Run(fmt.Sprintf("%s, %s", step, phase), func(t *testing.T) {
				t.Parallel()
				d := inputs.deployment(t)
				d.faulty, d.uncounted, d.grave = true, true, around
				for range 2 {
					d.dies(step, phase)
				}
				d.begin(topics.Budgets)
				d.ready()
				d.settle()
				inputs.lateOnes(d)
				same(t, want, accountsTold(d))
			})
		}
	}
}

// readingOnly are the steps that come when there is something to read.
var readingOnly = map[engine.Step]bool{engine.StepPolled: true, engine.StepMoved: true, engine.StepRead: true}

// dies runs budgets until it reaches a step, and kills it there; locking: not before it fires.
func (d *brokerDeployment) dies(step engine.Step, phase string) {
	d.t.Helper()
	var locking atomic.Bool
	locking.Store(phase != "locking")
	d.doomed(topics.Budgets, func(c *engine.Config) { c.TimersMax, c.RecordsMax = 4, 10 }, func(at engine.Step) bool {
		if at == engine.StepFired {
			locking.Store(true)
		}
		return at == step && locking.Load()
	}).comes()
}
