//go:build bench

package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// What is shown in TestScreens: one campaign on all screens at one instant.
const (
	screensStores  = 100
	screensDevices = 5 // of a store
	screensLasts   = 20 * time.Second
	screensSpot    = 2 * time.Second
)

// TestScreens measures by the journal of simulated devices, whose clocks are right, how late what they show begins and ends.
func TestScreens(t *testing.T) {
	r := newRig(t, kafkatest.Start(t, kafkatest.Options{}))
	r.start("--processors", "all")
	book := r.showOn(screensStores, screensDevices)
	r.stop()
	var starts, ends []time.Duration
	first, last := map[string]time.Duration{}, map[string]time.Duration{}
	for _, line := range book {
		switch line.Event {
		case journal.Started:
			if _, began := first[line.Device]; !began {
				first[line.Device] = span(line.At, *line.StartsAt)
			}
		case journal.Ended:
			last[line.Device] = max(0, span(line.At, *line.EndsAt))
		default:
		}
	}
	for device := range first {
		starts, ends = append(starts, first[device]), append(ends, last[device])
	}
	if want := screensStores * screensDevices; len(starts) != want {
		t.Errorf("%d devices have shown it, want %d", len(starts), want)
	}
	for what, late := range map[string][]time.Duration{"begins": starts, "ends": ends} {
		slices.Sort(late)
		r.report(fmt.Sprintf("how late a campaign %s on %d screens", what, len(late)),
			fmt.Sprintf("p50 %s, p99 %s, max %s", ms(late[len(late)/2]), ms(late[len(late)*99/100]), ms(late[len(late)-1])),
			"by the screens' own clocks, which are this machine's")
	}
}

func span(at, since schemas.Instant) time.Duration { return at.Time().Sub(since.Time()) }

// showOn lets simulated devices fetch and show a campaign, and returns their journal.
func (r *rig) showOn(stores, devices int) []journal.Line {
	r.t.Helper()
	binary, folder := proctest.Build(r.t, "github.com/rmn-arms/campaign-engine/cmd/storesim"), proctest.Folder(r.t, "screens")
	listen := address(r.t)
	server := proctest.Start(r.t, proctest.Command{Path: binary, Args: []string{"content", "--listen", listen}})
	r.must(server.AwaitHTTP("http://"+listen+"/healthz", patience))
	names, kept := make([]string, stores), filepath.Join(folder, "journal.jsonl")
	for i := range names {
		names[i] = storeNamed(i)
	}
	sim := proctest.Start(r.t, proctest.Command{Path: binary, Args: []string{
		"run", "--brokers", r.brokers[0], "--stores", strings.Join(names, ","), "--devices", fmt.Sprint(devices), "--register",
		"--state-dir", filepath.Join(folder, "disks"), "--jwks", "http://" + r.http + "/.well-known/jwks.json", "--journal", kept,
	}})
	starts := time.Now().Add(25 * time.Second).Truncate(time.Second)
	creative := content.File{CreativeID: "cr-1", Version: 1, Bytes: 64 << 10}.Creative("http://"+listen, "video/mp4", screensSpot.Milliseconds())
	r.send(1, func(int) *kgo.Record { return shown("shown", starts, starts.Add(screensLasts), names, creative) })
	r.at(starts.Add(screensLasts + 3*time.Second))
	r.must(sim.Terminate())
	if code, err := sim.Wait(time.Minute); err != nil || code != 0 {
		r.t.Fatalf("the screens ended with %d, %v\n%s", code, err, sim.Report())
	}
	return r.readJournal(kept)
}

// shown returns the event that creates a campaign of one creative.
func shown(id string, starts, ends time.Time, stores []string, creative schemas.Creative) *kgo.Record {
	record := priced(id, starts, ends)
	var event schemas.Event[schemas.Definition]
	if err := json.Unmarshal(record.Value, &event); err != nil {
		panic(err)
	}
	event.Data.Stores, event.Data.Creatives = stores, []schemas.Creative{creative}
	value, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	record.Value = value
	return record
}

func (r *rig) readJournal(path string) (lines []journal.Line) {
	r.t.Helper()
	file, err := os.Open(path)
	r.must(err)
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 8<<20)
	for scanner.Scan() {
		var line journal.Line
		r.must(json.Unmarshal(scanner.Bytes(), &line))
		lines = append(lines, line)
	}
	r.must(scanner.Err())
	return lines
}
