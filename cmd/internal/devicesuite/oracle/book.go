package oracle

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// Book is what the topics and the journals say. Each of its methods that takes a record wants those of a partition in order,
// the one that takes lines those of a device. It is not safe for concurrent use.
type Book struct {
	campaigns map[string]*campaign
	presences map[string][]presence // by device
	commands  []*command
	byHash    map[[sha256.Size]byte]*command
	stores    map[string][]routed
	keys      map[string]ed25519.PublicKey
	readiness map[string][]readinessJSON
	units     map[unitID]*unit
	attacks   map[place]string
	plays     map[string]playJSON
	lists     map[[sha256.Size]byte]playlist

	// Counts says how much there was of what.
	Counts Counts
	// StartLate and StopLate are by how many ms devices with a right clock were late to start and end spots.
	StartLate, StopLate []int64
	// MadeLate is how many ms after what it follows from each command was made, by its revision.
	MadeLate []int64
	// ObeyLate is how many ms after it was made each command was obeyed, also by devices that were away.
	ObeyLate []int64
}

// Counts are what a run had to offer, for a person to see that it was one.
type Counts struct {
	Commands, Pushes, Obeyed, Skipped, Refused, Attacks, Started, Reported int
	Boots, Wiped, WrongClocks, Offline, FetchFaults                        int
	// Topped are revisions not above one of the store where the device was before, behind which one above that was sent.
	Topped int
}

// unitID is a device in a store: one that moves is another afterwards.
type unitID struct{ device, store string }

func (u unitID) String() string { return u.device + " in " + u.store }

// place is a record of a store's topic.
type place struct {
	store  string
	offset int64
}

// NewBook returns an empty Book.
func NewBook() *Book {
	return &Book{
		campaigns: map[string]*campaign{}, presences: map[string][]presence{}, byHash: map[[sha256.Size]byte]*command{},
		stores: map[string][]routed{}, keys: map[string]ed25519.PublicKey{}, readiness: map[string][]readinessJSON{},
		units: map[unitID]*unit{}, attacks: map[place]string{}, plays: map[string]playJSON{},
		lists: map[[sha256.Size]byte]playlist{},
	}
}

// Judge compares all that was read. final says that the journals are whole: the devices were ended, and nothing comes any more.
func (b *Book) Judge(final bool) error {
	var f findings
	b.matchRouted()
	b.judgeDefinitions(&f)
	b.judgeCommands(&f)
	b.judgeRouted(&f)
	b.judgeUnits(&f)
	b.judgePlays(final, &f)
	b.judgeReadiness(&f)
	b.judgeFinal(final, &f)
	return f.err()
}

// playlist is a list of entries; equal ones are one.
type playlist []entry

type entry struct {
	campaign string
	creative
	starts, ends int64 // ms
}

type creative struct {
	id      string
	version int64
	url     string
	sha     string
	bytes   int64
	mime    string
	lasts   int64 // ms
}

func (c *creativeJSON) creative() creative {
	return creative{c.CreativeID, c.Version, c.URL, c.SHA256, c.Bytes, c.MIME, c.DurationMs}
}

// list reads a playlist; one of the same text was read before, mostly.
func (b *Book) list(text json.RawMessage) (playlist, error) {
	if len(text) == 0 {
		return nil, nil
	}
	sum := sha256.Sum256(text)
	if known, is := b.lists[sum]; is {
		return known, nil
	}
	var entries []entryJSON
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, fmt.Errorf("reading a playlist: %w", err)
	}
	list := make(playlist, len(entries))
	for i := range entries {
		e := &entries[i]
		list[i] = entry{e.CampaignID, e.creative(), e.StartsAt.UnixMilli(), e.EndsAt.UnixMilli()}
	}
	b.lists[sum] = list
	return list, nil
}

// findings gathers what is wrong, and counts what is too much to list: of each kind some are listed.
type findings struct {
	listed []error
	kinds  map[string]int
}

const listedMax = 5

func (f *findings) add(what fmt.Stringer, format string, args ...any) {
	if f.kinds == nil {
		f.kinds = map[string]int{}
	}
	f.kinds[format]++
	if f.kinds[format] <= listedMax {
		f.listed = append(f.listed, fmt.Errorf("%s: "+format, append([]any{what}, args...)...))
	}
}

func (f *findings) err() error {
	for format, count := range f.kinds {
		if count > listedMax {
			f.listed = append(f.listed, fmt.Errorf("and %d more of: %s", count-listedMax, format))
		}
	}
	return errors.Join(f.listed...)
}

// text is an id in a finding.
type text string

func (t text) String() string { return string(t) }

// merge adds other findings, as they are.
func (f *findings) merge(other *findings) {
	for format, count := range other.kinds {
		if f.kinds == nil {
			f.kinds = map[string]int{}
		}
		f.kinds[format] += count
	}
	for _, each := range other.listed {
		if len(f.listed) < mergedMax {
			f.listed = append(f.listed, each)
		}
	}
}

const mergedMax = 60
