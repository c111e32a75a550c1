package device_test

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/device"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
)

// TestDepartures: the store where a device is now is told of each departure with a higher revision than was known, and whatever
// store it comes to after that with its registration.
func TestDepartures(t *testing.T) {
	var row device.Row
	event := func(e device.Event) []device.Telling {
		_, told := row.Apply(e)
		return told
	}
	departs := func(revision int64) []device.Telling {
		risen, told := row.Depart(&playlist.Departure{DeviceID: "d-1", StoreID: "s-1", Revision: revision})
		if risen != (row.Departed == revision) || !risen && told != nil {
			t.Errorf("departed with %d, after %d: risen is %v, told %+v", revision, row.Departed, risen, told)
		}
		return told
	}
	for _, step := range []struct {
		what string
		told []device.Telling
		want string
	}{
		{"nobody knows it", departs(100), ""},
		{"it is registered", event(registered("s-1", 1)), "+s-1 100"},
		{"it moves", event(registered("s-2", 2)), "-s-1 0, +s-2 100"},
		{"lower", departs(99), ""},
		{"higher", departs(300), "!s-2 300"},
		{"it is removed", event(removed("s-2", 3)), "-s-2 0"},
		{"in no store", departs(400), ""},
		{"it is back", event(registered("s-1", 4)), "+s-1 400"},
		{"it is wiped", event(registered("s-1", 5)), "+s-1 400"},
	} {
		if got := spell(step.told); got != step.want {
			t.Errorf("%s: told %q; want %q", step.what, got, step.want)
		}
	}
	if risen, told := row.Depart(&playlist.Departure{DeviceID: "d-1", StoreID: "s-2", Revision: 400}); risen || told != nil {
		t.Errorf("the same again: risen is %v, told %+v", risen, told)
	}
}

// spell says of each telling which store hears of what, and of which departure.
func spell(told []device.Telling) string {
	var words []string
	for _, t := range told {
		sign := "-"
		switch p := &t.Presence; {
		case p.Notice:
			sign = "!"
		case p.Present:
			sign = "+"
		}
		words = append(words, fmt.Sprint(sign, t.StoreID, " ", t.Presence.Departed))
	}
	return strings.Join(words, ", ")
}

// TestRowsOfBefore: those that were written before there were departures are read, and one without is written so.
func TestRowsOfBefore(t *testing.T) {
	before, err := hex.DecodeString("01010e03732d310103732d3212")
	if err != nil {
		t.Fatal(err)
	}
	var row device.Row
	if err := row.UnmarshalBinary(before); err != nil {
		t.Fatal(err)
	}
	if again := row.AppendBinary(nil); !slices.Equal(again, before) {
		t.Errorf("it is written as %x", again)
	}
	if store, is := row.In(); !is || store != "s-1" || row.At != 7 || len(row.Removals) != 1 || row.Departed != 0 {
		t.Errorf("it is read as %+v", row)
	}
	row.Departed = 300
	var read device.Row
	if err := read.UnmarshalBinary(row.AppendBinary(nil)); err != nil || fmt.Sprint(read) != fmt.Sprint(row) {
		t.Errorf("%+v is read as %+v: %v", row, read, err)
	}
}

// TestTheStoreWhereADeviceIsHasTheNewestPlaylist: a device moves, and campaigns come, while stores and devices read what concerns
// them in any order that the topics leave open. When all is read, the newest command of all is of the store where it is.
func TestTheStoreWhereADeviceIsHasTheNewestPlaylist(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := newNetwork(t)
		for range rapid.IntRange(10, 80).Draw(t, "steps") {
			n.step()
		}
		n.drain()
		store, is := n.row.In()
		if !is {
			return
		}
		here := n.stores[store]
		for name, other := range n.stores {
			if name != store && other.highest >= here.newest {
				t.Fatalf("it is in %s, which has sent revision %d last; %s has sent %d", store, here.newest, name, other.highest)
			}
		}
	})
}

// network is a device, and stores that read each its inputs, in their order but for what one topic is ahead of another.
type network struct {
	t          *rapid.T
	row        device.Row
	departures []playlist.Departure
	// past are the events, and gone the departures, that the device's row has read.
	past   []device.Event
	gone   []playlist.Departure
	stores map[string]*shop
	at     instant.Instant // of the device's newest event
	now    instant.Instant
	offset int64
}

type shop struct {
	store           *playlist.Store
	parts           parts
	presences       []playlist.Presence
	placements      []playlist.Placement
	behind          instant.Millis // of its clock, behind the others'
	newest, highest int64          // revisions that it has sent
}

type parts map[string][]byte

func (p parts) Part(name string) []byte { return p[name] }

func (p parts) SetPart(name string, value []byte) {
	if p[name] = value; value == nil {
		delete(p, name)
	}
}

