package link_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/link"
)

func record(key string, offset int64) link.Record {
	return link.Record{Record: fault.Record{Key: key}, Offset: offset}
}

func TestNobodyGetsAnythingBeforeAllWasRead(t *testing.T) {
	var news []string
	s := link.NewShelf(func(id string) { news = append(news, id) })
	s.Put(record("d-1", 0))
	if got, next := s.Since("d-1", 0); len(got) != 0 || next != 0 || len(news) != 0 {
		t.Errorf("%v, %d, %v", got, next, news)
	}
	s.Ready()
	s.Ready()
	s.Put(record("d-2", 1))
	if got, next := s.Since("d-1", 0); len(got) != 1 || next != 2 || !slices.Equal(news, []string{"", "d-2"}) {
		t.Errorf("%v, %d, %v", got, next, news)
	}
}

// A device that takes what is new whenever it likes gets each of its records once, in order, and the newest always, also
// when it begins again; and the shelf does not grow.
func TestADeviceGetsItsRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := link.NewShelf(func(string) {})
		s.Ready()
		next, newest := int64(0), int64(-1)
		var got []int64
		for offset := range int64(rapid.IntRange(0, 60).Draw(t, "records")) {
			key := rapid.SampledFrom([]string{"d-1", "d-2"}).Draw(t, "key")
			if key == "d-1" {
				newest = offset
			}
			s.Put(record(key, offset))
			s.Put(record(key, max(offset-1, 0))) // read twice
			if rapid.Bool().Draw(t, "takes") {
				var records []link.Record
				records, next = s.Since("d-1", next)
				for _, r := range records {
					got = append(got, r.Offset)
				}
			}
			again, _ := s.Since("d-1", next)
			for _, r := range again {
				if r.Key != "d-1" || len(got) > 0 && r.Offset <= got[len(got)-1] {
					t.Fatalf("got %v, and now %+v", got, r)
				}
			}
		}
		all, _ := s.Since("d-1", 0)
		if newest >= 0 && (len(all) == 0 || all[len(all)-1].Offset != newest) {
			t.Fatalf("the newest is %d, on the shelf are %v", newest, all)
		}
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Fatalf("got %v", got)
		}
	})
}

func TestAShelfDoesNotGrow(t *testing.T) {
	s := link.NewShelf(func(string) {})
	s.Ready()
	for offset := range int64(1000) {
		s.Put(record("d-1", offset))
	}
	if all, _ := s.Since("d-1", 0); len(all) != 256 || all[255].Offset != 999 {
		t.Errorf("%d records that nobody has taken are kept", len(all))
	}
	s.Put(record("d-1", 1000))
	if all, _ := s.Since("d-1", 0); len(all) != 8 || all[7].Offset != 1000 {
		t.Errorf("%d records that were taken are kept", len(all))
	}
}
