package budget

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
)

// The lines of a statement are found by a look at each play. From the first adjusted statement on they are kept, where they are
// far fewer than the plays, and each play that comes late is added to its own: the next statements look at the lines alone. They
// say nothing that the plays do not say, so they may be dropped at any time.

const (
	linesPrefix = "l/"
	// linesMax is how many lines are kept at most: as many stores and creatives as a definition may name, and some.
	linesMax = 20_000
	// playsPerLine is from how many plays on a line is worth keeping.
	playsPerLine = 4
)

// lineKind is what a line is of.
type lineKind byte

const (
	ofStore lineKind = iota
	ofCreative
	lineKinds
)

// lines are tallies by what they are of, and its id.
type lines [lineKinds]map[string]*Tally

func (l *lines) add(play *Play) {
	for kind, id := range play.lines() {
		tally, is := l[kind][id]
		if !is {
			tally = &Tally{}
			l[kind][id] = tally
		}
		tally.add(play.Impressions)
	}
}

// lines returns the ids of the lines that a play belongs to.
func (p *Play) lines() [lineKinds]string {
	return [lineKinds]string{ofStore: p.StoreID, ofCreative: p.CreativeID}
}

// lines returns the sums of the plays that count and of those that came after the lock.
func (a *Account) lines(parts linearhash.Buckets) (lines, error) {
	if kept, readable := a.keptLines(parts); readable {
		return kept, nil
	}
	found := lines{{}, {}}
	for kept, err := range a.plays(parts).All() {
		if err != nil {
			return lines{}, err
		}
		e, err := readEntry(kept)
		if err != nil {
			return lines{}, err
		}
		if e.verdict == Valid || e.verdict == AfterLock {
			found.add(&e.play)
		}
	}
	return found, nil
}

// keptLines returns the lines that are kept; false without, or when they cannot be read.
func (a *Account) keptLines(parts linearhash.Buckets) (lines, bool) {
	if a.Lines == 0 {
		return lines{}, false
	}
	kept := lines{{}, {}}
	for entry, err := range linearhash.Of(parts, linesPrefix, a.Lines).All() {
		kind, line, is := readLine(entry.Content)
		if err != nil || !is {
			return lines{}, false
		}
		kept[kind][line.ID] = &line.Tally
	}
	return kept, int64(len(kept[ofStore])+len(kept[ofCreative])) == a.Lines
}

// keepLines keeps the lines of a statement, if there are none yet and it is worth it.
func (a *Account) keepLines(parts linearhash.Buckets, s *Statement) {
	count := int64(len(s.ByStore) + len(s.ByCreative))
	if a.Lines > 0 || count > linesMax || count*playsPerLine > a.Entries {
		return
	}
	table := linearhash.Of(parts, linesPrefix, 0)
	for kind, all := range [lineKinds][]Line{ofStore: s.ByStore, ofCreative: s.ByCreative} {
		for i := range all {
			if table.Put(lineHash(lineKind(kind), all[i].ID), all[i].append(lineKind(kind), nil)) != nil {
				return // somebody else's bucket
			}
		}
	}
	a.Lines = table.Entries()
}

// addToLines adds a play that came after the lock to the lines that are kept.
func (a *Account) addToLines(parts linearhash.Buckets, play *Play) {
	if a.Lines == 0 {
		return
	}
	table := linearhash.Of(parts, linesPrefix, a.Lines)
	for i, id := range play.lines() {
		kind := lineKind(i)
		hash, line := lineHash(kind, id), Line{ID: id}
		content, found, err := table.Find(hash)
		readable := true
		if found {
			_, line, readable = readLine(content)
		}
		line.add(play.Impressions)
		if err != nil || !readable || table.Set(hash, line.append(kind, nil)) != nil {
			a.dropLines(parts)
			return
		}
	}
	if a.Lines = table.Entries(); a.Lines > linesMax {
		a.dropLines(parts)
	}
}

func (a *Account) dropLines(parts linearhash.Buckets) {
	if a.Lines > 0 {
		linearhash.Of(parts, linesPrefix, a.Lines).Remove(0, linearhash.Count(a.Lines))
		a.Lines = 0
	}
}

func lineHash(kind lineKind, id string) linearhash.Hash {
	sum := sha256.Sum256(append([]byte{byte(kind)}, id...))
	return linearhash.Hash(sum[:len(linearhash.Hash{})])
}

// append appends the line's encoding: what it is of (1 byte), the id behind its length (1 byte), plays (uvarint), impressions
// (number).
func (l *Line) append(kind lineKind, b []byte) []byte {
	b = fields.AppendShort(append(b, byte(kind)), l.ID)
	return l.Impressions.AppendBinary(binary.AppendUvarint(b, uint64(l.Plays)))
}

func readLine(content []byte) (lineKind, Line, bool) {
	in := readerOf(content)
	kind := lineKind(in.Byte())
	line := Line{in.Short(), Tally{in.Uvarint(), in.number()}}
	return kind, line, in.Whole() && kind < lineKinds
}
