package engine

import (
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// The engine's decisions are functions over plain data; they are tested here without a broker.

func TestPace(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		name       string
		interval   time.Duration
		lastCommit time.Duration
		openedAt   time.Duration
		behind     bool
		want       time.Duration
	}{
		{"the first transaction is committed at once", 20 * ms, 0, 500 * ms, false, 500 * ms},
		{"after a lull too", 20 * ms, 100 * ms, 500 * ms, false, 500 * ms},
		{"under load an interval after the last", 20 * ms, 499 * ms, 500 * ms, false, 519 * ms},
		{"exactly at its end", 20 * ms, 480 * ms, 500 * ms, false, 500 * ms},
		{"every batch", -1, 499 * ms, 500 * ms, false, 500 * ms},
		{"behind: in larger steps", 20 * ms, 499 * ms, 500 * ms, true, 750 * ms},
		{"behind, with a long interval", 400 * ms, 499 * ms, 500 * ms, true, 899 * ms},
		{"behind, and yet every batch", -1, 499 * ms, 500 * ms, true, 500 * ms},
	} {
		p := pace{interval: c.interval}
		p.committed(c.lastCommit)
		at := p.commitAt(load{open: true, openedAt: c.openedAt}, c.behind)
		if at != c.want {
			t.Errorf("%s: at %s, not %s", c.name, at, c.want)
		}
		longest := c.interval
		if c.behind {
			longest = max(longest, behindMax)
		}
		if c.interval > 0 && at-c.openedAt > longest {
			t.Errorf("%s: the transaction is open for %s", c.name, at-c.openedAt)
		}
	}
	p := pace{timersMax: 10, recordsMax: 20}
	for _, c := range []struct {
		load load
		full bool
	}{
		{load{}, false}, {load{timers: 9, records: 19}, false}, {load{timers: 10}, true}, {load{records: 20}, true},
		{load{timers: 11, records: 21}, true}, {load{timers: 1, bytes: bytesMax - 1}, false}, {load{timers: 1, bytes: bytesMax}, true},
	} {
		if p.full(c.load) != c.full {
			t.Errorf("full(%+v) is not %t", c.load, c.full)
		}
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	at := positions{"input": {0: 10, 1: 5}, "loop": {0: 3}}
	for _, c := range []struct {
		name      string
		ends      map[string]int64
		partition int32
		want      bool
	}{
		{"unread", map[string]int64{"input": 11}, 0, false},
		{"read", map[string]int64{"input": 10}, 0, true},
		{"read by another partition only", map[string]int64{"input": 10}, 1, false},
		{"the loop unread", map[string]int64{"input": 10, "loop": 4}, 0, false},
		{"all read", map[string]int64{"input": 10, "loop": 3}, 0, true},
		{"empty inputs", map[string]int64{"input": 0, "loop": 0}, 7, true},
		{"no inputs", nil, 0, true},
	} {
		if got := (&gate{ends: c.ends}).reached(at, c.partition, []string{"input", "loop"}); got != c.want {
			t.Errorf("%s: reached %t", c.name, got)
		}
	}
}

// While what goes first is read where a stray lies, the stray comes nearer.
func TestStraysComeNearer(t *testing.T) {
	t.Parallel()
	s := strays{0: {"plays": {1: 10, 2: 10}}, 3: {"plays": {1: 20}}}
	before := s.sum(positions{"plays": {0: 5, 1: 5}, "transitions": {1: 100}})
	for name, c := range map[string]struct {
		at   positions
		want bool
	}{
		"nothing":                       {positions{"plays": {0: 5, 1: 5}, "transitions": {1: 100}}, false},
		"the input in which they lie":   {positions{"plays": {0: 5, 1: 6}, "transitions": {1: 100}}, true},
		"the one that goes first":       {positions{"plays": {0: 5, 1: 5}, "transitions": {1: 101}}, true},
		"a partition that has none":     {positions{"plays": {0: 50, 1: 5}, "transitions": {0: 9, 1: 100}}, false},
		"another partition that has it": {positions{"plays": {0: 5, 1: 5}, "transitions": {1: 100, 2: 1}}, true},
	} {
		if got := s.sum(c.at) > before; got != c.want {
			t.Errorf("%s is read: nearer %t", name, got)
		}
	}
}

func TestDuePrefix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		row  []byte
		want instant.Instant
	}{
		{nil, never}, {[]byte{}, never}, {[]byte{0, 0, 0, 0, 0, 0, 0}, never},
		{[]byte{0, 0, 0, 0, 0, 0, 1, 2}, 258}, {append([]byte{0, 0, 0, 0, 0, 0, 1, 2}, "more"...), 258},
		{[]byte{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, never},
	} {
		if got := DuePrefix(c.row); got != c.want {
			t.Errorf("DuePrefix(%x) = %d, not %d", c.row, got, c.want)
		}
	}
}

