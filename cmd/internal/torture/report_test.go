package torture

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/torture/oracle"
)

func TestTakeoversAreMeasured(t *testing.T) {
	r := &Report{}
	r.takeovers([]loss{
		{at: 1000, what: "a kill", partitions: []int32{0, 1}},
		{at: 5000, what: "a pause", partitions: []int32{1}},
		{at: 9000, what: "the end", partitions: []int32{0}}, // nothing was due there any more
	}, []oracle.Record{
		{Partition: 0, Timestamp: 990}, {Partition: 0, Timestamp: 1700}, {Partition: 0, Timestamp: 1800},
		{Partition: 1, Timestamp: 1000}, {Partition: 1, Timestamp: 1300}, {Partition: 1, Timestamp: 5100},
	})
	if want := (Spread{Count: 2, P50: 700, P99: 700, Max: 700}); r.TakeoverMs != want || len(r.takeover) != 2 {
		t.Errorf("takeovers %+v, %v; want %+v", r.TakeoverMs, r.takeover, want)
	}
}

func TestHealingIsMeasured(t *testing.T) {
	r := &Report{}
	r.healing([]span{{1000, 2000}, {5000, 6000}, {8000, 9000}}, []oracle.Timed{
		{DecidedAt: 1500, LatenessMs: 9000}, {DecidedAt: 2500, LatenessMs: 1200}, {DecidedAt: 3000, LatenessMs: 900},
		{DecidedAt: 8500, LatenessMs: 2000}, {DecidedAt: 9300, LatenessMs: 1001},
	})
	if want := (Spread{Count: 3, P50: 300, P99: 500, Max: 500}); r.HealedMs != want {
		t.Errorf("healed %+v, want %+v", r.HealedMs, want)
	}
}

func TestCalmLatenessIsMeasured(t *testing.T) {
	r := &Report{}
	r.calm([]span{{1000, 2000}}, []oracle.Timed{
		{DecidedAt: 999, LatenessMs: 3}, {DecidedAt: 1000, LatenessMs: 9000}, {DecidedAt: 2000 + calmMs, LatenessMs: 8000},
		{DecidedAt: 2001 + calmMs, LatenessMs: 5},
	})
	if want := (Spread{Count: 2, P50: 5, P99: 5, Max: 5}); r.CalmMs != want {
		t.Errorf("calm %+v, want %+v", r.CalmMs, want)
	}
}

func TestReport(t *testing.T) {
	r := &Report{Seed: 42, Faults: map[Kind]int{KillProcess: 2, Isolate: 1}, others: []string{"a process ended"}}
	for range 30 {
		r.findings = append(r.findings, oracle.Finding{Kind: oracle.Lost, Invariant: "I1", ID: "c/1/start", What: "never due"})
	}
	r.sum()
	if r.Violations() != 31 || FaultsLine(r.Faults) != "isolate 1, kill-process 2" {
		t.Errorf("%d violations, faults %s", r.Violations(), FaultsLine(r.Faults))
	}
	if told := r.Details(); strings.Count(told, "c/1/start") != shownMax || !strings.Contains(told, "and 10 more") {
		t.Errorf("details:\n%s", told)
	}
	var read Report
	if err := json.Unmarshal([]byte(r.JSON()), &read); err != nil || read.Lost != 30 || read.Faults[KillProcess] != 2 {
		t.Errorf("read %+v, %v", read, err)
	}
	var table strings.Builder
	if err := Table(&table, []*Report{r, r}); err != nil || strings.Count(table.String(), "\n") != 4 ||
		!strings.Contains(table.String(), "lost") {
		t.Errorf("table %v:\n%s", err, table.String())
	}
}
