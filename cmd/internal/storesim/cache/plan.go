// Package cache is what a device keeps of the contents: what to fetch and what to throw away (plan.go, pure), and the
// files (store.go).
package cache

import (
	"cmp"
	"slices"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// File is a content that is wanted.
type File struct {
	SHA256 string // 64 lower-case hex digits: its name in the cache
	Bytes  int64
	URL    string
}

// Held is a content in the cache.
type Held struct {
	Bytes int64
	// Used rises with each use: what was not used for longest goes first.
	Used int64
}

// Plan is what to do so that what is wanted gets into the cache.
type Plan struct {
	// Evict goes before anything is fetched. It is never wanted, and no more than what is fetched needs.
	Evict []string
	// Fetch is in the order in which the contents are needed.
	Fetch []File
	// NoRoom is wanted, but does not fit beside what is wanted before it.
	NoRoom []File
}

// Decide plans for a cache of at most limit bytes. wanted is in the order of need; a content that stands there twice
// counts once.
func Decide(wanted []File, held map[string]Held, limit int64) Plan {
	var p Plan
	needed := make(map[string]bool, len(wanted))
	room := limit
	for _, f := range wanted {
		if h, is := held[f.SHA256]; is && !needed[f.SHA256] {
			room -= h.Bytes
			needed[f.SHA256] = true
		}
	}
	seen := make(map[string]bool, len(wanted))
	for _, f := range wanted {
		if needed[f.SHA256] || seen[f.SHA256] {
			continue
		}
		seen[f.SHA256] = true
		if f.Bytes > room {
			p.NoRoom = append(p.NoRoom, f)
			continue
		}
		room -= f.Bytes
		p.Fetch = append(p.Fetch, f)
	}
	p.Evict = evictions(held, needed, room)
	return p
}

// evictions returns what of the contents that nobody needs has to go; room is what is left without any of them.
func evictions(held map[string]Held, needed map[string]bool, room int64) []string {
	var spare []string
	for sha := range held {
		if !needed[sha] {
			spare = append(spare, sha)
		}
	}
	slices.SortFunc(spare, func(a, b string) int { // the last used first
		return cmp.Or(cmp.Compare(held[b].Used, held[a].Used), cmp.Compare(a, b))
	})
	var evicted []string
	for _, sha := range spare {
		if held[sha].Bytes > room {
			evicted = append(evicted, sha)
			continue
		}
		room -= held[sha].Bytes
	}
	return evicted
}

// Wanted returns the contents of the entries whose window is not over at now, in the order of the playlist.
func Wanted(entries []schemas.PlaylistEntry, now schemas.Instant) []File {
	var files []File
	for i := range entries {
		e := &entries[i]
		if e.EndsAt > now {
			files = append(files, File{SHA256: e.SHA256, Bytes: e.Bytes, URL: e.URL})
		}
	}
	return files
}
