package simulate_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/generate"
	"github.com/rmn-arms/campaign-engine/cmd/internal/simulate"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

const day = 24 * time.Hour

// at reads an instant.
func at(t *testing.T, text string) instant.Instant {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant.Of(moment)
}

// standard are the settings of campaignd without switches.
func standard() processors.Settings {
	return processors.Settings{DistributionLead: instant.Millis(day.Milliseconds())}
}

// run simulates lines into a folder.
func run(t *testing.T, s simulate.Settings, lines string) (*simulate.Summary, map[string]string) {
	t.Helper()
	s.Input = strings.NewReader(lines)
	if s.Folder == "" {
		s.Folder = t.TempDir()
	}
	if s.Campaigns == (processors.Settings{}) {
		s.Campaigns = standard()
	}
	summary, err := simulate.Run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return summary, files(t, s.Folder)
}

// files returns what is in a folder's files, by their names without .jsonl.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "[^.]*"))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".jsonl")] = string(text)
	}
	return all
}

// digest is one of all files.
func digest(files map[string]string) string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, name := range names {
		fmt.Fprintf(sum, "%s %d\n%s", name, len(files[name]), files[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// line is what a test looks at of a line that was written.
type line struct {
	Topic     string            `json:"topic"`
	Partition int32             `json:"partition"`
	Offset    int64             `json:"offset"`
	Timestamp schemas.Instant   `json:"timestamp"`
	Key       string            `json:"key"`
	Headers   map[string]string `json:"headers"`
	Event     json.RawMessage   `json:"event"`
	Raw       []byte            `json:"value_base64"`
}

func linesOf(t *testing.T, text string) (lines []line) {
	t.Helper()
	for each := range strings.Lines(text) {
		var l line
		if err := json.Unmarshal([]byte(each), &l); err != nil {
			t.Fatalf("%v: %s", err, each)
		}
		lines = append(lines, l)
	}
	return lines
}

// december is a world: campaigns that are changed and traced, devices, plays that count and that do not, lines that cannot be
// taken.
func december(t *testing.T, campaigns int) string {
	t.Helper()
	first := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	events, err := generate.Events(generate.Settings{
		Campaigns: campaigns, Seed: 5, From: first, Days: 20, Retailers: 3, Changes: 0.6, Stores: 12, StoresEach: 3, Devices: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	type dated struct {
		at   time.Time
		text string
	}
	var all []dated
	for event := range events {
		text, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		traced := `{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","tracestate":"a=1",` + string(text[1:])
		all = append(all, dated{event.Time.Time(), traced})
		if event.Type != schemas.CampaignCreated {
			continue
		}
		for play := range 12 {
			shown := first.Add(time.Duration(play) * 61 * time.Hour)
			stamp := shown.Format(time.RFC3339)
			all = append(all, dated{shown.Add(time.Minute), fmt.Sprintf(`{"specversion":"1.0","id":"p","source":"d","type":"play.reported",`+
				`"time":%q,"data":{"play_id":"p-%d-%s","campaign_id":%q,"creative_id":"cr","device_id":"d-%d","store_id":"s-%d",`+
				`"started_at":%q,"ended_at":%q,"impressions":"%d.5"}}`, shown.Add(time.Minute).Format(time.RFC3339), play%11, event.Subject,
				event.Subject, play%3, play%5, stamp, stamp, 1000*play)})
		}
	}
	slices.SortStableFunc(all, func(a, b dated) int { return cmp.Compare(a.at.UnixMilli(), b.at.UnixMilli()) })
	var text bytes.Buffer
	for i, each := range all {
		fmt.Fprintln(&text, each.text)
		if i%97 == 0 {
			fmt.Fprintf(&text, "no json %d\n\n{\"type\":\"campaign.created\",\"subject\":\"c-%d\"}\n", i, i)
		}
	}
	return text.String()
}
