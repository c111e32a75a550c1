package zone

import (
	"slices"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"pgregory.net/rapid"
)

// The tests reach from year 1 to the last instant that the engine takes.
var (
	earliest = instant.Of(time.Date(1, 1, 3, 0, 0, 0, 0, time.UTC))
	latest   = instant.Max
)

// offsetAt asks the library for one instant's offset; it is the ground that both resolvers stand on.
func (z *Zone) offsetAt(at instant.Instant) instant.Millis {
	_, seconds := at.Time().In(z.location).Zone()
	return instant.Millis(seconds) * 1000
}

func drawInstant(t *rapid.T) instant.Instant {
	return instant.Instant(rapid.OneOf(
		rapid.Int64Range(0, 1<<42), // up to 2109
		rapid.Int64Range(int64(earliest), int64(latest)),
	).Draw(t, "instant"))
}

// drawLocal draws a wall-clock time, mostly one around a change of the clocks.
func drawLocal(t *rapid.T, zone *Zone) Local {
	at := drawInstant(t)
	if since, _ := at.Time().In(zone.location).ZoneBounds(); !since.IsZero() && rapid.IntRange(0, 9).Draw(t, "kind") > 0 {
		at = instant.Of(since).Add(instant.Millis(rapid.OneOf(
			rapid.Int64Range(-2, 2),
			rapid.Map(rapid.Int64Range(-2*3600, 2*3600), func(s int64) int64 { return s * 1000 }),
			rapid.Int64Range(-48*3600*1000, 48*3600*1000),
		).Draw(t, "distance")))
	}
	return Local(at.Add(zone.offsetAt(at.Add(-instant.Millis(rapid.IntRange(0, 1).Draw(t, "before"))))))
}

// TestWhatAWallShowsResolvesToItsInstant: an instant's local time resolves to that instant, or, where the wall shows it
// more than once, to instants around it that show it too. Each check takes every twentieth zone.
func TestWhatAWallShowsResolvesToItsInstant(t *testing.T) {
	all := names(t)
	const stride = 20
	rapid.Check(t, func(rt *rapid.T) {
		at := drawInstant(rt)
		for i := rapid.IntRange(0, stride-1).Draw(rt, "zones"); i < len(all); i += stride {
			name := all[i]
			zone := load(t, name)
			local := zone.LocalAt(at)
			first, err := zone.Resolve(local, Earlier)
			last, again := zone.Resolve(local, Later)
			if err != nil || again != nil || first > at || at > last {
				rt.Fatalf("%s: %s is %s in UTC, resolved to %s, %v .. %s, %v", name, local, write(at), write(first), err,
					write(last), again)
			}
			if zone.LocalAt(first) != local || zone.LocalAt(last) != local {
				rt.Fatalf("%s: %s resolves to %s and %s, which show another time", name, local, write(first), write(last))
			}
			only, err := zone.Resolve(local, Reject)
			if (err == nil) != (first == last) || err == nil && only != at {
				rt.Fatalf("%s: %s is %s in UTC, rejecting gives %s, %v", name, local, write(at), write(only), err)
			}
		}
	})
}

// TestResolveAgainstScan compares with a slow resolver that knows nothing of periods.
func TestResolveAgainstScan(t *testing.T) {
	all := names(t)
	const casesPerCheck = 5
	rapid.Check(t, func(rt *rapid.T) {
		for range casesPerCheck {
			zone := load(t, rapid.SampledFrom(all).Draw(rt, "zone"))
			local := drawLocal(rt, zone)
			compareWithScan(rt, zone, local)
		}
	})
}

func compareWithScan(t rapid.TB, zone *Zone, local Local) {
	t.Helper()
	shown, forward, back := zone.scan(local)
	want := map[Disambiguation]instant.Instant{Earlier: back, Later: forward, Compatible: forward}
	wantErr := ErrSkipped
	if len(shown) > 0 {
		want = map[Disambiguation]instant.Instant{Earlier: shown[0], Later: shown[len(shown)-1], Compatible: shown[0]}
		wantErr = ErrRepeated
	}
	for how, want := range want {
		if got, err := zone.Resolve(local, how); err != nil || got != want {
			t.Fatalf("%s: %s by %s is %s, %v; want %s", zone.name, local, how, write(got), err, write(want))
		}
	}
	if len(shown) == 1 {
		wantErr = nil
	}
	if _, err := zone.Resolve(local, Reject); err != wantErr {
		t.Fatalf("%s: %s by reject: %v; want %v", zone.name, local, err, wantErr)
	}
}

// scan looks at the wall once a minute for two days around: the offsets seen are tried one by one; if none shows the
// local time, the first millisecond is sought at which the wall has gone past it.
func (z *Zone) scan(local Local) (shown []instant.Instant, forward, back instant.Instant) {
	const minute = 60_000
	from, to := instant.Instant(local).Add(-offsetMax), instant.Instant(local).Add(offsetMax)
	var offsets []instant.Millis
	past := to
	for at := to; at >= from; at -= minute {
		if offset := z.offsetAt(at); !slices.Contains(offsets, offset) {
			offsets = append(offsets, offset)
		}
		if z.LocalAt(at) > local && z.LocalAt(at-minute) <= local {
			past = at
		}
	}
	for _, offset := range offsets {
		if at := instant.Instant(local).Add(-offset); z.offsetAt(at) == offset {
			shown = append(shown, at)
		}
	}
	slices.Sort(shown)
	for z.LocalAt(past-1) > local {
		past--
	}
	return shown, instant.Instant(local).Add(-z.offsetAt(past - 1)), instant.Instant(local).Add(-z.offsetAt(past))
}
