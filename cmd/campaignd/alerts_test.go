package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rmn-arms/campaign-engine/topics"
)

// alert is a rule of compose/alerts.yaml.
type alert struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []alert
		}
	}
	readYAML(t, "alerts.yaml", &file)
	var all []alert
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("compose/alerts.yaml has no alerts")
	}
	return all
}

// readYAML reads a file of the folder compose; what it has and into does not is an error.
func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	file, err := os.Open("../../compose/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("compose/%s: %v", name, err)
	}
}

var (
	alertName = regexp.MustCompile(`^CampaignEngine[A-Z][A-Za-z]+$`)
	// labelUse is a label in the template of an annotation.
	labelUse = regexp.MustCompile(`\$labels\.([a-z_]+)`)
	tailed   = regexp.MustCompile(`campaignctl tail (?:--from-beginning )?(\S+)`)
)

// TestAlerts: every rule names what exists, says what happened and what to do, and has its line in the README.
func TestAlerts(t *testing.T) {
	known := knownNames(t)
	told := map[string]string{}
	for _, cells := range readmeTable(t, "alerts") {
		told[strings.Trim(cells[0], "`")] = cells[1]
	}
	for _, a := range alerts(t) {
		for _, problem := range known.check(a.Expr) {
			t.Errorf("%s: %s", a.Alert, problem)
		}
		if !alertName.MatchString(a.Alert) {
			t.Errorf("%s is no name for an alert", a.Alert)
		}
		if _, err := time.ParseDuration(a.For); a.For != "" && err != nil {
			t.Errorf("%s: for: %v", a.Alert, err)
		}
		if severity := a.Labels["severity"]; len(a.Labels) != 1 || severity != "page" && severity != "ticket" {
			t.Errorf("%s: its labels are %v", a.Alert, a.Labels)
		}
		if texts := slices.Sorted(maps.Keys(a.Annotations)); !slices.Equal(texts, []string{"description", "summary"}) {
			t.Errorf("%s has the annotations %q", a.Alert, texts)
		}
		checkTexts(t, a)
		if told[a.Alert] != a.Labels["severity"] {
			t.Errorf("README: %s is %q in the table of alerts, want %q", a.Alert, told[a.Alert], a.Labels["severity"])
		}
		delete(told, a.Alert)
	}
	for name := range told {
		t.Errorf("README: there is no alert %s", name)
	}
}

// checkTexts looks at what an alert tells: labels that its expression keeps, topics that exist.
func checkTexts(t *testing.T, a alert) {
	t.Helper()
	for name, text := range a.Annotations {
		if len(text) < 20 || !strings.HasSuffix(text, ".") {
			t.Errorf("%s: its %s is no sentence: %q", a.Alert, name, text)
		}
		for _, use := range labelUse.FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(`by \([a-z_, ]*\b` + use[1] + `\b[a-z_, ]*\)`).MatchString(a.Expr) {
				t.Errorf("%s: its %s tells the label %q, which its expression drops", a.Alert, name, use[1])
			}
		}
		for _, topic := range tailed.FindAllStringSubmatch(text, -1) {
			if !slices.ContainsFunc(topics.Streams(), func(s topics.Stream) bool { return string(s.Name) == topic[1] }) {
				t.Errorf("%s: its %s names the topic %q", a.Alert, name, topic[1])
			}
		}
	}
}

// TestAlertsAreTested: promtool plays each alert in compose/alerts_test.yaml (make check); none is left out.
func TestAlertsAreTested(t *testing.T) {
	var file struct {
		RuleFiles          []string `yaml:"rule_files"`
		EvaluationInterval string   `yaml:"evaluation_interval"`
		Tests              []struct {
			Name        string
			Interval    string
			InputSeries []struct{ Series, Values string } `yaml:"input_series"`
			AlertRules  []struct {
				EvalTime  string `yaml:"eval_time"`
				Alertname string
				ExpAlerts []struct {
					Labels      map[string]string `yaml:"exp_labels"`
					Annotations map[string]string `yaml:"exp_annotations"`
				} `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	readYAML(t, "alerts_test.yaml", &file)
	fires, rests := map[string]bool{}, map[string]bool{}
	known := knownNames(t)
	for _, test := range file.Tests {
		for _, series := range test.InputSeries {
			for _, problem := range known.check(series.Series) {
				t.Errorf("alerts_test.yaml: %s: %s", test.Name, problem)
			}
		}
		for _, rule := range test.AlertRules {
			if len(rule.ExpAlerts) > 0 {
				fires[rule.Alertname] = true
			} else {
				rests[rule.Alertname] = true
			}
		}
	}
	for _, a := range alerts(t) {
		if !fires[a.Alert] || !rests[a.Alert] {
			t.Errorf("compose/alerts_test.yaml: %s fires: %t, does not fire: %t; show both", a.Alert, fires[a.Alert], rests[a.Alert])
		}
	}
}

// TestEachProcessorIsMissed: where a processor runs nowhere, none of its metrics can tell. Whether there are tables is the
// operator's choice: nobody misses them.
func TestEachProcessorIsMissed(t *testing.T) {
	for _, a := range alerts(t) {
		if a.Alert != "CampaignEngineProcessorAbsent" {
			continue
		}
		for _, group := range topics.Transacted() {
			if !strings.Contains(a.Expr, `absent(campaign_engine_ready{processor="`+group.Short+`"})`) {
				t.Errorf("%s does not miss %s", a.Alert, group.Short)
			}
		}
		return
	}
	t.Error("no alert misses a processor")
}
