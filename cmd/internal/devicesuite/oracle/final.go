package oracle

import (
	"fmt"
	"slices"
	"time"
)

func same(x, y playlist) bool { return slices.Equal(x, y) }

// Unsettled says what has not yet come to its end: a window that is over at now, a device that does not have what it is to
// have, readiness that does not say so. It needs neither commands nor the stores' topics.
func (b *Book) Unsettled(now time.Time) error {
	if err := b.unended(now); err != nil {
		return err
	}
	expected := b.expectations()
	present := b.present()
	for id, u := range b.units {
		p := present[id]
		switch {
		case p == nil && len(u.obeys.list) > 0:
			return fmt.Errorf("%v is there no more, and has %d entries", id, len(u.obeys.list))
		case p == nil:
		case !same(u.obeys.list, expected(p)) || !u.has(expected(p)):
			return fmt.Errorf("%v has %d entries of revision %d and %d contents, %d entries are to be on it", id, len(u.obeys.list),
				u.obeys.revision, len(u.held), len(expected(p)))
		}
	}
	for id, c := range b.campaigns {
		if c.over() {
			continue
		}
		if err := b.differs(id, c, present); err != nil {
			return fmt.Errorf("campaign %s: %w", id, err)
		}
	}
	return nil
}

// expectations returns what is to be on a device by its presence.
func (b *Book) expectations() func(*presence) playlist {
	known := map[string]playlist{}
	return func(p *presence) playlist {
		key := fmt.Sprint(p.store, p.says, p.mime)
		list, is := known[key]
		if !is {
			list = b.expected(p.store, p.plays)
			known[key] = list
		}
		return list
	}
}

// judgeFinal compares what there is in the end with what is to be.
func (b *Book) judgeFinal(final bool, f *findings) {
	expected, present := b.expectations(), b.present()
	streams := b.streams()
	for id, stream := range streams {
		last := stream[len(stream)-1]
		if p := present[id]; p == nil && len(last.list) > 0 {
			f.add(last, "its device is there no more, and it is the last one, of %d entries", len(last.list))
		}
	}
	for id, p := range present {
		want := expected(p)
		if stream := streams[id]; len(stream) == 0 {
			f.add(id, "it was never commanded, and is there")
		} else if last := stream[len(stream)-1]; !same(last.list, want) {
			f.add(last, "it is the last one and has %s", difference(last.list, want))
		}
		if u := b.units[id]; u != nil {
			u.judgeFinal(final, want, f)
		}
	}
	for id, c := range b.campaigns {
		if c.over() {
			continue
		}
		if err := b.differs(id, c, present); err != nil {
			f.add(text(id), "%v", err)
		}
	}
}

func (u *unit) judgeFinal(final bool, want playlist, f *findings) {
	if !same(u.obeys.list, want) {
		f.add(u.id, "it has obeyed %d last, which has %s", u.obeys.revision, difference(u.obeys.list, want))
	}
	if !final {
		return
	}
	if u.final == nil {
		f.add(u.id, "its journal has no end")
		return
	}
	cache := map[string]bool{}
	for i := range want {
		cache[want[i].sha] = true
	}
	for _, sha := range u.final.Cache {
		delete(cache, sha)
	}
	if len(cache) > 0 || u.final.Revision != u.obeys.revision {
		f.add(u.id, "it ends with revision %d, without %d contents of what is to be on it", u.final.Revision, len(cache))
	}
}

// difference shows what two playlists differ in.
func difference(is, want playlist) string {
	for i := range want {
		if !slices.Contains(is, want[i]) {
			return fmt.Sprintf("%d entries, of %d; not %v", len(is), len(want), want[i])
		}
	}
	for i := range is {
		if !slices.Contains(want, is[i]) {
			return fmt.Sprintf("%d entries, of %d; too many: %v", len(is), len(want), is[i])
		}
	}
	return fmt.Sprintf("%d entries, of %d, in another order", len(is), len(want))
}
