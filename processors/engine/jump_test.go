package engine

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// step is a look at both clocks, in milliseconds, and what comes of it.
type step struct {
	wall, elapsed int64
	held          bool
	news          clockNews
}

func TestJumpGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"steady", []step{{1_000_000, 0, false, noNews}, {1_010_000, 10_000, false, noNews}, {9_000_000, 8_000_000, false, noNews}}},
		{"the first look believes the clock", []step{{math.MaxInt32, 0, false, noNews}}},
		{"a suspended machine has not jumped", []step{{1_000_000, 0, false, noNews}, {90_000_000, 89_000_000, false, noNews}}},
		{"just below a jump", []step{{1_000_000, 0, false, noNews}, {1_001_499, 1000, false, noNews}}},
		{"just a jump", []step{{1_000_000, 0, false, noNews}, {1_001_501, 1000, true, jumpedForward}}},
		{"forward: held, then believed after 5 s", []step{
			{1_000_000, 0, false, noNews}, {1_061_000, 1000, true, jumpedForward}, {1_065_999, 5999, true, noNews},
			{1_066_000, 6000, false, nowBelieved}, {1_067_000, 7000, false, noNews},
		}},
		{"forward, and put right while it is held", []step{
			{1_000_000, 0, false, noNews}, {1_061_000, 1000, true, jumpedForward}, {1_002_000, 2000, false, putRight}, {1_003_000, 3000, false, noNews},
		}},
		{"forward twice: each is told, and each is held for 5 s at most", []step{
			{1_000_000, 0, false, noNews}, {1_061_000, 1000, true, jumpedForward}, {1_122_000, 2000, true, jumpedForward},
			{1_123_000, 3000, true, noNews}, {1_125_999, 5999, true, noNews}, {1_126_000, 6000, true, noNews},
			{1_130_999, 10_999, true, noNews}, {1_131_000, 11_000, false, nowBelieved}, {1_132_000, 12_000, false, noNews},
		}},
		{"forward twice, and the second put right: the first is believed", []step{
			{1_000_000, 0, false, noNews}, {1_061_000, 1000, true, jumpedForward}, {9_062_000, 2000, true, jumpedForward},
			{9_066_000, 6000, true, noNews}, {1_067_000, 7000, false, putRight},
		}},
		{"back: nothing is held, and it is told once", []step{
			{1_000_000, 0, false, noNews}, {941_000, 1000, false, jumpedBack}, {942_000, 2000, false, noNews},
		}},
		{"back by 2 s, as a time service corrects", []step{
			{1_000_000, 0, false, noNews}, {999_000, 1000, false, jumpedBack}, {1_000_000, 2000, false, noNews},
		}},
		{"back, then forward to where it was", []step{
			{1_000_000, 0, false, noNews}, {941_000, 1000, false, jumpedBack}, {1_002_000, 2000, true, jumpedForward}, {1_007_000, 7000, false, nowBelieved},
		}},
		{"during a hold, back behind where it was", []step{
			{1_000_000, 0, false, noNews}, {1_061_000, 1000, true, jumpedForward}, {942_000, 2000, false, jumpedBack},
		}},
		{"far beyond what a Duration can say", []step{
			{1_000_000, 0, false, noNews}, {253_402_300_799_999, 1000, true, jumpedForward}, {1_002_000, 2000, false, putRight},
			{253_402_300_799_999, 3000, true, jumpedForward}, {253_402_300_804_999, 8000, false, nowBelieved}, {1_009_000, 9000, false, jumpedBack},
		}},
		{"not looked at during the hold", []step{
			{1_000_000, 0, false, noNews}, {1_061_000, 1000, true, jumpedForward}, {1_260_000, 200_000, false, nowBelieved},
		}},
		{"half a second within a minute, in small steps", []step{
			{1_000_000, 0, false, noNews}, {1_010_300, 10_000, false, noNews}, {1_020_500, 20_000, false, noNews},
			{1_030_600, 30_000, true, jumpedForward}, {1_035_600, 35_000, false, nowBelieved},
		}},
		{"half a second within an hour", []step{
			{1_000_000, 0, false, noNews}, {1_070_400, 70_000, false, noNews}, {1_140_800, 140_000, false, noNews}, {1_211_200, 210_000, false, noNews},
		}},
		{"not looked at for an hour of slewing by 500 ppm", []step{{1_000_000, 0, false, noNews}, {4_601_800, 3_600_000, false, noNews}}},
		{"not looked at for an hour, and five seconds ahead", []step{{1_000_000, 0, false, noNews}, {4_605_000, 3_600_000, true, jumpedForward}}},
		{"the lowest counts: back a little, then forward", []step{
			{1_000_000, 0, false, noNews}, {1_000_700, 1000, false, noNews}, {1_002_210, 2000, true, jumpedForward},
		}},
	} {
		var g jumpGuard
		for i, s := range c.steps {
			elapsed := time.Duration(s.elapsed) * time.Millisecond
			_, news := g.look(instant.Instant(s.wall), elapsed)
			if g.held() != s.held || news != s.news {
				t.Errorf("%s, look %d: held %t, news %d", c.name, i, g.held(), news)
			}
			if believed := g.believed(elapsed); (believed < instant.Instant(s.wall)) != s.held {
				t.Errorf("%s, look %d: at %d it is believed to be %d", c.name, i, s.wall, believed)
			}
		}
	}
}

// glance is a look of a random script: what the clocks showed, and what was believed.
type glance struct {
	elapsed          time.Duration
	offset, believed instant.Millis // wall clock and what is believed, minus the elapsed time
	held             bool
}

