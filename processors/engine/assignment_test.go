package engine

import (
	"maps"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A partition in which only one of the inputs ever had a record has no position in the others, and has lost nothing.
func TestPartitionsWithoutPositions(t *testing.T) {
	at, none := kgo.NewOffset().At(3), kgo.NewOffset().At(-1)
	got := unplaced(map[string]map[int32]kgo.Offset{
		"plays":   {0: at, 1: none, 2: none, 3: at},
		"applied": {0: at, 1: at, 2: none, 3: none},
		"loop":    {0: none, 1: none, 2: none, 3: none},
	})
	if want := map[int32]bool{0: false, 1: false, 2: true, 3: false}; !maps.Equal(got, want) {
		t.Errorf("unplaced are %v, not %v", got, want)
	}
}
