package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
)

// unit is a device in a store, as its journal tells.
type unit struct {
	id     unitID
	obeys  obeyed
	told   []obeyed // all that it has obeyed
	held   map[string]bool
	bootAt int64
	skew   int64 // ms
	ppm    int64
	shows  *screen
	shown  map[string]*screen // by play
	wiped  int
	final  *lineJSON
	wrong  findings
}

// obeyed is a record that a unit has obeyed.
type obeyed struct {
	offset, revision, attempt int64
	at                        int64 // ms
	list                      playlist
}

// screen is a play as it was shown; instants are by the device's clock, in ms.
type screen struct {
	entry         entry
	started, ends int64
	ended         int64
	reason        string // of its end; "" as long as it is shown
	life          int    // how often the device had been wiped before
	mustStop      bool
}

// Line takes a line of a journal.
func (b *Book) Line(text []byte) error {
	var l lineJSON
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf("reading a journal: %w: %s", err, text)
	}
	switch {
	case l.Event == "attack":
		if l.Offset != nil {
			b.attacks[place{l.Store, *l.Offset}] = l.Reason
			b.Counts.Attacks++
		}
		return nil
	case l.Event == "trouble":
		return fmt.Errorf("the simulation is in trouble: %s", text)
	case l.Device == "" || l.Store == "" || l.Reason == "no-such-device":
		return nil
	}
	id := unitID{l.Device, l.Store}
	u := b.units[id]
	if u == nil {
		u = &unit{id: id, held: map[string]bool{}, shown: map[string]*screen{}}
		b.units[id] = u
	}
	return b.happens(u, &l)
}

func (b *Book) happens(u *unit, l *lineJSON) (err error) {
	switch l.Event {
	case "booted":
		b.Counts.Boots++
		u.boot(l)
		if l.OffsetMs != 0 {
			b.Counts.WrongClocks++
		}
	case "obeyed", "repeated":
		o := obeyed{*l.Offset, l.Revision, l.Attempt, l.At.UnixMilli(), u.obeys.list}
		if l.Event == "obeyed" {
			b.Counts.Obeyed++
			o.list, err = b.list(l.Playlist)
		}
		u.obey(o, l)
	case "skipped":
		b.Counts.Skipped++
	case "refused":
		b.Counts.Refused++
	case "offline":
		b.Counts.Offline++
	case "fetch-fault":
		b.Counts.FetchFaults++
	case "cached":
		u.held[l.SHA256] = true
	case "evicted":
		delete(u.held, l.SHA256)
	case "off":
		if l.Reason == "wiped" {
			b.Counts.Wiped++
			u.wipe()
		}
	case "play-started":
		b.Counts.Started++
		u.start(l)
		b.late(&b.StartLate, u, l)
	case "play-ended":
		u.end(l)
		b.late(&b.StopLate, u, l)
	case "final":
		u.final = l
	}
	return err
}

func (b *Book) late(all *[]int64, u *unit, l *lineJSON) {
	if u.skew == 0 && u.ppm == 0 && l.LateMs != nil {
		*all = append(*all, *l.LateMs)
	}
}

// has says whether a device has been told of entries, and has their contents.
func (u *unit) has(wants playlist) bool {
	if u == nil {
		return false
	}
	for i := range wants {
		if !slices.Contains(u.obeys.list, wants[i]) || !u.held[wants[i].sha] {
			return false
		}
	}
	return true
}
