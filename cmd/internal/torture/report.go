package torture

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/rmn-arms/campaign-engine/cmd/internal/torture/oracle"
)

// Report is what a run has shown. Times are in ms.
type Report struct {
	Seed         uint64       `json:"seed"`
	Minutes      float64      `json:"minutes"`
	Untransacted bool         `json:"untransacted,omitempty"`
	Faults       map[Kind]int `json:"faults"`

	Inputs     int `json:"inputs"` // published, replays left out
	Replayed   int `json:"replayed"`
	Accepted   int `json:"accepted"`
	Duplicates int `json:"duplicates"`
	Stale      int `json:"stale"`
	Refused    int `json:"refused"`
	Due        int `json:"due"`
	Applied    int `json:"applied"`
	Rejected   int `json:"rejected"`
	Pending    int `json:"pending"`
	Overtaken  int `json:"overtaken"`

	Lost    int `json:"lost"`
	Doubled int `json:"doubled"`
	Early   int `json:"early"`
	Wrong   int `json:"wrong"`
	Other   int `json:"other"` // a process that ended by itself, memory, what did not heal

	TakeoverMs Spread `json:"takeover_ms"`
	LatenessMs Spread `json:"lateness_ms"` // of timed transitions
	CalmMs     Spread `json:"calm_ms"`     // that of those decided while nothing had been broken for ten seconds
	HealedMs   Spread `json:"healed_ms"`   // from the end of a fault until nothing was more than a second late any more
	SettledMs  int64  `json:"settled_ms"`  // from the end of the load until lag 0, no open transaction, all partitions owned
	RebuiltMs  int64  `json:"rebuilt_ms"`
	RSSMiB     int64  `json:"rss_mib"`

	findings oracle.Findings
	others   []string
	takeover []string
}

// Spread says how numbers are distributed.
type Spread struct {
	Count int   `json:"count"`
	P50   int64 `json:"p50"`
	P99   int64 `json:"p99"`
	Max   int64 `json:"max"`
}

func spreadOf(sorted []int64) Spread {
	if len(sorted) == 0 {
		return Spread{}
	}
	at := func(percent int) int64 { return sorted[min(len(sorted)-1, len(sorted)*percent/100)] }
	return Spread{len(sorted), at(50), at(99), sorted[len(sorted)-1]}
}

// Violations counts all that must not be.
func (r *Report) Violations() int { return r.Lost + r.Doubled + r.Early + r.Wrong + r.Other }

// take fills in what the oracle says.
func (r *Report) take(v oracle.Verdict) {
	r.findings = append(r.findings, v.Findings...)
	r.Accepted, r.Duplicates, r.Stale, r.Refused = v.Inputs.Accepted, v.Inputs.Duplicates, v.Inputs.Stale, v.Inputs.Refused
	r.Due, r.Applied, r.Rejected, r.Pending, r.Overtaken = v.Due, v.Applied, v.Rejected, v.Pending, v.Overtaken
	lateness := make([]int64, 0, len(v.Timed))
	for _, t := range v.Timed {
		lateness = append(lateness, t.LatenessMs)
	}
	slices.Sort(lateness)
	r.LatenessMs = spreadOf(lateness)
}

// sum counts the violations.
func (r *Report) sum() {
	r.Lost, r.Doubled = r.findings.Count(oracle.Lost), r.findings.Count(oracle.Doubled)
	r.Early, r.Wrong, r.Other = r.findings.Count(oracle.Early), r.findings.Count(oracle.Wrong), len(r.others)
}

// shownMax is how many violations of a kind are shown.
const shownMax = 20

// Details returns the violations, at most some of each kind, and the takeovers.
func (r *Report) Details() string {
	var out strings.Builder
	for _, line := range r.takeover {
		fmt.Fprintf(&out, "takeover %s\n", line)
	}
	for _, kind := range oracle.Kinds() {
		for _, f := range r.findings.Some(kind, shownMax) {
			fmt.Fprintln(&out, f)
		}
		if more := r.findings.Count(kind) - shownMax; more > 0 {
			fmt.Fprintf(&out, "%-7s and %d more\n", kind, more)
		}
	}
	for _, other := range r.others[:min(len(r.others), shownMax)] {
		fmt.Fprintf(&out, "other   %s\n", other)
	}
	return out.String()
}

// JSON returns the report as one line.
func (r *Report) JSON() string {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Sprintf(`{"seed":%d,"error":%q}`, r.Seed, err)
	}
	return string(line)
}

// column is a column of the table.
type column struct {
	title string
	cell  func(*Report) string
}

func columns() []column {
	n := func(get func(*Report) int) func(*Report) string {
		return func(r *Report) string { return fmt.Sprint(get(r)) }
	}
	s := func(ms int64) string { return fmt.Sprintf("%.1f", float64(ms)/1000) }
	return []column{
		{"seed", func(r *Report) string { return fmt.Sprint(r.Seed) }},
		{"minutes", func(r *Report) string { return fmt.Sprintf("%.1f", r.Minutes) }},
		{"faults", n(func(r *Report) int { return total(r.Faults) })},
		{"inputs", n(func(r *Report) int { return r.Inputs })},
		{"replayed", n(func(r *Report) int { return r.Replayed })},
		{"duplicates", n(func(r *Report) int { return r.Duplicates })},
		{"stale", n(func(r *Report) int { return r.Stale })},
		{"refused", n(func(r *Report) int { return r.Refused })},
		{"due", n(func(r *Report) int { return r.Due })},
		{"pending", n(func(r *Report) int { return r.Pending })},
		{"overtaken", n(func(r *Report) int { return r.Overtaken })},
		{"lost", n(func(r *Report) int { return r.Lost })},
		{"doubled", n(func(r *Report) int { return r.Doubled })},
		{"early", n(func(r *Report) int { return r.Early })},
		{"wrong", n(func(r *Report) int { return r.Wrong })},
		{"other", n(func(r *Report) int { return r.Other })},
		{"takeover p50, max s", func(r *Report) string { return s(r.TakeoverMs.P50) + ", " + s(r.TakeoverMs.Max) }},
		{"lateness p50, p99, max s", func(r *Report) string {
			return fmt.Sprintf("%.3f, %s, %s", float64(r.LatenessMs.P50)/1000, s(r.LatenessMs.P99), s(r.LatenessMs.Max))
		}},
		{"healed p50, max s", func(r *Report) string { return s(r.HealedMs.P50) + ", " + s(r.HealedMs.Max) }},
		{"memory MiB", func(r *Report) string { return fmt.Sprint(r.RSSMiB) }},
	}
}

// Table writes the reports as one table that is also Markdown.
func Table(out io.Writer, reports []*Report) error {
	writer := tabwriter.NewWriter(out, 0, 0, 1, ' ', tabwriter.AlignRight)
	var titles, rule []string
	for _, c := range columns() {
		titles, rule = append(titles, c.title), append(rule, "---")
	}
	row := func(cells []string) { fmt.Fprintf(writer, "| %s\t|\n", strings.Join(cells, "\t| ")) }
	row(titles)
	row(rule)
	for _, r := range reports {
		var cells []string
		for _, c := range columns() {
			cells = append(cells, c.cell(r))
		}
		row(cells)
	}
	return writer.Flush()
}

// FaultsLine says how often each kind of fault was done.
func FaultsLine(faults map[Kind]int) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(faults)) {
		parts = append(parts, fmt.Sprintf("%s %d", kind, faults[kind]))
	}
	return strings.Join(parts, ", ")
}

func total(faults map[Kind]int) int {
	sum := 0
	for _, count := range faults {
		sum += count
	}
	return sum
}
