//go:build torture

package torture

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	seeds        = flag.String("seeds", "", "seeds of the runs, one after the other; empty: one random seed")
	minutes      = flag.Float64("minutes", 5, "length of each run")
	untransacted = flag.Bool("untransacted", false, "an engine without transactions: the oracle must find that out")
)

// TestTorture is the long form.
func TestTorture(t *testing.T) {
	var reports []*Report
	for _, seed := range seedsOf(t) {
		length := time.Duration(*minutes * float64(time.Minute))
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			reports = append(reports, torture(t, Options{
				Seed: seed, Length: length, Plan: Plan(seed, length), Calm: longCalm, PerSecond: longPerSecond,
				Untransacted: *untransacted,
			}))
		})
	}
	if err := Table(os.Stdout, reports); err != nil {
		t.Error(err)
	}
}

// TestShort is the short form.
func TestShort(t *testing.T) {
	report := torture(t, Options{
		Seed: 1, Length: shortLength, Plan: ShortPlan(), PerSecond: shortPerSecond, Untransacted: *untransacted,
	})
	if err := Table(os.Stdout, []*Report{report}); err != nil {
		t.Error(err)
	}
}

func seedsOf(t *testing.T) []uint64 {
	t.Helper()
	var all []uint64
	for _, text := range strings.Fields(*seeds) {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("reading the seeds: %v", err)
		}
		all = append(all, seed)
	}
	if len(all) == 0 {
		all = []uint64{uint64(rand.Uint32())}
	}
	return all
}

// torture does a run. With transactions it must show no violation, without it must show some.
func torture(t *testing.T, o Options) *Report {
	t.Helper()
	t.Logf("seed %d, %v, %d faults", o.Seed, o.Length, len(o.Plan))
	report := Run(t.Context(), t, o)
	t.Logf("faults: %s\n%s", FaultsLine(report.Faults), report.Details())
	fmt.Println("TORTURE", report.JSON()) // one line, for whoever gathers several runs
	switch {
	case !o.Untransacted && report.Violations() > 0:
		t.Errorf("%d violations: lost %d, doubled %d, early %d, wrong %d, other %d; SEEDS=%d does it again",
			report.Violations(), report.Lost, report.Doubled, report.Early, report.Wrong, report.Other, o.Seed)
	case o.Untransacted && report.Lost+report.Doubled == 0:
		t.Errorf("the oracle found nothing lost or doubled in an engine without transactions: it sees too little")
	case o.Untransacted:
		t.Logf("without transactions %d lost, %d doubled: as it must be", report.Lost, report.Doubled)
	}
	return report
}
