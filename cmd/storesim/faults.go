package main

import (
	"fmt"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
)

// faults are the switches of what goes wrong. Probabilities are of each device, or store, in each --fault-every.
type faults struct {
	Seed    uint64        `name:"seed" group:"Faults" default:"1" placeholder:"N" help:"Of all chance: a run can be repeated (default ${default})."`
	Every   time.Duration `name:"fault-every" group:"Faults" default:"30s" placeholder:"DURATION" help:"How often each device and store draws what goes wrong (default ${default})."`
	Longest time.Duration `name:"fault-longest" group:"Faults" default:"20s" placeholder:"DURATION" help:"Longest spell of anything (default ${default})."`
	For     time.Duration `name:"fault-for" group:"Faults" placeholder:"DURATION" help:"After which time from the beginning nothing goes wrong any more (default: never)."`

	Offline  float64 `name:"offline" group:"Faults" placeholder:"P" help:"Probability of a spell without network."`
	Slow     float64 `name:"slow" group:"Faults" placeholder:"P" help:"Probability of a spell of slow downloads."`
	SlowRate int64   `name:"slow-bytes-per-second" group:"Faults" default:"65536" placeholder:"N" help:"How slow they are (default ${default})."`
	DiskFull float64 `name:"disk-full" group:"Faults" placeholder:"P" help:"Probability of a spell in which the disk takes nothing."`
	Restart  float64 `name:"restart" group:"Faults" placeholder:"P" help:"Probability of a loss of power; the disk survives."`
	Wiped    float64 `name:"wiped" group:"Faults" placeholder:"P" help:"Probability of a loss of power and of all that is on the disk; the device is registered anew."`
	Corrupt  float64 `name:"corrupt" group:"Faults" placeholder:"P" help:"Probability, of each download, that a byte of it is wrong."`
	Replay   float64 `name:"replay" group:"Faults" placeholder:"P" help:"Probability that an attacker puts an old command into a store's topic."`
	Forge    float64 `name:"forge" group:"Faults" placeholder:"P" help:"Probability that an attacker puts a forged command there: unsigned, by another key, of another store, ..."`

	WrongClock float64       `name:"wrong-clock" group:"Faults" placeholder:"P" help:"Probability, each time that a device gets power, that its clock is wrong."`
	ClockMax   time.Duration `name:"clock-max" group:"Faults" default:"10m" placeholder:"DURATION" help:"How far off a wrong clock is at most (default ${default})."`
	DriftMax   int64         `name:"drift-max" group:"Faults" default:"100" placeholder:"PPM" help:"How much a wrong clock drifts at most, in millionths (default ${default})."`
	Offset     time.Duration `name:"clock-offset" group:"Faults" placeholder:"DURATION" help:"How far all other clocks are ahead."`
	Drift      int64         `name:"clock-drift" group:"Faults" placeholder:"PPM" help:"How much all other clocks gain, in millionths."`
}

const driftMost = 100_000 // millionths

// plan refuses values that cannot be meant.
func (f *faults) plan() (fault.Plan, error) {
	for name, p := range map[string]float64{
		"offline": f.Offline, "slow": f.Slow, "disk-full": f.DiskFull, "restart": f.Restart, "wiped": f.Wiped, "corrupt": f.Corrupt,
		"replay": f.Replay, "forge": f.Forge, "wrong-clock": f.WrongClock,
	} {
		if !(p >= 0 && p <= 1) { // not a number is neither
			return fault.Plan{}, fmt.Errorf("--%s: %g is no probability; it must lie between 0 and 1", name, p)
		}
	}
	switch {
	case f.Every < time.Millisecond || f.Longest < time.Millisecond:
		return fault.Plan{}, fmt.Errorf("--fault-every and --fault-longest: must be at least 1ms")
	case f.For < 0 || f.ClockMax < 0 || f.SlowRate < 1:
		return fault.Plan{}, fmt.Errorf("--fault-for and --clock-max must not be negative, --slow-bytes-per-second must be positive")
	case f.DriftMax < 0 || f.DriftMax > driftMost || f.Drift < -driftMost || f.Drift > driftMost:
		return fault.Plan{}, fmt.Errorf("--drift-max and --clock-drift: at most %d", driftMost)
	}
	return fault.Plan{
		Rates: fault.Rates{
			Offline: f.Offline, Slow: f.Slow, DiskFull: f.DiskFull, Restart: f.Restart, Wiped: f.Wiped, Corrupt: f.Corrupt,
			WrongClock: f.WrongClock, Replay: f.Replay, Forge: f.Forge,
		},
		Seed: f.Seed, Every: f.Every, Longest: f.Longest, For: f.For, ClockMax: f.ClockMax, DriftMax: f.DriftMax,
		Base: clock.Skew{Offset: f.Offset, PPM: f.Drift},
	}, nil
}
