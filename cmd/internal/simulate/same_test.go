package simulate_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/simulate"
	"github.com/rmn-arms/campaign-engine/topics"
)

// The same input gives the same bytes: again and again in one process, whose maps are in another order each time, and however
// many processors there are. It runs alone: it changes how many there are.
func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	world := december(t, 30)
	settings := simulate.Settings{
		Campaigns: standard(), Until: at(t, "2027-02-01T00:00:00Z"), Answer: true, Internal: true, Sign: signed,
	}
	simulated := func() (*simulate.Summary, string) {
		var out bytes.Buffer
		settings.Input, settings.Out = strings.NewReader(world), &out
		summary, err := simulate.Run(t.Context(), settings)
		if err != nil {
			t.Fatal(err)
		}
		return summary, out.String()
	}
	summary, first := simulated()
	if summary.Applied["start"] < 20 || summary.Counts["budgets"]["valid"] < 10 || summary.Counts["stores"]["ack/taken"] < 50 ||
		summary.Refused()["malformed"] < 5 {
		t.Fatalf("too little happens in this world: %+v", summary)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for i, processors := range []int{1, 4, 1, 4, 4} {
		runtime.GOMAXPROCS(processors)
		if _, again := simulated(); again != first {
			t.Fatalf("run %d, on %d processors, writes something else: %s", i, processors, difference(first, again))
		}
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
		stream, known := topics.StreamNamed(topics.Name(name))
		if _, ofStore := topics.StoreOf(topics.Name(name)); !ofStore && (!known || stream.Internal()) {
			t.Errorf("%s is written unasked", name)
		}
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

// Each command is in its store's own topic, under its device, signed if there are keys.
func TestCommandsAreRouted(t *testing.T) {
	t.Parallel()
	world, until := december(t, 10), at(t, "2027-02-01T00:00:00Z")
	for _, sign := range []func([]byte) (string, error){nil, signed} {
		_, files := run(t, simulate.Settings{Until: until, Sign: sign}, world)
		commands, routed := linesOf(t, files["device-commands"]), 0
		for name, text := range files {
			store, is := strings.CutPrefix(name, "device-commands.")
			if !is {
				continue
			}
			for _, l := range linesOf(t, text) {
				routed++
				want := ""
				if sign != nil {
					want, _ = sign(l.Event)
				}
				if !strings.HasPrefix(l.Key, store+"-d") || l.Headers["jws"] != want {
					t.Errorf("in %s is one under %s, signed %q, not %q", name, l.Key, l.Headers["jws"], want)
				}
			}
		}
		if routed != len(commands) || routed == 0 {
			t.Errorf("of %d commands %d are routed", len(commands), routed)
		}
	}
}

// signed is no signature, but depends on the value.
func signed(value []byte) (string, error) {
	return "sum-" + digest(map[string]string{"": string(value)})[:8], nil
}

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
