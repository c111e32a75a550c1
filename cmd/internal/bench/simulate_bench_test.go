//go:build bench

package bench

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rmn-arms/campaign-engine/cmd/internal/generate"
	"github.com/rmn-arms/campaign-engine/cmd/internal/simulate"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// simulatedMax is how long a month of 10,000 campaigns may take.
const simulatedMax = time.Minute

// TestSimulatedMonth simulates a month of 10,000 campaigns on 500 stores, 5 a campaign, with one device each that answers.
func TestSimulatedMonth(t *testing.T) {
	from := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	input := month(t, from)
	folder := t.TempDir()
	began := time.Now()
	summary, err := simulate.Run(t.Context(), simulate.Settings{
		Campaigns: processors.Settings{DistributionLead: 24 * 60 * 60 * 1000},
		Input:     bufio.NewReader(bytes.NewReader(input)), Until: instant.Of(from.AddDate(0, 1, 0)), Folder: folder, Answer: true,
	})
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	transitions := 0
	for _, count := range summary.Applied {
		transitions += count
	}
	t.Logf("a month of 10,000 campaigns: %.1f s; %d instants, %d transitions, %d commands, %d acks; %.2f GB of lines; heap of %d MB at most",
		took.Seconds(), summary.Instants, transitions, summary.Counts["router"]["routed"], summary.Counts["stores"]["ack/taken"],
		float64(sizeOf(t, folder))/1e9, memory.HeapSys>>20)
	if took > simulatedMax {
		t.Errorf("it took longer than %s", simulatedMax)
	}
	if transitions < 40_000 || summary.Counts["stores"]["ack/taken"] < 10_000 || len(summary.Refused()) > 0 {
		t.Errorf("it is no such month: %+v", summary)
	}
}

// month returns the lines of the month's campaigns and devices.
func month(t *testing.T, from time.Time) []byte {
	events, err := generate.Events(generate.Settings{
		Campaigns: 10_000, Seed: 1, From: from, Days: 30, Retailers: 12, Changes: 0.3, Stores: 500, StoresEach: 5, Devices: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	for event := range events {
		line, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	return lines.Bytes()
}

func sizeOf(t *testing.T, folder string) (bytes int64) {
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var info os.FileInfo
			if info, err = entry.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
