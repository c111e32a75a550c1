package timeline_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/topics"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func told(t *testing.T, s *story) timeline.Timeline {
	t.Helper()
	fold := timeline.For(s.id)
	for _, r := range s.records {
		fold.Add(r)
	}
	story, known := fold.Timeline()
	if !known {
		t.Error("the campaign is not known")
	}
	return story
}

func TestStories(t *testing.T) {
	cases := map[string]func(*testing.T) *story{
		"busy": aBusyOne, "settled": settled, "refused": onlyRefused, "published": justPublished,
		"rezoned": rezoned,
	}
	for name, of := range cases {
		t.Run(name, func(t *testing.T) {
			story := told(t, of(t))
			now := timeline.Moment{At: instantOf(t, "2026-12-05T17:30:00Z")}
			var out bytes.Buffer
			out.WriteString("--- show\n")
			if err := story.Summary.Write(&out, now, false); err != nil {
				t.Fatal(err)
			}
			out.WriteString("--- timeline\n")
			if err := story.Write(&out, now, false); err != nil {
				t.Fatal(err)
			}
			out.WriteString("--- timeline --json\n")
			encoder := json.NewEncoder(&out)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(story); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", out.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; -update rewrites it. Got:\n%s", path, got)
	}
}

// TestTopicsMayComeInAnyOrder deals the records out by topic: within one they keep their order, between them they do not.
func TestTopicsMayComeInAnyOrder(t *testing.T) {
	s := aBusyOne(t)
	want := told(t, s)
	byTopic := make(map[string][]topics.Record)
	for _, r := range s.records {
		byTopic[r.Topic] = append(byTopic[r.Topic], r)
	}
	const seed = 1
	t.Log("seed", seed)
	draw := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		fold := timeline.For(s.id)
		names := timeline.Topics()
		draw.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			for _, r := range byTopic[string(name)] {
				fold.Add(r)
			}
		}
		if got, _ := fold.Timeline(); !reflect.DeepEqual(got, want) {
			t.Fatalf("in the order %v the story is %+v\nwant %+v", names, got, want)
		}
	}
}

func TestRecordsOfOthersArePassedOver(t *testing.T) {
	fold := timeline.For("c-2")
	for _, r := range aBusyOne(t).records {
		fold.Add(r)
	}
	for _, name := range timeline.Topics() {
		if name != topics.CampaignEngineTimersTable {
			fold.Add(topics.Record{Topic: string(name), Key: []byte("c-2"), Value: []byte("no event")})
			fold.Add(topics.Record{Topic: string(name), Key: []byte("c-2")})
		}
	}
	if story, known := fold.Timeline(); known {
		t.Errorf("another's records told %+v", story)
	}
}

func TestColourTakesNoRoom(t *testing.T) {
	var plain, coloured bytes.Buffer
	story := told(t, aBusyOne(t))
	now := timeline.Moment{At: instantOf(t, "2026-12-05T17:30:00Z")}
	if err := story.Write(&plain, now, false); err != nil {
		t.Fatal(err)
	}
	if err := story.Write(&coloured, now, true); err != nil {
		t.Fatal(err)
	}
	stripped := coloured.String()
	for _, style := range []timeline.Style{timeline.Strong, timeline.Faint, timeline.Bad, timeline.Good, timeline.Caution} {
		stripped = strings.ReplaceAll(stripped, "\x1b["+string(style)+"m", "")
	}
	stripped = strings.ReplaceAll(stripped, "\x1b[0m", "")
	if stripped != plain.String() || coloured.Len() == plain.Len() {
		t.Errorf("without its colours the story is\n%s\nwant\n%s", stripped, plain.String())
	}
}
