package simulate_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/simulate"
)

// The same input gives the same bytes: again and again in one process, whose maps are in another order each time, and however
// many processors there are. It runs alone: it changes how many there are.
func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	world := december(t, 60)
	settings := simulate.Settings{Until: at(t, "2027-02-01T00:00:00Z"), Answer: true, Internal: true, Sign: signed}
	summary, first := run(t, settings, world)
	if summary.Applied["start"] < 40 || summary.Counts["budgets"]["valid"] < 20 || summary.Counts["stores"]["ack/taken"] < 50 ||
		summary.Refused()["malformed"] < 5 {
		t.Fatalf("too little happens in this world: %+v", summary)
	}
	want := digest(first)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for i, processors := range []int{1, 4, 1, 4, 4, 4} {
		runtime.GOMAXPROCS(processors)
		_, again := run(t, settings, world)
		if digest(again) == want {
			continue
		}
		for name, text := range first {
			if again[name] != text {
				t.Errorf("run %d, on %d processors, writes another %s: %s", i, processors, name, difference(text, again[name]))
			}
		}
		t.Fatalf("%d topics are written, and then %d", len(first), len(again))
	}
}

// On one stream stands the same as in files, in the order in which it is written.
func TestOneStreamHasAllThatTheFilesHave(t *testing.T) {
	t.Parallel()
	world, settings := december(t, 10), simulate.Settings{Until: at(t, "2027-02-01T00:00:00Z"), Answer: true, Campaigns: standard()}
	_, inFiles := run(t, settings, world)
	var out bytes.Buffer
	settings.Input, settings.Out = strings.NewReader(world), &out
	if _, err := simulate.Run(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	onStream := make(map[string]string)
	for name := range inFiles {
		onStream[name] = ""
	}
	last := int64(0)
	lines := linesOf(t, out.String())
	for i, text := range strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n") {
		onStream[lines[i].Topic] += strings.TrimSuffix(text, "\n") + "\n"
		if int64(lines[i].Timestamp) < last {
			t.Fatalf("line %d is of an instant before that of the one before", i+1)
		}
		last = int64(lines[i].Timestamp)
	}
	if digest(onStream) != digest(inFiles) {
		t.Errorf("on the stream stands something else than in the files")
	}
}

// signed is no signature, but depends on the value.
func signed(value []byte) (string, error) { return "sum-" + digest(map[string]string{"": string(value)})[:8], nil }

// difference shows the first lines that differ.
func difference(a, b string) string {
	was, is := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			return "\n-" + was[i] + "\n+" + is[i]
		}
	}
	return "one is longer"
}
