package oracle

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

// command is a record of device-commands.
type command struct {
	to                unitID
	partition         int32
	offset, at        int64
	revision, attempt int64
	valid             int64 // ms
	list              playlist
	routed            int // how often its bytes lie in its store's topic, but for what the attacker has put there
}

func (c *command) String() string {
	return fmt.Sprintf("command %s/%d/%d of %s at %d/%d", c.to.device, c.revision, c.attempt, c.to.store, c.partition, c.offset)
}

// Command takes a record of device-commands.
func (b *Book) Command(r Record) error {
	e, err := read[commandJSON](&r)
	if err != nil {
		return err
	}
	d := &e.Data
	if r.Key != d.StoreID || e.Type != "device.command" || d.CommandID != fmt.Sprintf("%s/%d", d.DeviceID, d.Revision) ||
		e.ID != fmt.Sprintf("%s/%d", d.CommandID, d.Attempt) {
		return fmt.Errorf("reading command %s: %s %s, of store %s", &r, e.Type, e.ID, d.StoreID)
	}
	c := &command{
		to: unitID{d.DeviceID, d.StoreID}, partition: r.Partition, offset: r.Offset, at: r.At, revision: d.Revision, attempt: d.Attempt,
		valid: d.ValidUntil.UnixMilli(),
	}
	if c.list, err = b.list(d.Playlist); err != nil {
		return err
	}
	b.commands = append(b.commands, c)
	b.Counts.Commands++
	if c.attempt > 1 {
		b.Counts.Pushes++
	} else {
		b.MadeLate = append(b.MadeLate, c.at-c.revision)
	}
	sum := sha256.Sum256(r.Value)
	if b.byHash[sum] != nil {
		return fmt.Errorf("reading command %s: the same is at %v", &r, b.byHash[sum])
	}
	b.byHash[sum] = c
	return nil
}

// streams returns the commands of each unit, in their order.
func (b *Book) streams() map[unitID][]*command {
	streams := map[unitID][]*command{}
	for _, c := range b.commands {
		streams[c.to] = append(streams[c.to], c)
	}
	return streams
}

func (b *Book) judgeCommands(f *findings) {
	histories := b.histories()
	devices := map[string][]*command{}
	for unit, stream := range b.streams() {
		h := histories[unit.store].of(b, unit)
		var before *command
		for _, c := range stream {
			c.follows(before, f)
			c.judge(f)
			h.explain(c, f)
			before = c
		}
		devices[unit.device] = append(devices[unit.device], stream...)
	}
	for device, all := range devices {
		b.judgeMoves(device, all, f)
	}
}

// follows compares a command with the unit's one before.
func (c *command) follows(before *command, f *findings) {
	switch {
	case before == nil:
		if c.attempt != 1 {
			f.add(c, "the first command of a device has attempt %d", c.attempt)
		}
	case c.revision < before.revision:
		f.add(c, "it comes after revision %d", before.revision)
	case c.revision > before.revision:
		if c.attempt != 1 {
			f.add(c, "a new revision comes with attempt %d", c.attempt)
		}
	case c.attempt != before.attempt+1 || c.valid != before.valid || !slices.Equal(c.list, before.list):
		f.add(c, "it comes after attempt %d of its revision, with %d entries, and has %d",
			before.attempt, len(before.list), len(c.list))
	}
}

// emptyValid is how long a command without entries is valid, from its cause, in ms.
const emptyValid = 7 * 24 * int64(time.Hour/time.Millisecond)

// judge looks at a command alone.
func (c *command) judge(f *findings) {
	if !slices.IsSortedFunc(c.list, func(x, y entry) int {
		return cmp.Or(cmp.Compare(x.starts, y.starts), cmp.Compare(x.campaign, y.campaign))
	}) {
		f.add(c, "its entries are in no order")
	}
	latest := int64(0)
	for i := range c.list {
		latest = max(latest, c.list[i].ends)
	}
	switch {
	case len(c.list) > 0 && c.valid != latest:
		f.add(c, "it is valid until %d, its last entry ends at %d", c.valid, latest)
	case len(c.list) == 0 && (c.valid > c.at+emptyValid || c.valid < c.at+emptyValid-emptyValid/10):
		f.add(c, "it is empty, and valid until %d", c.valid)
	}
}

// history is what campaigns were for a store.
type history struct {
	store     string
	campaigns []string
}

// histories returns the campaigns that each store ever had.
func (b *Book) histories() map[string]*history {
	all := map[string]*history{}
	for id, c := range b.campaigns {
		seen := map[string]bool{}
		for i := range c.states {
			for store := range c.states[i].stores {
				if seen[store] {
					continue
				}
				seen[store] = true
				if all[store] == nil {
					all[store] = &history{store: store}
				}
				all[store].campaigns = append(all[store].campaigns, id)
			}
		}
	}
	return all
}

// reader follows a unit's commands, and of each campaign the lowest state that explains them.
type reader struct {
	*Book
	unit      unitID
	campaigns []string
	from      map[string]int
	plays     func(mime string) bool
	leaves    bool
}

func (h *history) of(b *Book, unit unitID) *reader {
	r := &reader{Book: b, unit: unit, from: map[string]int{}, plays: func(string) bool { return true }}
	if h != nil {
		r.campaigns = h.campaigns
	}
	for _, p := range b.presences[unit.device] {
		if p.store == unit.store && p.present {
			r.plays = p.plays
			continue
		}
		r.leaves = true
	}
	return r
}

// explain finds what a command follows from.
func (r *reader) explain(c *command, f *findings) {
	if len(c.list) == 0 && r.leaves {
		return // a device that leaves is told to show nothing
	}
	views, known := map[string]playlist{}, map[string]bool{}
	for i := range c.list {
		views[c.list[i].campaign] = append(views[c.list[i].campaign], c.list[i])
	}
	for _, id := range r.campaigns {
		known[id] = true
		at, is := r.explains(id, c, views[id])
		if !is {
			f.add(c, "nothing since sequence %d explains what it has of campaign %s: %d entries", r.from[id], id, len(views[id]))
			continue
		}
		r.from[id] = at
	}
	for id := range views {
		if !known[id] {
			f.add(c, "it has campaign %s, which never was in its store", id)
		}
	}
}

func (r *reader) explains(id string, c *command, view playlist) (sequence int, is bool) {
	states := r.Book.campaigns[id].states
	for i := r.from[id]; i < len(states); i++ {
		s := &states[i]
		if slices.Equal(s.entries(id, r.unit.store, r.plays), view) || len(view) == 0 && i > 0 && s.ends <= c.at {
			return i, true
		}
	}
	return 0, false
}
