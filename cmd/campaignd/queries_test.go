package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	dto "github.com/prometheus/client_model/go"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/router"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// names are the metrics that a query may name, with their labels.
type names map[string][]string

// scraped are the labels that Prometheus adds to all that it scrapes.
var scraped = []string{"job", "instance"}

// knownNames returns the names and labels of what an engine registers, as Prometheus stores them.
func knownNames(t *testing.T) names {
	t.Helper()
	registry := newRegistry()
	metrics := described(t, registry)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	histograms := map[string]bool{}
	for _, family := range families {
		histograms[family.GetName()] = family.GetType() == dto.MetricType_HISTOGRAM
	}
	known := names{"up": scraped}
	for _, m := range metrics {
		labels := slices.Concat(m.labels, scraped)
		if !histograms[m.name] {
			known[m.name] = labels
			continue
		}
		known[m.name+"_sum"], known[m.name+"_count"] = labels, labels
		known[m.name+"_bucket"] = append(labels, "le")
	}
	return known
}

// scrapeJob is what Prometheus calls the engine.
const scrapeJob = "campaign-engine"

// labelValues are the values of the labels that have only these.
var labelValues = func() map[string][]string {
	values := map[string][]string{
		"job": {scrapeJob}, "end": {"committed", "aborted"},
		"outcome": {
			processors.Accepted, processors.Duplicates, processors.Stale, processors.Carried, processors.Due, processors.Applied,
			processors.Rejected, processors.UnreadableRows, processors.Noted, processors.Held, processors.Locked,
			processors.Rezoned, processors.Unmoved, processors.RezoneKept,
			processors.LockedEarly, processors.Adjusted, processors.Provisional, processors.PassedOver, processors.Placed, processors.Unplaced,
			processors.Continued, processors.Registered, processors.Moved, processors.Removed, processors.Elsewhere,
			processors.Acked + "taken", processors.Commanded, processors.Pushed, processors.GivenUp, processors.ReadinessTold,
			processors.Presence + "taken", processors.Presence + "no-room", processors.Summed, processors.AfterEnd,
			processors.Reported,
			"new", "repeated", "conflict", "unreadable", "booked", "parked",
			"made", "skipped", "sent", "retried", "failed", "ambiguous", "nobody", "lost", "read", router.Routed, router.Unroutable,
		},
	}
	for _, group := range topics.Groups() {
		values["processor"] = append(values["processor"], group.Short)
	}
	for _, stream := range topics.Streams() {
		values["topic"] = append(values["topic"], string(stream.Name))
	}
	for _, transition := range schemas.Transitions() {
		values["transition"] = append(values["transition"], string(transition))
	}
	for _, verdict := range schemas.Verdicts() {
		values["outcome"] = append(values["outcome"], string(verdict))
	}
	for _, reason := range schemas.Reasons() {
		values["reason"] = append(values["reason"], string(reason))
	}
	return values
}()

// variable is one of Grafana's in a query.
var variable = regexp.MustCompile(`\$\{?[a-z_]+\}?`)

// check says what a query names that does not exist.
func (n names) check(query string) (problems []string) {
	query = strings.ReplaceAll(query, "$__rate_interval", "5m")
	parsed, err := metricsql.Parse(query)
	if err != nil {
		return []string{err.Error()}
	}
	var labels, grouped []string
	metricsql.VisitAll(parsed, func(e metricsql.Expr) {
		switch e := e.(type) {
		case *metricsql.MetricExpr:
			for _, filters := range e.LabelFilterss {
				problems = append(problems, n.checkSelector(filters, &labels)...)
			}
		case *metricsql.AggrFuncExpr:
			grouped = append(grouped, e.Modifier.Args...)
		case *metricsql.BinaryOpExpr:
			grouped = append(append(grouped, e.GroupModifier.Args...), e.JoinModifier.Args...)
		}
	})
	for _, label := range grouped {
		if !slices.Contains(labels, label) {
			problems = append(problems, fmt.Sprintf("none of its metrics has the label %q", label))
		}
	}
	return problems
}

// checkSelector looks at the filters of one selector, whose first is the name; labels gathers those of the metric.
func (n names) checkSelector(filters []metricsql.LabelFilter, labels *[]string) (problems []string) {
	if len(filters) == 0 {
		return nil
	}
	name := filters[0].Value
	has, known := n[name]
	if filters[0].Label != "__name__" || filters[0].IsRegexp || !known {
		return []string{fmt.Sprintf("there is no metric %q", name)}
	}
	*labels = append(*labels, has...)
	for _, filter := range filters[1:] {
		values, listed := labelValues[filter.Label]
		switch {
		case !slices.Contains(has, filter.Label):
			problems = append(problems, fmt.Sprintf("%s has no label %q", name, filter.Label))
		case filter.IsRegexp || variable.MatchString(filter.Value):
		case listed && !slices.Contains(values, filter.Value):
			problems = append(problems, fmt.Sprintf("%s: the label %q is never %q", name, filter.Label, filter.Value))
		}
	}
	return problems
}

// TestQueriesAreChecked: what does not exist is found.
func TestQueriesAreChecked(t *testing.T) {
	known := knownNames(t)
	for query, want := range map[string]string{
		`campaign_engine_ready == 0`: "",
		`histogram_quantile(0.9, sum by (le, processor) (rate(campaign_engine_commit_duration_seconds_bucket{instance=~"$instance"}[5m])))`: "",
		`rate(process_cpu_seconds_total{job="campaign-engine"}[$__rate_interval])`:                                                          "",
		`campaign_engine_redy == 0`:                                  `there is no metric "campaign_engine_redy"`,
		`campaign_engine_commit_duration_seconds`:                    "there is no metric",
		`{__name__=~"campaign.*"}`:                                   "there is no metric",
		`campaign_engine_ready{group="timers"}`:                      `has no label "group"`,
		`campaign_engine_ready{processor="timer"}`:                   `is never "timer"`,
		`sum by (reason) (campaign_engine_ready)`:                    `has the label "reason"`,
		`sum by (le) (rate(campaign_engine_transactions_total[5m]))`: `has the label "le"`,
		`campaign_engine_transactions_total{end="abort"}`:            `is never "abort"`,
		`sum(campaign_engine_ready`:                                  "",
	} {
		problems := known.check(query)
		if query == `sum(campaign_engine_ready` {
			if len(problems) == 0 {
				t.Errorf("%s is taken for a query", query)
			}
			continue
		}
		if text := strings.Join(problems, "; "); !strings.Contains(text, want) || want == "" && text != "" {
			t.Errorf("%s: %q, want %q", query, text, want)
		}
	}
}
