package playlist_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
)

// sampleShop is a store in which there is some of everything.
func sampleShop(t fataler) *shop {
	s := newShop(t)
	s.join("d-1", "d-2", "d-3")
	s.attend(playlist.Presence{DeviceID: "d-4", At: 1, Present: true, Says: true, MIME: []string{"video/mp4", "image/png"}})
	one := campaign("c-1", 1, 1, "cr-1", "cr-2:image/png")
	s.place(one)
	s.place(campaign("c-2", 1, 1, "cr-3"))
	s.rest()
	s.says("d-1", playlist.Ready)
	s.want(playlist.Taken, s.ack(playlist.Ack{
		DeviceID: "d-2", Revision: s.newest("d-2").Revision, Status: playlist.Failed, Missing: []string{"cr-1"}, Word: "disk-full",
	}))
	s.place(removal(one, 2))
	s.rest()
	s.leave("d-3")
	return s
}

func FuzzStore(f *testing.F) {
	f.Add(sampleShop(f).row)
	f.Add(playlist.New().AppendBinary(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := playlist.New()
		if err := s.UnmarshalBinary(data); err != nil {
			if !errors.Is(err, playlist.ErrStore) {
				t.Fatal(err)
			}
			return
		}
		if again := s.AppendBinary(nil); !bytes.Equal(again, data) {
			t.Fatalf("%x is read and written as %x", data, again)
		}
	})
}

// FuzzParts runs a store over any bytes as a part: it may fail, and does not panic.
func FuzzParts(f *testing.F) {
	s := sampleShop(f)
	for _, name := range []string{"i", "c/c-2", "d/d-1", "d/d-2"} {
		f.Add(name, s.parts[name])
	}
	f.Fuzz(func(t *testing.T, name string, part []byte) {
		s := sampleShop(t)
		s.parts.SetPart(name, part)
		store := s.store()
		p, gone := campaign("c-3", 1, 1, "cr-1"), playlist.Presence{DeviceID: "d-2", At: s.now + 1}
		at := playlist.Origin{Position: playlist.Position{Offset: 1 << 40}, Timestamp: s.now}
		_, _ = store.Place(s.parts, &p, at, s.now)
		_, _ = store.Hear(s.parts, &playlist.Ack{DeviceID: "d-1", Revision: 1}, at.Position, s.now)
		_, _ = store.Attend(s.parts, &gone, at, s.now)
		notice := playlist.Presence{DeviceID: "d-1", At: s.now, Present: true, Departed: int64(s.now), Notice: true}
		_, _ = store.Attend(s.parts, &notice, at, s.now)
		for _, pause := range []instant.Millis{second, hour, 100 * day} {
			_, _ = store.Fire(s.parts, "s-1", s.now.Add(pause))
		}
	})
}

func FuzzRecords(f *testing.F) {
	p := campaign("c-1", 1, 1, "cr-1", "cr-2")
	f.Add(p.AppendBinary(nil))
	presence := playlist.Presence{DeviceID: "d-1", At: 7, Present: true, Says: true, MIME: []string{"video/mp4"}}
	f.Add(presence.AppendBinary(nil))
	presence.Departed, presence.Notice = 1_796_000_000_000, true
	f.Add(presence.AppendBinary(nil))
	departure := playlist.Departure{DeviceID: "d-1", StoreID: "s-1", Revision: 1_796_000_000_000}
	f.Add(departure.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		var placement playlist.Placement
		if placement.UnmarshalBinary(data) == nil && !bytes.Equal(placement.AppendBinary(nil), data) {
			t.Fatalf("%x is read and written as another", data)
		}
		var departure playlist.Departure
		if departure.UnmarshalBinary(data) == nil && !bytes.Equal(departure.AppendBinary(nil), data) {
			t.Fatalf("%x is read and written as another", data)
		}
		var presence playlist.Presence
		if presence.UnmarshalBinary(data) == nil && !bytes.Equal(presence.AppendBinary(nil), data) {
			t.Fatalf("%x is read and written as another", data)
		}
	})
}

// TestPresencesOfBefore: those that were written before stores told of departures are read, and one that has none is written so.
func TestPresencesOfBefore(t *testing.T) {
	before, err := hex.DecodeString("0103642d310e01010109766964656f2f6d7034")
	if err != nil {
		t.Fatal(err)
	}
	want := playlist.Presence{DeviceID: "d-1", At: 7, Present: true, Says: true, MIME: []string{"video/mp4"}}
	var read playlist.Presence
	if err := read.UnmarshalBinary(before); err != nil || !reflect.DeepEqual(read, want) {
		t.Errorf("%+v, %v; want %+v", read, err, want)
	}
	if again := want.AppendBinary(nil); !bytes.Equal(again, before) {
		t.Errorf("it is written as %x", again)
	}
	want.Departed, want.Notice = 300, true
	if err := read.UnmarshalBinary(want.AppendBinary(nil)); err != nil || !reflect.DeepEqual(read, want) {
		t.Errorf("%+v, %v; want %+v", read, err, want)
	}
}
