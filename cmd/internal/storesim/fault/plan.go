// Package fault draws what goes wrong in a simulation. Everything follows from a seed and from whom it happens to, so that a
// run can be repeated however its goroutines take turns.
//
//	plan.go    what happens to devices, and when
//	attack.go  what an attacker puts into a store's topic
package fault

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
)

// Rates are probabilities. The zero value is a world without faults.
type Rates struct {
	// Of each device in each Every: a spell without network, with a slow one, with a full disk; no power for a while, with
	// the disk as it was (Restart) or empty and the device set up anew (Wiped).
	Offline, Slow, DiskFull, Restart, Wiped float64
	// Corrupt is of each fetch: a byte of it is wrong.
	Corrupt float64
	// WrongClock is of each time that a device gets power: its clock is wrong until the next time.
	WrongClock float64
	// Replay and Forge are of each store in each Every: an attacker puts an old command into its topic, or a forged one.
	Replay, Forge float64
}

// Plan is what goes wrong in a run.
type Plan struct {
	Rates
	Seed  uint64
	Every time.Duration // positive
	// Longest is the longest spell.
	Longest time.Duration
	// ClockMax is how wrong a wrong clock is at most, DriftMax how many millionths it drifts at most.
	ClockMax time.Duration
	DriftMax int64
	// Base is how wrong every clock is that is not drawn to be wrong.
	Base clock.Skew
	// For is how long faults last, counted from the beginning; 0 for ever.
	For time.Duration
	// Timed are what happens to devices, in the order of time, where nothing is drawn: After counts from the beginning.
	Timed map[string][]Spell
}

// Spell is what happens to a device in one Every; durations are 0 for what does not happen.
type Spell struct {
	// After is when in the Every it happens.
	After                         time.Duration
	Offline, Slow, DiskFull, Down time.Duration
	Wiped                         bool // when it is Down
}

// None says that nothing happens.
func (s *Spell) None() bool { return s.Offline == 0 && s.Slow == 0 && s.DiskFull == 0 && s.Down == 0 }

// At returns what happens to a device in the n-th Every of a run, from 0 on.
func (p *Plan) At(deviceID string, n int64) Spell {
	draw := p.draw("spell", deviceID, n)
	after := time.Duration(draw.Int64N(int64(p.Every)))
	// All are drawn each time, so that one rate does not change what another one makes of the seed.
	offline, slow, full, down, wiped := p.spell(draw, p.Offline), p.spell(draw, p.Slow), p.spell(draw, p.DiskFull),
		p.spell(draw, p.Restart), p.spell(draw, p.Wiped)
	if p.For > 0 && time.Duration(n)*p.Every+after >= p.For {
		return Spell{}
	}
	return Spell{After: after, Offline: offline, Slow: slow, DiskFull: full, Down: max(down, wiped), Wiped: wiped > 0}
}

// searchMax bounds how many Everies Next looks through at once.
const searchMax = 1000

// Next returns what happens to a device first from the n-th Every on, and when, counted from the beginning of the run; number
// is that of its Every. A spell that is None is there to look on from number+1 then. It is false when nothing will happen.
func (p *Plan) Next(deviceID string, n int64) (spell Spell, number int64, at time.Duration, happens bool) {
	if timed := p.Timed[deviceID]; n < int64(len(timed)) {
		return timed[n], n, timed[n].After, true
	} else if len(timed) > 0 {
		return Spell{}, 0, 0, false
	}
	if p.Offline+p.Slow+p.DiskFull+p.Restart+p.Wiped <= 0 {
		return Spell{}, 0, 0, false
	}
	for number = n; ; number++ {
		at = time.Duration(number) * p.Every
		if p.For > 0 && at >= p.For {
			return Spell{}, 0, 0, false
		}
		spell = p.At(deviceID, number)
		if !spell.None() || number-n >= searchMax {
			return spell, number, at + spell.After, true
		}
	}
}

func (p *Plan) spell(draw *rand.Rand, rate float64) time.Duration {
	happens, lasts := draw.Float64() < rate, 1+draw.Int64N(int64(max(p.Longest, 1)))
	if !happens {
		return 0
	}
	return time.Duration(lasts)
}

// Spoils says whether a device's n-th fetch comes corrupt.
func (p *Plan) Spoils(deviceID string, n int64) bool {
	return p.draw("fetch", deviceID, n).Float64() < p.Corrupt
}

// Skew returns how a device's clock is wrong from its n-th boot on, which is at since.
func (p *Plan) Skew(deviceID string, n int64, since time.Time) clock.Skew {
	draw := p.draw("clock", deviceID, n)
	skew := p.Base
	skew.Since = since
	if draw.Float64() < p.WrongClock {
		skew.Offset = time.Duration(draw.Int64N(int64(2*p.ClockMax)+1)) - p.ClockMax
		skew.PPM = draw.Int64N(2*p.DriftMax+1) - p.DriftMax
	}
	return skew
}

// draw returns the chance of the n-th thing of a kind that happens to somebody.
func (p *Plan) draw(kind, whom string, n int64) *rand.Rand {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(kind + "\x00" + whom))
	return rand.New(rand.NewPCG(p.Seed^sum.Sum64(), uint64(n)))
}