func newNetwork(t *rapid.T) *network {
	n := &network{t: t, stores: map[string]*shop{}, now: 1_796_000_000_000}
	for _, name := range []string{"s-1", "s-2", "s-3"} {
		behind := instant.Millis(rapid.Int64Range(0, 5000).Draw(t, "behind"))
		n.stores[name] = &shop{store: playlist.New(), parts: parts{}, behind: behind}
	}
	return n
}

func (n *network) shop() (*shop, string) {
	name := rapid.SampledFrom([]string{"s-1", "s-2", "s-3"}).Draw(n.t, "store")
	return n.stores[name], name
}

func (n *network) step() {
	switch shop, name := n.shop(); rapid.IntRange(0, 11).Draw(n.t, "what") {
	case 0, 1:
		n.at++
		n.apply(registered(name, n.at))
	case 2:
		n.at++
		n.apply(removed(name, n.at))
	case 11:
		n.rebuild()
	case 3:
		n.offset++
		p := playlist.Placement{
			CampaignID: fmt.Sprint("c-", n.offset), Sequence: 1, Revision: 1, Placed: true, StartsAt: n.now, EndsAt: n.now.Add(1 << 40),
			Creatives: []playlist.Creative{{ID: "cr", Version: 1, MIME: "video/mp4"}},
		}
		shop.placements = append(shop.placements, p)
	case 4, 5, 6:
		n.attend(shop)
	case 7:
		n.place(shop)
	case 8, 9:
		n.now = n.now.Add(instant.Millis(rapid.Int64Range(0, 600).Draw(n.t, "ms")))
		n.fire(shop, name)
	case 10:
		n.depart()
	}
}

func (n *network) apply(e device.Event) {
	_, telling := n.row.Apply(e)
	n.past = append(n.past, e)
	n.tell(telling)
}

// rebuild has the row lost, and its topics read from the beginning: departures that nobody had read before some that had been, and
// those before events, or behind them.
func (n *network) rebuild() {
	n.row = device.Row{}
	events := n.past
	n.departures, n.gone, n.past = append(n.gone, n.departures...), nil, nil
	for len(events) > 0 {
		if rapid.Bool().Draw(n.t, "a departure before the next event") {
			n.depart()
		}
		n.apply(events[0])
		events = events[1:]
	}
}

func (n *network) tell(telling []device.Telling) {
	n.row = survived(n.t, n.row)
	for _, t := range telling {
		n.stores[t.StoreID].presences = append(n.stores[t.StoreID].presences, t.Presence)
	}
}

func (n *network) origin(s *shop) playlist.Origin {
	n.offset++
	return playlist.Origin{Position: playlist.Position{Offset: n.offset}, Timestamp: n.now.Add(-s.behind)}
}

func (n *network) attend(s *shop) {
	if len(s.presences) == 0 {
		return
	}
	if _, err := s.store.Attend(s.parts, &s.presences[0], n.origin(s), n.now); err != nil {
		n.t.Fatal(err)
	}
	s.presences = s.presences[1:]
}

func (n *network) place(s *shop) {
	if len(s.placements) == 0 {
		return
	}
	if _, err := s.store.Place(s.parts, &s.placements[0], n.origin(s), n.now); err != nil {
		n.t.Fatal(err)
	}
	s.placements = s.placements[1:]
}

func (n *network) fire(s *shop, name string) {
	fired, err := s.store.Fire(s.parts, name, n.now)
	if err != nil {
		n.t.Fatal(err)
	}
	for _, c := range fired.Commands {
		if c.Attempt == 1 && c.Revision <= s.newest {
			n.t.Fatalf("%s has sent revision %d after %d", name, c.Revision, s.newest)
		}
		s.newest, s.highest = c.Revision, max(s.highest, c.Revision)
	}
	n.departures = append(n.departures, fired.Departures...)
}

// depart has the device's row read any of the departures: they lie in the partitions of their stores' processes for a while.
func (n *network) depart() {
	if len(n.departures) == 0 {
		return
	}
	i := rapid.IntRange(0, len(n.departures)-1).Draw(n.t, "departure")
	_, telling := n.row.Depart(&n.departures[i])
	n.gone = append(n.gone, n.departures[i])
	n.departures = slices.Delete(n.departures, i, i+1)
	n.tell(telling)
}

// drain lets all be read, and all be sent.
func (n *network) drain() {
	for quiet := 0; quiet < 2; quiet++ {
		n.now = n.now.Add(playlist.Coalesce)
		for name, s := range n.stores {
			for len(s.presences)+len(s.placements) > 0 {
				n.attend(s)
				n.place(s)
				quiet = 0
			}
			n.fire(s, name)
		}
		for len(n.departures) > 0 {
			n.depart()
			quiet = 0
		}
	}
}
