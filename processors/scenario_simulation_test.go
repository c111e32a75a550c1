package processors_test

import (
	"slices"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/simulation"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// simulatedDeployment runs the processors in a simulation. As on the tester, records wait until settle and are then read before
// anything is fired.
type simulatedDeployment struct {
	t        *testing.T
	runner   *simulation.Runner
	heard    []topics.Record // of outputTopics
	onDevice []topics.Record // of deviceTopics
	waiting  []topics.Record
	offsets  map[string]int64 // behind what was published, by topic
	stopped  bool
}

func deploySimulated(t *testing.T, s setup) deployment {
	t.Helper()
	d := &simulatedDeployment{t: t, offsets: make(map[string]int64)}
	groups := topics.Groups()
	groups = slices.DeleteFunc(groups, func(g topics.Group) bool { return !slices.Contains(s.shorts(), g.Short) })
	runner, err := simulation.New(simulation.Config{Settings: s.settings, Groups: groups, Now: s.now, Written: d.hear})
	if err != nil {
		t.Fatal(err)
	}
	d.runner = runner
	return d
}

func (d *simulatedDeployment) hear(record topics.Record) error {
	switch topic := topics.Name(record.Topic); {
	case slices.Contains(outputTopics[:], topic):
		d.heard = append(d.heard, record)
	case slices.Contains(deviceTopics[:], topic):
		d.onDevice = append(d.onDevice, record)
	}
	return nil
}

func (d *simulatedDeployment) publish(records []topics.Record) {
	for i := range records {
		topic := records[i].Topic
		records[i].Partition, records[i].Offset = 0, d.offsets[topic]
		d.offsets[topic]++
	}
	d.waiting = append(d.waiting, records...)
}

func (d *simulatedDeployment) drive(now instant.Instant) { d.runner.Drive(now) }

func (d *simulatedDeployment) settle() {
	d.t.Helper()
	if d.stopped {
		return
	}
	for _, record := range d.waiting {
		if err := d.runner.Publish(record); err != nil {
			d.t.Fatal(err)
		}
	}
	d.waiting = nil
	d.runner.CatchUp(false)
	if err := d.runner.Fire(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *simulatedDeployment) stop() { d.stopped = true }

// start has what came meanwhile read as an engine does that catches up, under the settings of now.
func (d *simulatedDeployment) start(settings processors.Settings) {
	d.t.Helper()
	if err := d.runner.Restart(settings); err != nil {
		d.t.Fatal(err)
	}
	d.stopped = false
	d.runner.CatchUp(true)
	d.settle()
}

func (d *simulatedDeployment) next() instant.Instant { return d.runner.Next() }

func (d *simulatedDeployment) outputs() []topics.Record {
	heard := d.heard
	d.heard = nil
	slices.SortStableFunc(heard, func(a, b topics.Record) int {
		return slices.Index(outputTopics[:], topics.Name(a.Topic)) - slices.Index(outputTopics[:], topics.Name(b.Topic))
	})
	return heard
}

func (d *simulatedDeployment) deviceOutputs() []topics.Record {
	heard := d.onDevice
	d.onDevice = nil
	return heard
}

func (d *simulatedDeployment) rows(name topics.Name) map[string][]byte {
	d.t.Helper()
	all := make(map[string][]byte)
	if err := d.runner.EachRow(name, func(key string, value []byte) { all[key] = value }); err != nil {
		d.t.Fatal(err)
	}
	return all
}

func (d *simulatedDeployment) counted(short string) map[string]int { return d.runner.Counts()[short] }

var _ deployment = (*simulatedDeployment)(nil)
