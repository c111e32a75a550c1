package oracle

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Book is what the topics say. Each of its methods that takes a record wants those of a partition in order.
type Book struct {
	names     Names
	campaigns map[string]*campaign
	texts     map[string]string // one of each id: plays repeat them
}

// Names are the names of the topics that statements name as their inputs.
type Names struct{ Applied, Plays string }

// NewBook returns an empty Book.
func NewBook(names Names) *Book {
	return &Book{names: names, campaigns: map[string]*campaign{}, texts: map[string]string{}}
}

// Campaigns returns the ids of the campaigns that there are, in order.
func (b *Book) Campaigns() []string { return slices.Sorted(maps.Keys(b.campaigns)) }

func (b *Book) of(id string) *campaign {
	c, is := b.campaigns[id]
	if !is {
		c = &campaign{}
		b.campaigns[id] = c
	}
	return c
}

// Applied takes a record of transitions-applied.
func (b *Book) Applied(r Record) error {
	transition, err := data[appliedJSON](&r)
	if err != nil {
		return err
	}
	if err := b.of(r.Key).apply(&r, &transition); err != nil {
		return fmt.Errorf("following transition %s: %w", &r, err)
	}
	return nil
}

// Play takes a record of plays.
func (b *Book) Play(r Record) error {
	content, err := data[playJSON](&r)
	if err != nil {
		return err
	}
	impressions, err := scaled(content.Impressions, inputScale)
	if err != nil {
		return err
	}
	c := b.of(r.Key)
	c.plays = append(c.plays, play{
		id: content.PlayID, store: b.text(content.StoreID), creative: b.text(content.CreativeID),
		startedAt: content.StartedAt.UnixMilli(), endedAt: content.EndedAt.UnixMilli(), impressions: impressions,
		partition: r.Partition, offset: r.Offset,
	})
	return nil
}

func (b *Book) text(id string) string {
	kept, is := b.texts[id]
	if !is {
		b.texts[id], kept = id, id
	}
	return kept
}

// Statement takes a record of campaign-statements.
func (b *Book) Statement(r Record) error {
	statement, err := data[statementJSON](&r)
	if err != nil {
		return err
	}
	statement.applied, statement.read = statement.Inputs[b.names.Applied], statement.Inputs[b.names.Plays]
	c := b.of(r.Key)
	c.statements = append(c.statements, statement)
	return nil
}

// Release takes a record of budget-released.
func (b *Book) Release(r Record) error {
	released, err := data[releasedJSON](&r)
	if err != nil {
		return err
	}
	c := b.of(r.Key)
	c.releases = append(c.releases, released)
	return nil
}

// Forget forgets statements and releases, so that they can be read again.
func (b *Book) Forget() {
	for _, c := range b.campaigns {
		c.statements, c.releases = nil, nil
	}
}

// Unfinished says of what something is still to come: a statement, or an adjusted one that counts all late plays.
func (b *Book) Unfinished() error {
	missing := 0
	example := ""
	for id, c := range b.campaigns {
		if reason := c.unfinished(); reason != "" {
			missing++
			example = id + " " + reason
		}
	}
	if missing > 0 {
		return fmt.Errorf("awaiting the end of %d campaigns: %s", missing, example)
	}
	return nil
}

func (c *campaign) unfinished() string {
	switch {
	case !c.settled:
		return "is not settled"
	case len(c.statements) == 0:
		return "has no statement"
	}
	lock := c.statements[0].read.Offset
	if late := c.fold(lock, open).late.plays; late > c.statements[len(c.statements)-1].late() {
		return fmt.Sprintf("has %d late plays, and its newest statement %d", late, c.statements[len(c.statements)-1].late())
	}
	return ""
}

func (s *statementJSON) late() int64 {
	if s.Late == nil {
		return 0
	}
	return s.Late.Plays
}

// Verdicts sums what became of all plays up to the newest statements, by verdict; what counts is "valid".
func (b *Book) Verdicts() map[string]int64 {
	sums := map[string]int64{}
	for _, c := range b.campaigns {
		if len(c.statements) == 0 {
			continue
		}
		a := c.fold(c.statements[0].read.Offset, open)
		sums["valid"] += a.all.plays - a.late.plays
		for verdict, count := range a.notCounted {
			sums[verdict] += count
		}
	}
	return sums
}

// findings gathers what is wrong, and counts what is too much to list.
type findings struct {
	listed []error
	more   int
}

const listedMax = 20

func (f *findings) add(id, format string, args ...any) {
	if len(f.listed) == listedMax {
		f.more++
		return
	}
	f.listed = append(f.listed, fmt.Errorf(id+": "+format, args...))
}

func (f *findings) err() error {
	if f.more > 0 {
		f.listed = append(f.listed, fmt.Errorf("and %d more", f.more))
	}
	return errors.Join(f.listed...)
}
