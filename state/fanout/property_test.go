package fanout_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/fanout"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// TestStoresComeToWhatIsWanted: in whatever order transitions and steps come, and whatever steps come twice, in the end exactly
// the targeted stores have the newest placement, if one is wanted, and on the way no store hears what is older, or what it has.
func TestStoresComeToWhatIsWanted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 40).Draw(t, "moves") {
			switch move := rapid.IntRange(0, 9).Draw(t, "move"); {
			case move < 4:
				w.apply(drawChange(t, w))
			case move < 9:
				w.next()
			case len(w.passed) > 0:
				w.deliver(rapid.SampledFrom(w.passed).Draw(t, "again"))
			}
		}
		w.rest()
		w.check()
	})
}

// drawChange draws a transition of any kind, on any that may be before it.
func drawChange(t *rapid.T, w *world) fanout.Change {
	c := fanout.Change{Distributes: rapid.IntRange(0, 3).Draw(t, "distributes") == 0}
	switch status := rapid.IntRange(0, 9).Draw(t, "status"); {
	case status == 0:
		c.Over = true
	case status < 3: // paused
	default:
		c.Live = true
	}
	c.Placement, c.Stores = w.placement, nil
	for store := range w.targets {
		c.Stores = append(c.Stores, store)
	}
	if w.placement.EndsAt == 0 || rapid.Bool().Draw(t, "other content") {
		creatives := rapid.SampledFrom([]int{0, 1, 40}).Draw(t, "creatives") // of 40, some steps are full before they have 250
		c.Placement = placement(int64(rapid.IntRange(1, 3).Draw(t, "version")), creatives,
			instant.Instant(rapid.IntRange(10, 12).Draw(t, "ends")))
	}
	if w.targets == nil || rapid.Bool().Draw(t, "other stores") {
		from := rapid.IntRange(0, 900).Draw(t, "from")
		c.Stores = stores(from, from+rapid.SampledFrom([]int{0, 1, 20, 249, 250, 251, 700}).Draw(t, "stores"))
	}
	return c
}