func TestTimerCodec(t *testing.T) {
	t.Parallel()
	for _, at := range []instant.Instant{0, 1, instant.Max, never, -1} {
		data, err := TimerCodec{}.Encode(at)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := (TimerCodec{}).Decode(data); err != nil || back != at {
			t.Errorf("%d came back as %v: %v", at, back, err)
		}
	}
	if _, err := (TimerCodec{}).Encode("soon"); err == nil {
		t.Error("a text was encoded")
	}
	if _, err := (TimerCodec{}).Decode([]byte("soon")); err == nil {
		t.Error("4 bytes were decoded")
	}
}

// Parts lie apart from rows and from each other, whatever their names.
func TestPartKey(t *testing.T) {
	t.Parallel()
	seen := map[string][2]string{}
	for _, key := range []string{"a", "a.b", "ab", "b"} {
		if isPart(key) {
			t.Errorf("%q is taken for a part", key)
		}
		for _, part := range []string{"", "a", "b", "ab", "b\x00a"} {
			name := PartKey(key, part)
			if other, taken := seen[name]; taken {
				t.Errorf("part %q of %q lies where part %q of %q does", part, key, other[1], other[0])
			}
			seen[name] = [2]string{key, part}
			if !isPart(name) {
				t.Errorf("%q is not taken for a part", name)
			}
		}
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	none := func(goka.Context, any) {}
	s := shapeOf(goka.DefineGroup("g", goka.Input("in", new(codec.Bytes), none), goka.Loop(new(codec.Bytes), none),
		OnTimer("g", none), goka.Output("out", new(codec.Bytes)), goka.Persist(new(codec.Bytes)), goka.Join("j", new(codec.Bytes))))
	for topic, own := range map[string]bool{
		"in": true, "out": true, "g-table": true, "g-loop": true, offsetsTopic: true, "g-timers": false, "j": false, "": false, "o": false,
	} {
		if s.owns(topic) != own {
			t.Errorf("owns(%q) is not %t", topic, own)
		}
	}
	if len(s.streams) != 2 || len(s.claimed()) != 3 || !s.timers || s.table != "g-table" || s.loop != "g-loop" {
		t.Errorf("%+v", s)
	}
	if plain := shapeOf(goka.DefineGroup("g", goka.Input("in", new(codec.Bytes), none))); plain.owns("") || plain.timers || plain.table != "" {
		t.Errorf("%+v", plain)
	}
}

func TestHeadway(t *testing.T) {
	t.Parallel()
	const patience = 30 * time.Second
	h := newHeadway(0)
	for _, c := range []struct {
		at      time.Duration
		what    string
		reached int64
		lost    bool
	}{
		{10 * time.Second, "input", 5, false},
		{39 * time.Second, "input", 5, false},
		{40 * time.Second, "input", 5, true},
		{41 * time.Second, "input", 6, false},
		{60 * time.Second, "input", 1, false}, // begun anew
		{71 * time.Second, "input", 6, true},
		{72 * time.Second, "group", 1, false},
		{102 * time.Second, "input", 6, true},
	} {
		h.note(c.what, c.reached, c.at)
		if lost := h.lost(c.at, patience); lost != c.lost {
			t.Errorf("%s at %d after %s: lost %t", c.what, c.reached, c.at, lost)
		}
	}
}
