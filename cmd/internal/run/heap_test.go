package run

import "testing"

func TestPercentFor(t *testing.T) {
	for live, want := range map[uint64]int{
		0: percentMax, 1 << 20: percentMax, 64 << 20: 700, 448 << 20: 100, 1 << 40: 100,
	} {
		if got := percentFor(live, growthMin); got != want {
			t.Errorf("percentFor(%d) = %d, want %d", live, got, want)
		}
	}
	for limit, want := range map[uint64]uint64{1 << 62: growthMin, 4 * growthMin: growthMin, 512 << 20: 128 << 20} {
		if got := growthFor(limit); got != want {
			t.Errorf("growthFor(%d) = %d, want %d", limit, got, want)
		}
	}
	for _, c := range []struct {
		percent, set int
		want         bool
	}{{100, 0, true}, {100, 100, false}, {120, 100, false}, {126, 100, true}, {100, 300, true}} {
		if got := differs(c.percent, c.set); got != c.want {
			t.Errorf("differs(%d, %d) = %t, want %t", c.percent, c.set, got, c.want)
		}
	}
}
