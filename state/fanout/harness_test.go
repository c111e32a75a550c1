package fanout_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rmn-arms/campaign-engine/state/fanout"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
)

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// parts keeps parts in memory, as the engine's table does, and the bytes that were written since they were counted.
type parts struct {
	kept    map[string][]byte
	written int
}

func (p *parts) Part(name string) []byte { return p.kept[name] }

func (p *parts) SetPart(name string, value []byte) {
	p.written += len(name) + len(value)
	if value == nil {
		delete(p.kept, name)
		return
	}
	p.kept[name] = value
}

// world is a campaign as the group keeps it, in bytes between two callbacks, and the stores that are told of it.
type world struct {
	t      fataler
	row    []byte
	parts  parts
	loop   []fanout.Walk // records to come
	passed []fanout.Walk // those that were read
	stores map[string]playlist.Placement
	told   int
	// What the model wants: nothing where placed is false.
	sequence    int64
	distributed bool
	placed      bool
	placement   playlist.Placement
	targets     map[string]bool
}

func newWorld(t fataler) *world {
	return &world{t: t, parts: parts{kept: map[string][]byte{}}, stores: map[string]playlist.Placement{}}
}

// read returns the row, having checked that it is written as it was read.
func (w *world) read() *fanout.Row {
	w.t.Helper()
	row := &fanout.Row{}
	if w.row == nil {
		return row
	}
	if err := row.UnmarshalBinary(w.row); err != nil {
		w.t.Fatalf("%v: %x", err, w.row)
	}
	if again := row.AppendBinary(nil); string(again) != string(w.row) {
		w.t.Fatalf("a row is read and written as another:\n%x\n%x", w.row, again)
	}
	return row
}

// apply applies a change as the next one, and makes the first step of what follows from it.
func (w *world) apply(c fanout.Change) {
	w.t.Helper()
	w.sequence++
	c.Sequence = w.sequence
	row := w.read()
	if again, err := row.Apply(&w.parts, &c); again || err != nil {
		w.t.Fatalf("applying %d: again %v, %v", c.Sequence, again, err)
	}
	w.distributed = !c.Over && (w.distributed || c.Distributes)
	if w.placed = w.distributed && c.Live; w.placed {
		w.placement, w.targets = c.Placement, make(map[string]bool)
		for _, store := range c.Stores {
			w.targets[store] = true
		}
	}
	w.step(row)
}

// next reads the oldest record of the loop, if there is one.
func (w *world) next() bool {
	w.t.Helper()
	if len(w.loop) == 0 {
		return false
	}
	record := w.loop[0]
	w.loop = w.loop[1:]
	w.passed = append(w.passed, record)
	w.deliver(record)
	return true
}

// deliver reads a record of the loop.
func (w *world) deliver(record fanout.Walk) {
	w.t.Helper()
	row := w.read()
	if record != row.Walk {
		return
	}
	w.parts.written = 0
	w.step(row)
	if limit := 8*40<<10 + 1000; w.parts.written > limit {
		w.t.Fatalf("a step wrote %d bytes into parts, more than %d", w.parts.written, limit)
	}
}

// step makes a step, tells the stores, and has the walk go on.
func (w *world) step(row *fanout.Row) {
	w.t.Helper()
	told, err := row.Step(&w.parts)
	if err != nil {
		w.t.Fatalf("stepping: %v", err)
	}
	size := 0
	for _, telling := range told {
		size += len(telling.StoreID) + len(telling.Placement.AppendBinary(nil))
		w.tell(telling)
	}
	if len(told) > fanout.StepRecordsMax || len(told) > 1 && size > fanout.StepBytesMax {
		w.t.Fatalf("a step told %d records of %d bytes", len(told), size)
	}
	w.row = row.AppendBinary(nil)
	if row.Walk.Under() {
		if slices.Contains(w.loop, row.Walk) {
			w.t.Fatalf("two records go on with %v", row.Walk)
		}
		w.loop = append(w.loop, row.Walk)
	}
}

// tell checks that a store is told something that is newer, and other.
func (w *world) tell(telling fanout.Telling) {
	w.t.Helper()
	w.told++
	p, before := *telling.Placement, w.stores[telling.StoreID]
	switch {
	case p.Sequence <= before.Sequence:
		w.t.Fatalf("%s is told %d after %d", telling.StoreID, p.Sequence, before.Sequence)
	case !p.Placed && !before.Placed:
		w.t.Fatalf("%s is told to remove what it does not have", telling.StoreID)
	case p.Placed && before.Placed && sameContent(p, before):
		w.t.Fatalf("%s is told what it has: %v", telling.StoreID, p)
	case !p.Placed && p.Creatives != nil:
		w.t.Fatalf("%s is told to remove with creatives", telling.StoreID)
	case p.CampaignID != "c-1" || p.EndsAt == 0:
		w.t.Fatalf("%s is told of %v", telling.StoreID, p)
	}
	w.stores[telling.StoreID] = p
}

func sameContent(a, b playlist.Placement) bool {
	return a.StartsAt == b.StartsAt && a.EndsAt == b.EndsAt && slices.Equal(a.Creatives, b.Creatives)
}

// rest has all steps run.
func (w *world) rest() {
	w.t.Helper()
	for w.next() {
	}
}

// check holds the stores against the model, when all steps have run.
func (w *world) check() {
	w.t.Helper()
	for store := range w.targets {
		if p := w.stores[store]; w.placed && !(p.Placed && sameContent(p, w.placement)) {
			w.t.Fatalf("%s has %v, not %v", store, p, w.placement)
		}
	}
	for store, p := range w.stores {
		if p.Placed && !(w.placed && w.targets[store]) {
			w.t.Fatalf("%s still has %v", store, p)
		}
	}
	row := w.read()
	if row.Walk.Under() {
		w.t.Fatalf("a walk is under way, and nothing goes on with it: %v", row)
	}
	if !w.placed && (len(w.parts.kept) > 0 || *row != fanout.Row{Sequence: w.sequence, Distributed: w.distributed}) {
		w.t.Fatalf("nothing is placed, and this is left: %v, %v", row, slices.Sorted(maps.Keys(w.parts.kept)))
	}
}

// placement is what stores get: so many creatives, in a version.
func placement(version int64, creatives int, ends instant.Instant) playlist.Placement {
	p := playlist.Placement{CampaignID: "c-1", Revision: version, StartsAt: 1, EndsAt: ends}
	for i := range creatives {
		p.Creatives = append(p.Creatives, playlist.Creative{
			ID: fmt.Sprintf("cr-%d", i), Version: version, URL: "https://cdn.example/" + fmt.Sprint(i), SHA256: "ab", Bytes: 1,
			MIME: "video/mp4", DurationMs: 15000,
		})
	}
	return p
}

// stores returns the stores from one number to another.
func stores(from, to int) []string {
	ids := make([]string, 0, max(0, to-from))
	for i := from; i < to; i++ {
		ids = append(ids, fmt.Sprintf("s-%d", i))
	}
	return ids
}
