package engine_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

var (
	stormSeed  = flag.Uint64("storm.seed", 0, "what a failed storm printed; 0: another one each time")
	stormSteps = flag.Int("storm.steps", 30, "how many times a storm starts, stops or kills a process")
)

// storm is a group whose processes come and go at random while settings are published, some in foreign partitions, and
// the clock goes on.
type storm struct {
	*bench
	random  *rand.Rand
	names   []string
	running map[string]*process
	foreign *kgo.Client
	beats   func() int

	keys, want []string
}

// Whatever processes do, every setting is taken once and every alarm rings once. A killed process's connections are cut
// and its transaction stays as it is; a frozen one goes on later, past its session, as a zombie. To repeat a storm, run
// this test with -args -storm.seed=N; the seed draws the same deeds, though not the same races.
func TestARestartStorm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		deeds []func(*storm, string)
	}{
		{"of clean ends", []func(*storm, string){(*storm).begin, (*storm).stop}},
		{"of kills", []func(*storm, string){(*storm).begin, (*storm).stop, (*storm).kill}},
		{"of kills and zombies", []func(*storm, string){(*storm).begin, (*storm).stop, (*storm).kill, (*storm).freeze}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			seed := *stormSeed
			if seed == 0 {
				seed = rand.Uint64()
			}
			t.Logf("seed %d", seed)
			b := newBench(t, testPartitions)
			s := &storm{
				bench: b, random: rand.New(rand.NewPCG(seed, 0)), names: []string{"a", "ab", "c"}, running: map[string]*process{},
				foreign: b.connect(kgo.RecordPartitioner(kgo.ManualPartitioner())), beats: b.count(kmsg.Heartbeat, nil),
			}
			for range *stormSteps {
				s.publish(1 + s.random.IntN(30))
				c.deeds[s.random.IntN(len(c.deeds))](s, s.names[s.random.IntN(len(s.names))])
				b.clock.Set(b.clock.Now() + instant.Instant(s.random.IntN(100)))
				s.wait(s.random.IntN(6))
			}
			s.begin("a")
			b.clock.Set(b.clock.Now() + 1000)
			b.settled(s.want, all(rested(), s.keys...))
		})
	}
}

// publish sets alarms under new keys, one in four of them in a wrong partition.
func (s *storm) publish(count int) {
	s.t.Helper()
	var records []*kgo.Record
	for range count {
		key, at := fmt.Sprintf("key-%d", len(s.keys)), s.clock.Now()+instant.Instant(s.random.IntN(200))-20
		record := alarm(key, at)
		record.Partition = topics.PartitionOf(record.Key, testPartitions)
		if s.random.IntN(4) == 0 {
			record.Partition = s.random.Int32N(testPartitions)
		}
		records = append(records, record)
		s.keys, s.want = append(s.keys, key), append(s.want, ring(key, at), echo(key, at))
	}
	if err := s.foreign.ProduceSync(s.ctx, records...).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}

// wait lets the group live for some heartbeats.
func (s *storm) wait(beats int) {
	if len(s.running) == 0 {
		return
	}
	until := s.beats() + beats
	s.await("heartbeats", func() bool { return s.beats() >= until })
}

func (s *storm) begin(name string) {
	if s.running[name] != nil {
		return
	}
	s.running[name] = s.start(name, alarms(hooks{echo: true}), func(c *engine.Config) {
		c.SessionTimeout, c.TransactionTimeout = 400*time.Millisecond, time.Second
		c.TimersMax, c.RecordsMax = 20, 20
	})
}

func (s *storm) stop(name string) {
	if p := s.running[name]; p != nil {
		s.bench.stop(p)
		delete(s.running, name)
	}
}

func (s *storm) kill(name string) {
	if p := s.running[name]; p != nil {
		s.bench.kill(p)
		delete(s.running, name)
	}
}

// freeze stops a process for longer than its session, in the middle of whatever it does.
func (s *storm) freeze(name string) {
	p := s.running[name]
	if p == nil {
		return
	}
	p.wire.freeze()
	defer p.wire.thaw()
	if len(s.running) == 1 {
		return
	}
	s.await("the group gives it up", func() bool { return s.memberOf(name) == "" })
	s.wait(s.random.IntN(6))
}
