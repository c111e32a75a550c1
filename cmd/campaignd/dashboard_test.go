package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"
)

type dashboard struct {
	UID, Title string
	Panels     []panel
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []struct{ RefID, Expr string }
	FieldConfig              struct{ Defaults struct{ Unit string } }
}

var labelsOf = regexp.MustCompile(`^label_values\(([a-z_]+), ([a-z_]+)\)$`)

// TestDashboard: every panel asks for what exists, says what it shows, and lies beside the others.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("../../compose/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	known := knownNames(t)
	var ids, rows []int
	shown := map[string]bool{}
	for _, p := range d.Panels {
		ids = append(ids, p.ID)
		if p.GridPos.X+p.GridPos.W > 24 || p.GridPos.H < 1 || p.GridPos.W < 1 {
			t.Errorf("%q does not fit into the grid: %+v", p.Title, p.GridPos)
		}
		for _, other := range d.Panels {
			if p.ID < other.ID && p.covers(other) {
				t.Errorf("%q lies upon %q", p.Title, other.Title)
			}
		}
		if p.Type == "row" {
			rows = append(rows, p.ID)
			continue
		}
		if len(p.Targets) == 0 || p.Description == "" || p.Title == "" {
			t.Errorf("panel %d (%q) shows nothing, or does not say what", p.ID, p.Title)
		}
		for _, target := range p.Targets {
			for _, problem := range known.check(target.Expr) {
				t.Errorf("%q: %s", p.Title, problem)
			}
			for name := range known {
				shown[name] = shown[name] || regexp.MustCompile(`\b`+name+`\b`).MatchString(target.Expr)
			}
		}
	}
	if slices.Sort(ids); len(slices.Compact(slices.Clone(ids))) != len(ids) || len(rows) == 0 {
		t.Errorf("the panels' ids are %v, the rows' %v", ids, rows)
	}
	checkVariables(t, d, known)
	checkAllShown(t, known, shown)
}

func (p panel) covers(other panel) bool {
	a, b := p.GridPos, other.GridPos
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

// checkVariables looks at what fills the dashboard's variables.
func checkVariables(t *testing.T, d dashboard, known names) {
	t.Helper()
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		parts := labelsOf.FindStringSubmatch(v.Definition)
		if parts == nil || !slices.Contains(known[parts[1]], parts[2]) {
			t.Errorf("the variable %s is filled by %q", v.Name, v.Definition)
		}
	}
}

// checkAllShown: what the engine tells, the dashboard shows. Of a histogram one of its three names is enough.
func checkAllShown(t *testing.T, known names, shown map[string]bool) {
	t.Helper()
	part := regexp.MustCompile(`_(bucket|sum|count)$`)
	all := map[string]bool{}
	for name := range known {
		if base := part.ReplaceAllString(name, ""); len(base) > len("campaign_engine_") && base[:len("campaign_engine_")] == "campaign_engine_" {
			all[base] = all[base] || shown[name]
		}
	}
	for name, is := range all {
		if !is {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}
