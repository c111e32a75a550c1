package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rmn-arms/campaign-engine/cmd/internal/run"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/cmd/internal/tracing"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestReadmeShowsTheMetrics holds the README's table against what a process registers: names, labels, and what they say.
func TestReadmeShowsTheMetrics(t *testing.T) {
	want := registered(t)
	var got []string
	for _, cells := range readmeTable(t, "metrics") {
		got = append(got, strings.Join(cells[:3], " | "))
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("README: no line\n| %s |", line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("README: there is no metric as in the line\n| %s |", line)
		}
	}
}

// descText takes a descriptor's text apart: client_golang shows it in no other way.
var descText = regexp.MustCompile(`fqName: "([^"]*)", help: "((?:[^"\\]|\\.)*)",.* constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)

// registered returns the lines that the README should have.
func registered(t *testing.T) []string {
	t.Helper()
	var lines []string
	for _, m := range described(t, prometheus.NewRegistry()) {
		line := "`" + m.name + "` | `" + strings.Join(m.labels, "`, `") + "` | " + m.help
		if len(m.labels) == 0 {
			line = "`" + m.name + "` |  | " + m.help
		}
		lines = append(lines, line)
	}
	return lines
}

// metric is what a process registers.
type metric struct {
	name, help string
	labels     []string
}

// described returns what a process registers, beside what the registry has already.
func described(t *testing.T, registry *prometheus.Registry) []metric {
	t.Helper()
	keys, _, err := signing.OpenRing(filepath.Join(t.TempDir(), "keys.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	_, err = run.New(run.Settings{
		Instance: "test", Groups: topics.Groups(), Clock: processors.SystemClock(), Registry: registry, Keys: keys,
	})
	if err != nil {
		t.Fatal(err)
	}
	tracing.Open(t.Context(), tracing.Settings{Registry: registry})
	descs := make(chan *prometheus.Desc, 1000)
	registry.Describe(descs)
	close(descs)
	var metrics []metric
	for desc := range descs {
		parts := descText.FindStringSubmatch(desc.String())
		if parts == nil {
			t.Fatalf("%s is not as this test reads it", desc)
		}
		m := metric{name: parts[1], help: parts[2]}
		for label := range strings.SplitSeq(parts[3]+","+parts[4], ",") {
			if name, _, _ := strings.Cut(label, "="); name != "" {
				m.labels = append(m.labels, name)
			}
		}
		metrics = append(metrics, m)
	}
	return metrics
}
