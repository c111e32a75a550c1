package timeline

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Listed is a campaign in a line.
type Listed struct {
	CampaignID string `json:"campaign_id"`
	// Status is empty until the first transition was applied.
	Status   schemas.Status `json:"status,omitempty"`
	Revision int64          `json:"revision"`
	Name     string         `json:"name,omitempty"`
	TimeZone string         `json:"time_zone,omitempty"`
	// Next is the timer that fires next, without those that will be rejected as things stand; nil when none waits.
	Next *Pending `json:"next,omitempty"`
	// Problem says what could not be read.
	Problem string `json:"problem,omitempty"`

	// timers are the instants by kind, Never for one that does not wait; due is the revision under which they fire.
	timers [timer.Settle + 1]instant.Instant
	due    int64
	// decided is the lifecycle's row without its rendering.
	decided campaign.Row
}

// List gathers the rows of the engine's two tables: one row per campaign and table, so it needs memory for a line of each.
type List struct {
	campaigns map[string]*Listed
}

// ListTopics returns the topics whose records a list understands.
func ListTopics() []topics.Name {
	return []topics.Name{topics.CampaignEngineTimersTable, topics.CampaignEngineLifecycleTable}
}

// NewList returns an empty list.
func NewList() *List { return &List{campaigns: make(map[string]*Listed)} }

// Add takes a row into account; a later one of the same table and key replaces it.
func (l *List) Add(r topics.Record) {
	if r.Value == nil { // the engine removes no row
		return
	}
	listed := l.campaigns[string(r.Key)]
	if listed == nil {
		listed = &Listed{CampaignID: string(r.Key)}
		l.campaigns[listed.CampaignID] = listed
	}
	var err error
	switch topics.Name(r.Topic) {
	case topics.CampaignEngineTimersTable:
		err = listed.addTimers(r.Value)
	case topics.CampaignEngineLifecycleTable:
		err = listed.addLifecycle(r.Value)
	}
	if err != nil {
		listed.Problem = "the engine's table holds a row of another version"
	}
}

func (l *Listed) addTimers(value []byte) error {
	var row timer.Row
	if err := row.UnmarshalBinary(value); err != nil {
		return err
	}
	l.Revision, l.due = max(l.Revision, row.Revision), row.Revision
	for kind, waits := range row.Timers {
		if l.timers[kind] = timer.Never; waits.Armed {
			l.timers[kind] = waits.At
		}
	}
	return nil
}

// next returns the timer that fires next and will not be rejected, nil for none.
func (l *Listed) next() *Pending {
	if l.due == 0 { // there is no row
		return nil
	}
	var waiting []Pending
	for kind, at := range l.timers {
		if at != timer.Never {
			waiting = append(waiting, Pending{Transition: transitionOf(kind), At: schemas.Instant(at)})
		}
	}
	// Of one instant they fire in the order of their kinds.
	slices.SortStableFunc(waiting, func(a, b Pending) int { return cmp.Compare(a.At, b.At) })
	if l.decided.Revision == l.due && l.decided.Status != campaign.None { // else a change is not decided yet
		foresee(l.decided, l.due, waiting)
	}
	for i := range waiting {
		if waiting[i].Void == "" {
			return &waiting[i]
		}
	}
	return nil
}

func (l *Listed) addLifecycle(value []byte) error {
	var row campaign.Row
	if err := row.UnmarshalBinary(value); err != nil {
		return err
	}
	l.decided = row
	l.decided.Campaign = nil
	l.Status, l.Revision = schemas.Status(row.Status), max(l.Revision, row.Revision)
	if row.Campaign == nil {
		return nil
	}
	var shown struct {
		Name     string `json:"name"`
		TimeZone string `json:"time_zone"`
	}
	if err := json.Unmarshal(row.Campaign, &shown); err != nil {
		return err
	}
	l.Name, l.TimeZone = shown.Name, shown.TimeZone
	return nil
}

// Campaigns returns the campaigns that are wanted: what comes next first, what waits for nothing last, at most limit of
// them (0: all), and how many there are.
func (l *List) Campaigns(wanted func(schemas.Status) bool, limit int) (first []Listed, count int) {
	var all []*Listed
	for _, listed := range l.campaigns {
		if wanted(listed.Status) {
			listed.Next = listed.next()
			all = append(all, listed)
		}
	}
	slices.SortFunc(all, func(a, b *Listed) int {
		return cmp.Or(cmp.Compare(a.nextAt(), b.nextAt()), cmp.Compare(a.CampaignID, b.CampaignID))
	})
	count = len(all)
	if limit > 0 {
		all = all[:min(limit, count)]
	}
	for _, listed := range all {
		listed.place()
		first = append(first, *listed)
	}
	return first, count
}

func (l *Listed) nextAt() schemas.Instant {
	if l.Next == nil {
		return schemas.Instant(timer.Never)
	}
	return l.Next.At
}

// place writes the next instant in the campaign's time zone; one of a newer database than this program's stays unknown.
func (l *Listed) place() {
	if l.Next != nil {
		l.Next.AtInZone = display(l.TimeZone, l.Next.At)
	}
}

// WriteList prints campaigns for a person who looks at them at now, a line each.
func WriteList(to io.Writer, campaigns []Listed, now Moment, colour bool) error {
	if len(campaigns) == 0 {
		return nil
	}
	var t Table
	t.Row(Cell{"CAMPAIGN", Faint}, Cell{"STATUS", Faint}, Cell{"NEXT", Faint}, Cell{"AT (UTC)", Faint}, Cell{"AT (LOCAL)", Faint},
		Cell{"", Faint}, Cell{"NAME", Faint}, Cell{fmt.Sprintf("(it is %s %s)", now.At, now.by()), Faint})
	for _, c := range campaigns {
		t.Row(c.cells(now.At)...)
	}
	return t.Write(to, colour)
}

func (l *Listed) cells(now schemas.Instant) []Cell {
	status := statusCell(l.Status)
	if l.Status == "" {
		status = Cell{"not decided yet", Caution}
	}
	cells, name := []Cell{{Printable(l.CampaignID), Strong}, status}, Cell{Text: Printable(l.Name)}
	switch {
	case l.Problem != "":
		return append(cells, Cell{"not known", Caution}, Cell{}, Cell{}, Cell{}, Cell{l.Problem, Caution})
	case l.Next == nil:
		return append(cells, Cell{"nothing", Faint}, Cell{}, Cell{}, Cell{}, name)
	}
	return append(cells, Cell{Text: string(l.Next.Transition)}, Cell{Text: l.Next.At.String()}, Cell{Text: l.Next.AtInZone},
		Cell{Text: Distance(now, l.Next.At)}, name)
}

// Statuses returns the words of all statuses, those that are not final first.
func Statuses() []schemas.Status {
	return []schemas.Status{schemas.Scheduled, schemas.Active, schemas.Paused, schemas.Completed, schemas.Cancelled}
}
