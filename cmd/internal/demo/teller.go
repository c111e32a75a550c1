package demo

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// teller writes the running account.
type teller struct {
	out     io.Writer
	tables  func() string
	first   string          // the campaign that the demonstration begins with, "" before it begins
	waiting map[string]bool // its campaigns that have released nothing yet
	screens *screens
	news    news
	ready   readyLines
	told    bool // that the stores are there
}

func newTeller(out io.Writer, tables func() string) *teller {
	n := news{}
	return &teller{out: out, tables: tables, waiting: map[string]bool{}, screens: newScreens(n), news: n, ready: readyLines{}}
}

// expect names the campaigns of the demonstration.
func (t *teller) expect(steps []step) {
	t.first = steps[0].event.Subject
	for _, s := range steps {
		t.waiting[s.event.Subject] = true
	}
}

// hear takes a line of a store in. begins is true once: when all of them are there.
func (t *teller) hear(l *journal.Line) (begins bool) {
	t.line(t.screens.note(l))
	begins = !t.told && t.screens.ready()
	t.told = t.told || begins
	return begins
}

// due writes what was gathered, and returns how long there is nothing to write.
func (t *teller) due(now time.Time) time.Duration {
	at := schemas.InstantOf(now)
	for _, text := range t.news.due(at) {
		t.line(text)
	}
	return t.news.wait(at)
}

func (t *teller) tellAll(records []*kgo.Record, now time.Time) {
	for _, r := range InOrder(records) {
		t.tell(r, schemas.InstantOf(now))
	}
}

// InOrder puts releases behind all else: that of a lock behind its statement, which is in another topic. How ready a campaign
// was at its start comes behind the start.
func InOrder(records []*kgo.Record) []*kgo.Record {
	place := func(r *kgo.Record) int {
		switch topics.Name(r.Topic) {
		case topics.BudgetReleased:
			return 2
		case topics.CampaignReadiness:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(records, func(a, b *kgo.Record) int { return place(a) - place(b) })
	return records
}

// tell writes a line for a record, and how to go on when the demonstration's campaigns have released what they did not spend.
func (t *teller) tell(r *kgo.Record, now schemas.Instant) {
	campaign := string(r.Key)
	switch topics.Name(r.Topic) {
	case topics.Plays:
		t.news.of(campaign, reported, 0, now).count++
		return
	case topics.CampaignReadiness:
		t.line(t.ready.tell(r))
		return
	case topics.TransitionsApplied:
		t.ready.noteStart(r)
	}
	text, released := Describe(r)
	if text == "" {
		return
	}
	if r.Topic == string(topics.CampaignStatements) {
		t.line(t.news.tell(subject{campaign, stopped}, now))
		t.line(t.news.tell(subject{campaign, reported}, now))
	}
	t.line(text)
	if released && t.waiting[campaign] {
		if delete(t.waiting, campaign); len(t.waiting) == 0 {
			fmt.Fprint(t.out, howToGoOn(t.first, t.tables()))
		}
	}
}

// line writes a line; "" writes none.
func (t *teller) line(text string) {
	if text != "" {
		fmt.Fprintln(t.out, timeline.Printable(text))
	}
}

// readyLines are what was told of campaigns' readiness last.
type readyLines map[string]readyLine

type readyLine struct {
	ready  int64
	starts bool // it has started, and how ready it was is still to be told
}

// noteStart notes that a campaign has started: of one that started before somebody looked it is not told how ready it was.
func (r readyLines) noteStart(record *kgo.Record) {
	if event, refusal := topics.DecodeApplied(record.Value); refusal == nil && event.Data.Transition == schemas.Start {
		was := r[event.Data.CampaignID]
		was.starts = true
		r[event.Data.CampaignID] = was
	}
}

// tell returns the line of a record about readiness, "" when it tells a person nothing new: that nothing is ready yet.
func (r readyLines) tell(record *kgo.Record) string {
	event, is := topics.Decoded[schemas.Readiness](topics.ReadinessCodec{}, record.Value)
	if !is {
		return ""
	}
	d, was := &event.Data, r[event.Data.CampaignID]
	r[d.CampaignID] = readyLine{d.DevicesReady, was.starts && d.AtStart == nil}
	at := schemas.InstantOf(record.Timestamp)
	if event.Time != nil {
		at = *event.Time
	}
	switch {
	case d.AtStart != nil && was.starts && d.AtStart.DevicesTotal == 0:
		return line(at, d.CampaignID, "readiness", "at the start no screen: its stores have not heard of it yet")
	case d.AtStart != nil && was.starts:
		return line(at, d.CampaignID, "readiness", "at the start "+readyOf(d.AtStart.DevicesReady, d.AtStart.DevicesTotal))
	case d.DevicesReady > was.ready:
		return line(at, d.CampaignID, "ready", readyOf(d.DevicesReady, d.DevicesTotal))
	}
	return ""
}

func readyOf(ready, total int64) string {
	return fmt.Sprintf("%d of %s", ready, counted(int(total), "screen"))
}
