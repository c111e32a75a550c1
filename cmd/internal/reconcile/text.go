package reconcile

import (
	"fmt"
	"io"
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
)

// Write prints the result for a person.
func (r *Result) Write(to io.Writer, colour bool) error {
	if err := r.breaks().Write(to, colour); err != nil {
		return err
	}
	var t timeline.Table
	add := func(title, text string, style timeline.Style) {
		t.Row(timeline.Cell{Text: title, Style: timeline.Faint}, timeline.Cell{Text: text, Style: style})
	}
	add("Topics", r.Topics.text(), timeline.Plain)
	add("Ledger", fmt.Sprintf("campaigns %d, releases %d, statements %d, wallets %d", r.Ledger.Campaigns, r.Ledger.Releases,
		r.Ledger.Statements, r.Ledger.Wallets), timeline.Plain)
	if n := r.NotYet; n != (Counts{}) {
		add("Not yet", fmt.Sprintf("transitions %d, releases %d, statements %d: behind what has been projected", n.Transitions, n.Releases,
			n.Statements), timeline.Caution)
	}
	if r.Unreadable > 0 {
		add("Unreadable", fmt.Sprintf("records %d: somebody else than the engine has written them", r.Unreadable), timeline.Caution)
	}
	add("Breaks", r.sum(), map[bool]timeline.Style{true: timeline.Good, false: timeline.Bad}[r.Count == 0])
	return t.Write(to, colour)
}

func (r *Result) breaks() *timeline.Table {
	var t timeline.Table
	if len(r.Breaks) == 0 {
		return &t
	}
	faint := func(text string) timeline.Cell { return timeline.Cell{Text: text, Style: timeline.Faint} }
	t.Row(faint("BREAK"), faint("WHAT"), faint("KEY"), faint("DETAIL"))
	for _, b := range r.Breaks {
		t.Row(timeline.Cell{Text: string(b.Class), Style: timeline.Bad}, timeline.Cell{Text: b.Kind},
			timeline.Cell{Text: timeline.Printable(b.Key)}, timeline.Cell{Text: timeline.Printable(b.Detail)})
	}
	if more := r.Count - int64(len(r.Breaks)); more > 0 {
		t.Row(faint(fmt.Sprintf("and %d more; --limit 0 shows all", more)))
	}
	t.Row()
	return &t
}

// sum says how many breaks there are, of which classes.
func (r *Result) sum() string {
	if r.Count == 0 {
		return "none"
	}
	var parts []string
	for _, class := range Classes() {
		if count := r.ByClass[class]; count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count, class))
		}
	}
	return fmt.Sprintf("%d: %s", r.Count, strings.Join(parts, ", "))
}

func (c Counts) text() string {
	return fmt.Sprintf("campaigns %d, transitions %d, releases %d, statements %d, wallets %d", c.Campaigns, c.Transitions, c.Releases,
		c.Statements, c.Wallets)
}
