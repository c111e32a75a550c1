package player_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/player"
	"github.com/rmn-arms/campaign-engine/schemas"
)

func entry(campaign string, starts, ends schemas.Instant, lasts int64) schemas.PlaylistEntry {
	return schemas.PlaylistEntry{
		CampaignID: campaign, CreativeID: campaign + "-cr", Version: 1, SHA256: campaign, DurationMs: lasts, StartsAt: starts, EndsAt: ends,
	}
}

func all(string) bool { return true }

func TestNext(t *testing.T) {
	a, b := entry("a", 1000, 5000, 1000), entry("b", 1000, 9000, 1000)
	list := func(entries ...schemas.PlaylistEntry) player.Playlist {
		return player.Playlist{Entries: entries, ValidUntil: 9000}
	}
	lastA := player.PlaceOf(&a)
	for _, c := range []struct {
		name  string
		list  player.Playlist
		held  func(string) bool
		last  player.Place
		now   schemas.Instant
		start string
		wake  schemas.Instant
	}{
		{"nothing to play", list(), all, player.Place{}, 0, "", player.Never},
		{"before the start", list(a), all, player.Place{}, 999, "", 1000},
		{"at the start", list(a), all, player.Place{}, 1000, "a", player.Never},
		{"it would end at the end", list(a), all, player.Place{}, 4000, "a", player.Never},
		{"it would end after the end", list(a), all, player.Place{}, 4001, "", player.Never},
		{"at the end", list(a), all, player.Place{}, 5000, "", player.Never},
		{"not held", list(a), func(string) bool { return false }, player.Place{}, 2000, "", player.Never},
		{"the next in turn", list(a, b), all, lastA, 2000, "b", player.Never},
		{"round", list(a, b), all, player.PlaceOf(&b), 2000, "a", player.Never},
		{"the last one shown is gone", list(b), all, lastA, 2000, "b", player.Never},
		{"no longer valid", player.Playlist{Entries: []schemas.PlaylistEntry{b}, ValidUntil: 1999}, all, player.Place{}, 2000, "", player.Never},
		{"longer than its window", list(entry("c", 1000, 2000, 1001)), all, player.Place{}, 0, "", player.Never},
		{"shorter than a screen can", list(entry("c", 1000, 1050, 1)), all, player.Place{}, 1000, "", player.Never},
		{"a window around the year 1970", list(entry("c", -5000, 5000, 1)), all, player.Place{}, -4000, "c", player.Never},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := player.Next(c.list, c.held, c.last, c.now)
			start := ""
			if d.Start != nil {
				start = d.Start.CampaignID
			}
			if start != c.start || d.Wake != c.wake {
				t.Errorf("starts %q and wakes at %d, want %q and %d", start, d.Wake, c.start, c.wake)
			}
		})
	}
}

func TestMayGoOn(t *testing.T) {
	shown := entry("a", 1000, 5000, 1000)
	other, later, shorter, longer := shown, shown, shown, shown
	other.SHA256, later.StartsAt, shorter.EndsAt, longer.EndsAt = "other", 3000, 2999, 9000
	for _, c := range []struct {
		name   string
		listed []schemas.PlaylistEntry
		goesOn bool
	}{
		{"the same", []schemas.PlaylistEntry{shown}, true},
		{"gone", nil, false},
		{"another content", []schemas.PlaylistEntry{other}, false},
		{"put off", []schemas.PlaylistEntry{later}, false},
		{"its window ends before", []schemas.PlaylistEntry{shorter}, false},
		{"its window ends later", []schemas.PlaylistEntry{entry("b", 0, 9000, 1), longer}, true},
	} {
		if on := player.MayGoOn(player.Playlist{Entries: c.listed}, &shown, 2000, 3000); on != c.goesOn {
			t.Errorf("%s: %v", c.name, on)
		}
	}
}

func drawnList(t *rapid.T) player.Playlist {
	var p player.Playlist
	for i := range rapid.IntRange(0, 8).Draw(t, "entries") {
		starts := schemas.Instant(rapid.Int64Range(0, 20_000).Draw(t, "starts"))
		e := entry(fmt.Sprint("c", i), starts, starts+schemas.Instant(rapid.Int64Range(1, 20_000).Draw(t, "window")),
			rapid.Int64Range(1, 3000).Draw(t, "lasts"))
		p.Entries = append(p.Entries, e)
		p.ValidUntil = max(p.ValidUntil, e.EndsAt)
	}
	if rapid.Bool().Draw(t, "expires early") {
		p.ValidUntil = schemas.Instant(rapid.Int64Range(0, 40_000).Draw(t, "valid until"))
	}
	return p
}

// A device that decides as Next says, from beginning to end, shows no spot outside its window or the playlist's validity,
// and lets nothing lie that it might show.
func TestAWholeRunStaysWithinWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawnList(t)
		missing := rapid.SampledFrom([]string{"", "c0", "c1"}).Draw(t, "missing")
		held := func(sha string) bool { return sha != missing }
		last := player.Place{}
		for now := schemas.Instant(0); now != player.Never; {
			d := player.Next(p, held, last, now)
			if d.Start == nil {
				for i := range p.Entries {
					e := &p.Entries[i]
					if held(e.SHA256) && e.StartsAt <= now && now+player.Lasts(e) <= e.EndsAt && now <= p.ValidUntil {
						t.Fatalf("at %d nothing is shown, though %s may be", now, e.CampaignID)
					}
					if e.StartsAt > now && e.StartsAt < d.Wake && e.StartsAt+player.Lasts(e) <= e.EndsAt && e.StartsAt <= p.ValidUntil {
						t.Fatalf("at %d it sleeps until %d, past the start of %s", now, d.Wake, e.CampaignID)
					}
				}
				if d.Wake <= now {
					t.Fatalf("at %d it wakes at %d", now, d.Wake)
				}
				now = d.Wake
				continue
			}
			ends := now + player.Lasts(d.Start)
			if now < d.Start.StartsAt || ends > d.Start.EndsAt || now > p.ValidUntil || !held(d.Start.SHA256) {
				t.Fatalf("%s is shown from %d to %d", d.Start.CampaignID, now, ends)
			}
			last, now = player.PlaceOf(d.Start), ends
		}
	})
}

// Entries that are active all the time are shown equally often.
func TestTheRoundIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 8).Draw(t, "entries")
		p := player.Playlist{ValidUntil: player.Never}
		for i := range count {
			p.Entries = append(p.Entries, entry(fmt.Sprint("c", i), schemas.Instant(rapid.Int64Range(0, 3).Draw(t, "starts")), player.Never, 200))
		}
		shown := map[string]int{}
		last := player.Place{}
		rounds := rapid.IntRange(1, 5).Draw(t, "rounds")
		for n := range rounds * count {
			d := player.Next(p, all, last, schemas.Instant(1000+200*n))
			last = player.PlaceOf(d.Start)
			shown[d.Start.CampaignID]++
		}
		for i := range p.Entries {
			if n := shown[p.Entries[i].CampaignID]; n != rounds {
				t.Fatalf("%s was shown %d times in %d rounds", p.Entries[i].CampaignID, n, rounds)
			}
		}
	})
}
