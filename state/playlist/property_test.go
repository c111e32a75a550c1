package playlist_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
)

// TestWhateverHappens lets anything happen in any order, some of it again: what devices are sent, and what is told of readiness, is
// what a reckoning of the history says. The harness sees to it that the due instant always advances.
func TestWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, m := newShop(t), newModel()
		s.onCommand = func(c playlist.Command) { m.command(s, c) }
		w := &weather{t: t, s: s, m: m, sequences: map[string]int64{}, seen: map[string]instant.Instant{}}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			w.step()
			if rapid.IntRange(0, 4).Draw(t, "rests") == 0 {
				s.rest()
				w.check()
			}
		}
		s.rest()
		w.check()
	})
}

// weather makes things happen.
type weather struct {
	t         *rapid.T
	s         *shop
	m         *model
	sequences map[string]int64
	seen      map[string]instant.Instant // times of presences
	placed    []playlist.Placement       // all that there were
	present   []playlist.Presence
}

func (w *weather) step() {
	switch rapid.IntRange(0, 10).Draw(w.t, "what") {
	case 0, 1, 2:
		w.place()
	case 3:
		w.attend()
	case 4, 5, 6:
		w.ack()
	case 7:
		w.repeat()
	case 8:
		w.s.pass(w.s.now.Add(instant.Millis(rapid.Int64Range(0, 700).Draw(w.t, "ms"))))
	case 10:
		w.notice()
	case 9:
		w.s.pass(w.s.now.Add(instant.Millis(rapid.Int64Range(1, 150).Draw(w.t, "minutes")) * minute))
	}
}

func (w *weather) place() {
	id := rapid.SampledFrom([]string{"c-1", "c-2", "c-3"}).Draw(w.t, "campaign")
	w.sequences[id] += rapid.Int64Range(1, 2).Draw(w.t, "sequence")
	var creatives []string
	for _, creative := range []string{"cr-1", "cr-2", "cr-3:image/png"} {
		if rapid.Bool().Draw(w.t, creative) {
			creatives = append(creatives, creative)
		}
	}
	if len(creatives) > 0 && rapid.Bool().Draw(w.t, "reversed") {
		slices.Reverse(creatives)
	}
	p := campaign(id, w.sequences[id], rapid.IntRange(300, 302).Draw(w.t, "starts"), creatives...)
	p.Revision = rapid.Int64Range(1, 2).Draw(w.t, "revision")
	if rapid.IntRange(0, 2).Draw(w.t, "removed") == 0 {
		p = removal(p, p.Sequence)
	}
	w.s.want(playlist.Taken, w.s.place(p))
	w.placed = append(w.placed, p)
	if delete(w.m.placed, id); p.Placed {
		w.m.placed[id] = p
	}
}

func (w *weather) attend() {
	id := deviceName(rapid.IntRange(0, devicesMax-1).Draw(w.t, "device"))
	w.seen[id]++
	p := playlist.Presence{DeviceID: id, At: w.seen[id], Present: rapid.IntRange(0, 3).Draw(w.t, "present") > 0}
	if p.Says = p.Present && rapid.Bool().Draw(w.t, "says"); p.Says {
		p.MIME = rapid.SampledFrom([][]string{nil, {"video/mp4"}, {"image/png", "video/mp4"}}).Draw(w.t, "mime")
	}
	want := playlist.Taken
	if w.m.devices[id] == nil && !p.Present {
		// One that left before the store was flushed is still in the row.
		want = w.s.attend(p)
		if want != playlist.Taken && want != playlist.UnknownDevice {
			w.t.Fatalf("a removal was %s", want)
		}
		return
	}
	w.s.want(want, w.s.attend(p))
	w.present = append(w.present, p)
	if delete(w.m.devices, id); p.Present {
		w.m.devices[id] = &history{presence: p, awaiting: playlist.Never}
	}
}

