package letter

import (
	"fmt"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	state "github.com/rmn-arms/campaign-engine/state/mail"
	"github.com/rmn-arms/campaign-engine/state/zone"
)

// page is what a letter says, in words. Text and HTML are two ways to write one page, so that they say the same.
type page struct {
	Lang        string
	Subject     string
	Hello       string
	Lead        string
	Notices     []string
	Facts       []fact
	FiguresAre  string // the heading of figures that are not final
	Figures     []fact
	Remarks     []string // below the figures
	Tables      []table
	Foot        string
	Unsubscribe string // what the link is called
	URL         string // empty: there is none
}

// fact is a label and what it says, in lines of their own.
type fact struct {
	Label string
	Lines []string
}

// table has a heading, columns with headings and rows, and a line below. The first column is of texts, the others of numbers.
type table struct {
	Title   string
	Columns []string
	Rows    [][]string
	Remarks []string
}

// writer writes a page.
type writer struct {
	*language
	letter *state.Letter
	zone   *zone.Zone // nil: not known
	page   page
}

func pageOf(l *state.Letter, in *language, unsubscribe string) *page {
	w := writer{language: in, letter: l}
	w.zone, _ = zone.Load(l.Campaign.Zone) // one that is not known was resolved by a newer database: there is UTC
	w.page = page{Lang: in.tag, Foot: in.foot, Unsubscribe: in.unsubscribe, URL: unsubscribe}
	w.opening()
	w.campaign()
	w.times()
	w.readiness()
	switch {
	case l.Statement == nil:
	case l.Kind == state.BeforeTheFinal:
		w.interim(l.Statement)
	default:
		w.statement(l.Statement)
	}
	return &w.page
}

// situation says which of the texts are for a letter.
func situationOf(l *state.Letter) situation {
	started := l.Started != state.Never
	switch {
	case l.Kind == state.AtTheStart && l.Late():
		return hasStartedLate
	case l.Kind == state.AtTheStart:
		return hasStarted
	case l.Outcome == state.Cancelled && !started:
		return neverStartedCancelled
	case l.Outcome == state.Cancelled && l.Was == state.WasRunning:
		return wasCancelledRunning
	case l.Outcome == state.Cancelled && l.Was == state.WasPaused:
		return wasCancelledPaused
	case l.Outcome == state.Cancelled:
		return wasCancelled
	case !started:
		return neverStarted
	}
	return hasEnded
}

// opening writes the subject and what comes before the facts.
func (w *writer) opening() {
	l := w.letter
	name := clean(l.Campaign.Name, nameMaxChars)
	if name == "" {
		name = clean(l.Campaign.ID, nameMaxChars)
	}
	what := situationOf(l)
	words := []any{clean(name, subjectMaxChars)}
	switch l.Kind {
	case state.AtTheEnd:
		words = append(words, w.final)
	case state.BeforeTheFinal:
		words = append(words, w.provisional)
	}
	w.page.Subject = strings.TrimSpace(fmt.Sprintf(w.subjects[what], words...))
	w.page.Hello = w.helloNobody
	if to := clean(l.Recipient.Name, nameMaxChars); to != "" {
		w.page.Hello = fmt.Sprintf(w.hello, to)
	}
	w.page.Lead = fmt.Sprintf(w.leads[what], name)
	if l.Late() {
		w.page.Notices = append(w.page.Notices, fmt.Sprintf(w.late, w.lasting(l.Lateness)))
	}
	switch closes := w.display(toSecond(l.SettlesAt))[0]; {
	case l.Kind != state.BeforeTheFinal:
	case l.Statement != nil:
		w.page.Notices = append(w.page.Notices, fmt.Sprintf(w.soFar, closes))
	default:
		w.page.Notices = append(w.page.Notices, fmt.Sprintf(w.follows, closes))
	}
}

func (w *writer) fact(label string, lines ...string) {
	w.page.Facts = append(w.page.Facts, fact{label, lines})
}

func (w *writer) figure(label string, lines ...string) {
	w.page.Figures = append(w.page.Figures, fact{label, lines})
}

func (w *writer) campaign() {
	c := &w.letter.Campaign
	id := clean(c.ID, nameMaxChars)
	if name := clean(c.Name, nameMaxChars); name != "" {
		w.fact(w.labels.campaign, name, id)
	} else {
		w.fact(w.labels.campaign, id)
	}
	w.fact(w.labels.advertiser, clean(c.AdvertiserID, nameMaxChars))
}

// times writes the flight, when it started and ended where that is another time, and when the count closes. What an operator
// does has the instant at which it was read: it is told to the second.
func (w *writer) times() {
	l := w.letter
	if zoned := clean(l.Campaign.Zone, nameMaxChars); zoned != "" {
		w.fact(w.labels.zone, zoned)
	}
	w.time(w.labels.starts, l.Campaign.StartsAt)
	w.time(w.labels.ends, l.Campaign.EndsAt)
	if started := startedAt(l); l.Started != state.Never && started != l.Campaign.StartsAt {
		w.time(w.labels.started, toSecond(started))
	}
	switch {
	case l.Kind == state.AtTheStart:
		return
	case l.Outcome == state.Cancelled:
		w.time(w.labels.cancelled, toSecond(l.EndedAt))
		if reason := clean(l.Reason, schemas.ChangeReasonMaxChars); reason != "" {
			w.fact(w.labels.cause, reason)
		}
	case l.EndedAt != l.Campaign.EndsAt:
		w.time(w.labels.ended, toSecond(l.EndedAt))
	}
	if l.Kind == state.BeforeTheFinal {
		w.time(w.labels.due, toSecond(l.SettlesAt))
	}
}

// startedAt is when a campaign started: nominally, unless that was decided much later than the flight says, be it that the engine
// was late, or that it was published or resumed behind its start.
func startedAt(l *state.Letter) instant.Instant {
	if l.ActiveAt.Sub(l.Campaign.StartsAt) > state.LateAfter {
		return l.ActiveAt
	}
	return l.Started
}

func toSecond(at instant.Instant) instant.Instant { return at / 1000 * 1000 }

func (w *writer) time(label string, at instant.Instant) { w.fact(label, w.display(at)...) }

// display writes an instant in the campaign's zone, and in UTC where that is another text.
func (w *writer) display(at instant.Instant) []string {
	inUTC := utc().Display(at)
	if w.zone == nil || w.zone.Display(at) == inUTC {
		return []string{inUTC}
	}
	return []string{w.zone.Display(at), inUTC}
}

// utc returns the zone UTC, which every database has.
func utc() *zone.Zone {
	z, err := zone.Load("UTC")
	if err != nil {
		panic("letter: the time zone database has no UTC")
	}
	return z
}

func (w *writer) readiness() {
	l := w.letter
	switch {
	case l.Started == state.Never:
	case l.Campaign.Stores == 0:
		w.fact(w.labels.ready, w.noStores)
	case l.AtStart == nil:
		w.fact(w.labels.ready, w.unknown)
	case l.AtStart.Total == 0:
		w.fact(w.labels.ready, w.noDevices)
	case l.AtStart.Ready < l.AtStart.Total:
		w.fact(w.labels.ready, w.ready(l.AtStart), w.readyMeans)
	default:
		w.fact(w.labels.ready, w.ready(l.AtStart))
	}
}
