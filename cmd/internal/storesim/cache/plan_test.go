package cache_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/cache"
	"github.com/rmn-arms/campaign-engine/schemas"
)

func files(names string) (all []cache.File) {
	for _, name := range names {
		all = append(all, cache.File{SHA256: string(name), Bytes: 10})
	}
	return all
}

func held(names string) map[string]cache.Held {
	all := map[string]cache.Held{}
	for i, name := range names {
		all[string(name)] = cache.Held{Bytes: 10, Used: int64(i)}
	}
	return all
}

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		name, wanted, held    string
		limit                 int64
		fetch, noRoom, evicts string
	}{
		{"empty", "", "", 0, "", "", ""},
		{"all there", "ab", "ab", 20, "", "", ""},
		{"one lacks", "ab", "a", 20, "b", "", ""},
		{"nothing is evicted without need", "ab", "axy", 40, "b", "", ""},
		{"the one not used for longest goes", "ab", "axy", 30, "b", "", "x"},
		{"twice", "bb", "", 10, "b", "", ""},
		{"what is needed stays", "ab", "b", 10, "", "a", ""},
		{"full", "abc", "x", 25, "ab", "c", "x"},
		{"the disk has shrunk", "a", "ax", 15, "", "", "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := cache.Decide(files(c.wanted), held(c.held), c.limit)
			want := cache.Plan{Fetch: files(c.fetch), NoRoom: files(c.noRoom)}
			for _, name := range c.evicts {
				want.Evict = append(want.Evict, string(name))
			}
			if !reflect.DeepEqual(p, want) {
				t.Errorf("got  %+v\nwant %+v", p, want)
			}
		})
	}
}

func TestWhatIsOverIsNotWanted(t *testing.T) {
	entries := []schemas.PlaylistEntry{{SHA256: "a", EndsAt: 9}, {SHA256: "b", EndsAt: 10}, {SHA256: "c", Bytes: 3, URL: "u", EndsAt: 11}}
	want := []cache.File{{SHA256: "c", Bytes: 3, URL: "u"}}
	if got := cache.Wanted(entries, 10); !reflect.DeepEqual(got, want) {
		t.Errorf("wanted: %+v", got)
	}
}

// Carrying out any plan keeps to the limit, throws nothing away that is wanted, and fetches each content once or says that
// there is no room for it; planning again then changes nothing.
func TestPlansHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.Int64Range(1, 50), 12, 12).Draw(t, "sizes")
		limit := rapid.Int64Range(0, 400).Draw(t, "limit")
		var wanted []cache.File
		for _, n := range rapid.SliceOf(rapid.IntRange(0, 11)).Draw(t, "wanted") {
			wanted = append(wanted, cache.File{SHA256: fmt.Sprint(n), Bytes: sizes[n]})
		}
		kept, total := map[string]cache.Held{}, int64(0)
		for _, n := range rapid.SliceOfDistinct(rapid.IntRange(0, 11), rapid.ID).Draw(t, "held") {
			if total += sizes[n]; total <= limit {
				kept[fmt.Sprint(n)] = cache.Held{Bytes: sizes[n], Used: rapid.Int64Range(0, 3).Draw(t, "used")}
			}
		}
		p := cache.Decide(wanted, kept, limit)
		after := maps.Clone(kept)
		for _, sha := range p.Evict {
			if slices.ContainsFunc(wanted, func(f cache.File) bool { return f.SHA256 == sha }) {
				t.Fatalf("%s is wanted and evicted", sha)
			}
			delete(after, sha)
		}
		for _, f := range p.Fetch {
			if _, is := after[f.SHA256]; is {
				t.Fatalf("%s is fetched though it is there", f.SHA256)
			}
			after[f.SHA256] = cache.Held{Bytes: f.Bytes}
		}
		sum := int64(0)
		for _, h := range after {
			sum += h.Bytes
		}
		if sum > limit {
			t.Fatalf("%d bytes are kept of at most %d", sum, limit)
		}
		for _, f := range wanted {
			_, is := after[f.SHA256]
			noRoom := slices.ContainsFunc(p.NoRoom, func(n cache.File) bool { return n.SHA256 == f.SHA256 })
			if is == noRoom {
				t.Fatalf("%s is there: %v, has no room: %v", f.SHA256, is, noRoom)
			}
		}
		if len(p.Fetch) == 0 && len(p.Evict) > 0 {
			t.Fatalf("%v is evicted for nothing", p.Evict)
		}
		again := cache.Decide(wanted, after, limit)
		if len(again.Fetch) > 0 || len(again.Evict) > 0 {
			t.Fatalf("planned again: %+v", again)
		}
	})
}