// notice tells of a revision that another store has sent, about as high as what was sent here: a device that was sent nothing above
// that is sent its playlist anew.
func (w *weather) notice() {
	id := deviceName(rapid.IntRange(0, devicesMax-1).Draw(w.t, "device"))
	h, revision := w.m.devices[id], w.m.revisions[id]
	departed := max(1, revision+rapid.SampledFrom([]int64{-1, 0, 1, 100_000}).Draw(w.t, "above"))
	row, outcome := w.s.row, w.s.notice(id, departed)
	switch {
	case h == nil:
		w.s.want(playlist.UnknownDevice, outcome)
	case len(h.commands) > 0 && departed >= revision:
		w.s.want(playlist.Taken, outcome)
		w.m.devices[id] = &history{presence: h.presence, awaiting: playlist.Never}
	case len(h.commands) > 0:
		w.s.want(playlist.Stale, outcome)
	}
	if outcome != playlist.Taken && string(row) != string(w.s.row) {
		w.t.Fatalf("a notice that was %s has changed the row", outcome)
	}
	if h != nil {
		w.m.revisions[id] = max(revision, departed)
	}
}

func (w *weather) ack() {
	id := deviceName(rapid.IntRange(0, devicesMax-1).Draw(w.t, "device"))
	h := w.m.devices[id]
	a := playlist.Ack{
		DeviceID: id, Revision: 1,
		Status:  rapid.SampledFrom([]playlist.Status{playlist.Underway, playlist.Ready, playlist.Ready, playlist.Failed}).Draw(w.t, "status"),
		Missing: rapid.SampledFrom([][]string{nil, nil, {"cr-1"}, {"cr-2", "cr-3"}, {"cr-9"}}).Draw(w.t, "missing"),
	}
	if h == nil || len(h.commands) == 0 {
		outcome := w.s.ack(a)
		if outcome != playlist.UnknownDevice && outcome != playlist.OldAck {
			w.t.Fatalf("an ack of a device that was sent nothing was %s", outcome)
		}
		return
	}
	back := rapid.IntRange(0, min(3, len(h.commands)-1)).Draw(w.t, "back")
	a.Revision = h.commands[len(h.commands)-1-back].Revision + rapid.SampledFrom([]int64{0, 0, 0, 0, 1, -1}).Draw(w.t, "beside")
	outcome := w.s.ack(a)
	newest, _ := h.newest()
	switch {
	case a.Revision > newest.Revision:
		w.s.want(playlist.NeverSent, outcome)
		return
	case a.Revision < h.commands[0].Revision:
		w.s.want(playlist.OldAck, outcome)
		return
	}
	h.acks = append(h.acks, a)
	h.awaiting = w.s.now
	if h.settled() {
		h.awaiting = playlist.Never
	}
}

// repeat publishes something again that was published before: it changes nothing.
func (w *weather) repeat() {
	row := w.s.row
	if len(w.placed) > 0 && rapid.Bool().Draw(w.t, "placement") {
		w.s.want(playlist.Stale, w.s.place(rapid.SampledFrom(w.placed).Draw(w.t, "again")))
	} else if len(w.present) > 0 {
		p := rapid.SampledFrom(w.present).Draw(w.t, "again")
		if w.m.devices[p.DeviceID] == nil { // the store has forgotten it, and trusts the order of its input
			return
		}
		w.s.want(playlist.Stale, w.s.attend(p))
	}
	if string(row) != string(w.s.row) {
		w.t.Fatalf("what was known has changed the row")
	}
}

// check compares what was said with the reckoning.
func (w *weather) check() {
	for id, h := range w.m.devices {
		c, is := h.newest()
		if want := w.m.wanted(h); !is || !slices.Equal(c.Entries, want) {
			w.t.Fatalf("%s has %v; want %v", id, content(c), want)
		}
	}
	for _, id := range []string{"c-1", "c-2", "c-3"} {
		want, got := w.m.readiness(id, w.s.now), w.s.told[id]
		if want.Total == 0 && got.Total == 0 {
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.t.Fatalf("%s at %d: %s", id, w.s.now, diff)
		}
	}
}