// Whatever a wall clock does, it is believed only where it has gained no more than slewing does, or where it has stood for
// the whole of a hold; it is held for no longer than that, and every step is told of once.
func TestJumpGuardOnAnyClock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var g jumpGuard
		var seen []glance
		wall, elapsed := int64(1_000_000_000), int64(rapid.IntRange(0, 1_000_000).Draw(t, "boot"))
		for range rapid.IntRange(1, 60).Draw(t, "looks") {
			passed := rapid.SampledFrom([]int64{0, 1, 20, 500, 1000, 2500, 5000, 70_000}).Draw(t, "passed")
			stepped := rapid.SampledFrom([]int64{
				0, 0, 0, 0, 0, 0, 1, 100, 300, 499, 500, 600, 2000, 300_000, 3_600_000, 86_400_000,
				-1, -300, -600, -2000, -300_000, -3_600_000,
			}).Draw(t, "stepped")
			elapsed, wall = elapsed+passed, wall+passed+stepped
			at := time.Duration(elapsed) * time.Millisecond
			by, news := g.look(instant.Instant(wall), at)
			now := glance{at, instant.Millis(wall - elapsed), instant.Millis(g.believed(at)) - instant.Millis(elapsed), g.held()}
			if err := follows(seen, now, by, news); err != "" {
				t.Fatalf("look %d: %s\n%+v, news %d, after\n%+v", len(seen), err, now, news, seen)
			}
			seen = append(seen, now)
		}
	})
}

// follows says what is wrong with a glance after others; empty: nothing.
func follows(seen []glance, now glance, by time.Duration, news clockNews) string {
	if now.believed > now.offset {
		return "what is believed is ahead of the wall clock"
	}
	if now.held != (now.believed < now.offset) {
		return "it is held, and yet believed; or the other way round"
	}
	if len(seen) == 0 {
		return ""
	}
	before := seen[len(seen)-1]
	gained := now.offset - before.believed
	if by != time.Duration(gained)*time.Millisecond {
		return "the size of the jump is wrong"
	}
	if gained <= 0 && now.held {
		return "a clock that was put back is not believed"
	}
	if (news == jumpedBack) != (by <= -jumpMin-(now.elapsed-before.elapsed)/slewOneIn) {
		return "a step back is told once, and nothing else is"
	}
	if !before.held && !now.held && by >= jumpMin+slewed(seen, now) {
		return "a jump is believed at once"
	}
	if before.held && now.believed > before.believed && span(now.believed-before.believed) >= jumpMin+slewed(seen, now) && !stood(seen, now) {
		return "a jump is believed before its time"
	}
	if now.held && heldTooLong(seen, now) {
		return "it is held for longer than the hold"
	}
	if now.held && !before.held && news != jumpedForward {
		return "a jump is not told of"
	}
	if before.held && !now.held && news != putRight && news != nowBelieved && news != jumpedBack {
		return "the end of a hold is not told of"
	}
	return ""
}

// slewed is at least what may be gained by slewing between a measure and a glance.
func slewed(seen []glance, now glance) time.Duration {
	return (now.elapsed - seen[len(seen)-1].elapsed + 2*creepWindow) / slewOneIn
}

// stood says that the wall clock has not been below what is believed for the whole of a hold, but for what is no jump.
func stood(seen []glance, now glance) bool {
	for i := len(seen) - 1; i >= 0 && span(now.believed-seen[i].offset) < jumpMin+(now.elapsed-seen[i].elapsed)/slewOneIn; i-- {
		if now.elapsed-seen[i].elapsed >= holdMax {
			return true
		}
	}
	return false
}

// heldTooLong says that the wall clock has stood where it is for longer than a hold: than what was left of the one before,
// and one of its own, from one look to the first that is as much later.
func heldTooLong(seen []glance, now glance) bool {
	first := len(seen)
	for first > 0 && seen[first-1].held && seen[first-1].offset == now.offset {
		first--
	}
	for holds := 0; first < len(seen); holds++ {
		if holds == 2 {
			return true
		}
		until := seen[first].elapsed + holdMax
		for first < len(seen) && seen[first].elapsed < until {
			first++
		}
		if holds == 1 && now.elapsed >= until {
			return true
		}
	}
	return false
}

// A clock that is slewed, as time services do, is never held, however long nobody looks and however far it gets in sum.
func TestSlewingIsNoJump(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var g jumpGuard
		ppm := rapid.Int64Range(-500, 500).Draw(t, "ppm")
		elapsed := int64(0)
		for range 200 {
			elapsed += rapid.SampledFrom([]int64{1, 20, 1000, 60_000, 3_600_000, 86_400_000}).Draw(t, "passed")
			wall := 1_000_000_000 + elapsed + elapsed*ppm/1_000_000
			_, news := g.look(instant.Instant(wall), time.Duration(elapsed)*time.Millisecond)
			if g.held() || news != noNews {
				t.Fatalf("after %d ms at %d ppm: held %t, news %d", elapsed, ppm, g.held(), news)
			}
		}
	})
}

// A clock that runs a tenth too fast is told of again and again, and what is believed stays within a hold's gain of it.
func TestAFastClockIsTold(t *testing.T) {
	t.Parallel()
	var g jumpGuard
	told := 0
	for elapsed := int64(0); elapsed < 60_000; elapsed += 100 {
		wall, at := 1_000_000_000+elapsed+elapsed/10, time.Duration(elapsed)*time.Millisecond
		_, news := g.look(instant.Instant(wall), at)
		if news == jumpedForward {
			told++
		}
		if behind := instant.Instant(wall) - g.believed(at); behind < 0 || behind > 1100 {
			t.Fatalf("after %d ms what is believed is %d ms behind", elapsed, behind)
		}
	}
	if told < 6 {
		t.Errorf("it was told of %d times in a minute", told)
	}
}
