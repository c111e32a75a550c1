package torture

import (
	"slices"
	"testing"
)

func TestRejoinsAreNoCalm(t *testing.T) {
	var r rejoins
	r.see(map[string]string{"a": "a-1", "b": "b-1"}, 1000)
	r.see(map[string]string{"a": "a-1", "b": "b-1"}, 2000)
	r.see(nil, 3000) // the group did not answer
	r.see(map[string]string{"a": "a-1", "b": "b-2"}, 4000)
	r.see(map[string]string{"a": "a-1", "b": "b-2"}, 5000)
	if want := []span{{2000, 4000}}; !slices.Equal(r.spans, want) {
		t.Fatalf("spans %v, want %v", r.spans, want)
	}
	n := &nemesis{spans: []span{{100_000, 110_000}}}
	n.disturbed(r.spans)
	after := calmAfter.Milliseconds()
	for at, want := range map[int64]bool{
		1999: true, 2000: false, 4000 + after: false, 4001 + after: true, 99_999: true, 100_000: false, 110_001 + after: true,
	} {
		if got := n.calm(at); got != want {
			t.Errorf("calm at %d: %v", at, got)
		}
	}
}
