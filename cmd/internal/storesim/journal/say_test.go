package journal

import "testing"

func TestSay(t *testing.T) {
	for want, line := range map[string]Line{
		"the engine's keys do not come (--jwks says from where): refused": {Event: KeysFetched, Error: "refused"},
		"totals 2 acked, 1 acked ready, 3 booted":                         {Event: Totals, Counts: map[string]int64{"booted": 3, "acked": 2, "acked ready": 1}},
	} {
		if got := said(line); got != want {
			t.Errorf("it says %q, and not %q", got, want)
		}
	}
}
