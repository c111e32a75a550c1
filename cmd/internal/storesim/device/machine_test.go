package device_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/cache"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
)

func playing(entries ...schemas.PlaylistEntry) func(*schemas.Command) {
	return func(c *schemas.Command) { c.Playlist = entries }
}

func wantTexts(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%q\nwant\n%q", what, got, want)
	}
}

func wantScreen(t *testing.T, w *world, want ...span) {
	t.Helper()
	if got := w.screen(); !slices.Equal(got, want) {
		t.Errorf("shown:\n%v\nwant\n%v", got, want)
	}
}

func TestPushCacheReadyPlayStop(t *testing.T) {
	w := newWorld()
	w.boot(true)
	w.at(100, func() { w.receive(command(1, 1, playing(entryOf("a", 1000, 3500), entryOf("b", 2000, 4000)))) })
	w.run(5000)
	wantTexts(t, "acks", w.statuses(0), "received cr-a cr-b", "downloading cr-a cr-b", "ready")
	wantScreen(t, w, span{1000, 2000, "c-a", "done"}, span{2000, 3000, "c-b", "done"}, span{3000, 4000, "c-b", "done"})
	if len(w.arrived) != 3 || len(w.disk.Unsent) != 0 {
		t.Errorf("%d plays were reported, %d are still on the disk", len(w.arrived), len(w.disk.Unsent))
	}
}

func TestAPlaylistWithoutWhatIsShownStopsIt(t *testing.T) {
	w := newWorld()
	w.boot(true)
	w.at(0, func() { w.receive(command(1, 1, playing(entryOf("a", 1000, 9000)))) })
	w.at(1300, func() { w.receive(command(2, 1, playing())) })
	w.run(9000)
	wantScreen(t, w, span{1000, 1300, "c-a", "stopped"})
	wantTexts(t, "acks", w.statuses(3), "received", "ready")
}

// Without a network a device shows what it was told, stops at the end, and reports later.
func TestOffline(t *testing.T) {
	w := newWorld()
	w.boot(true)
	w.at(0, func() { w.receive(command(1, 1, playing(entryOf("a", 1000, 3999)))) })
	w.at(500, func() { w.machine.SetOnline(w.now, false) })
	w.at(9000, func() {
		if len(w.arrived) != 0 {
			t.Errorf("%d plays were reported without a network", len(w.arrived))
		}
		w.machine.SetOnline(w.now, true)
	})
	w.run(9100)
	wantScreen(t, w, span{1000, 2000, "c-a", "done"}, span{2000, 3000, "c-a", "done"})
	if len(w.arrived) != 2 {
		t.Errorf("%d plays were reported", len(w.arrived))
	}
}

func TestItsOwnClockDecides(t *testing.T) {
	w := newWorld()
	w.settings.Skew = clock.Skew{Offset: 700 * time.Millisecond, Since: zero}
	w.boot(true)
	w.at(0, func() { w.receive(command(1, 1, playing(entryOf("a", 1000, 3000)))) })
	w.run(5000)
	wantScreen(t, w, span{1000, 2000, "c-a", "done"}, span{2000, 3000, "c-a", "done"})
	if l := w.lines[slices.IndexFunc(w.lines, func(l journal.Line) bool { return l.Event == journal.Started })]; l.At != 300 || *l.LateMs != 0 {
		t.Errorf("it started at %s, %d ms late", l.At, *l.LateMs)
	}
}

func TestDiskFull(t *testing.T) {
	w := newWorld()
	w.settings.CacheBytes = 25
	w.boot(true)
	list := playing(entryOf("a", 1000, 2000), entryOf("b", 2000, 3000), entryOf("c", 5000, 6000))
	w.at(0, func() { w.receive(command(1, 1, list)) })
	w.run(1000)
	wantTexts(t, "acks", w.statuses(2), "ready cr-c", "failed cr-c (disk-full)")
	w.at(1500, func() { w.receive(command(1, 2, list)) })
	w.run(1600)
	wantTexts(t, "acks when it is pushed again", w.statuses(4), "ready cr-c", "failed cr-c (disk-full)")
	w.run(7000) // there is room when a is over
	wantTexts(t, "acks", w.statuses(6), "downloading cr-c", "ready")
	wantTexts(t, "evicted", w.evicted, shaOf("a"))
	wantScreen(t, w, span{1000, 2000, "c-a", "done"}, span{2000, 3000, "c-b", "done"}, span{5000, 6000, "c-c", "done"})
}

func TestWhatCannotBeFetchedIsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		says []string
	}{
		{"corrupt", cache.ErrCorrupt, []string{"failed cr-a (corrupt)", "ready"}},
		{"no such", cache.ErrNoSuch, []string{"failed cr-a (not-found)", "ready"}},
		{"no room", cache.ErrDiskFull, []string{"failed cr-a (disk-full)", "ready"}},
		{"network", errCut, []string{"failed cr-a (network)", "ready"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			tries := 0
			w.fetchErr = func(string) error {
				if tries++; tries <= 4 {
					return fmt.Errorf("fetching: %w", c.err)
				}
				return nil
			}
			w.boot(true)
			w.at(0, func() { w.receive(command(1, 1)) })
			w.run(9000)
			wantTexts(t, "acks", w.statuses(2), c.says...)
		})
	}
}

func TestARestart(t *testing.T) {
	w := newWorld()
	w.boot(true)
	w.at(0, func() { w.receive(command(1, 1, playing(entryOf("a", 1000, 9000)))) })
	w.sendMs = 5000 // so that it is not known whether the first play has arrived
	w.at(2500, w.off)
	w.at(3000, func() {
		w.sendMs = 10
		w.boot(true)
		w.machine.Receive(w.now, []device.Received{received(command(1, 1, playing(entryOf("a", 1000, 9000))))}, true)
	})
	w.run(5500)
	wantScreen(t, w, span{1000, 2000, "c-a", "done"}, span{2000, 2500, "c-a", "power"}, span{3000, 4000, "c-a", "done"}, span{4000, 5000, "c-a", "done"},
		span{5000, -1, "c-a", ""})
	if len(w.arrived) != 3 || w.repeats != 1 {
		t.Errorf("%d plays were reported, %d twice", len(w.arrived), w.repeats)
	}
	wantTexts(t, "acks", w.statuses(3), "ready")
	var found [][]string
	for _, l := range w.lines {
		if l.Event == journal.Booted {
			found = append(found, l.Cache)
		}
	}
	if len(found) != 2 || len(found[0]) != 0 || !slices.Equal(found[1], []string{entryOf("a", 1000, 9000).SHA256}) {
		t.Errorf("it has found contents %q", found)
	}
}

func TestABacklogIsReadThroughFirst(t *testing.T) {
	w := newWorld()
	w.boot(true)
	bad := received(command(4, 1))
	bad.Signature = device.BadSignature
	w.machine.Receive(w.now, []device.Received{
		received(command(1, 1)), received(command(3, 1)), received(command(2, 1)), received(command(3, 2)), bad,
	}, true)
	var told []string
	for _, l := range w.lines[1:] {
		told = append(told, fmt.Sprintf("%s %s %d/%d", l.Event, l.Reason, l.Revision, l.Attempt))
	}
	wantTexts(t, "journal", told[:5], "skipped  1/1", "skipped older-revision 2/1", "refused bad-signature 0/0", "obeyed  3/2", "acked  3/2")
}

// A life with everything that can happen to a device keeps these promises: what is on the screen is in the obeyed playlist
// and in its window by the device's clock, a play is reported under its id or lost with the power, ids are unique, the
// cache keeps to its size, and when all faults are over the device is ready for the newest playlist that came.
func TestAnyLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.complain = t.Fatalf
		w.fetchMs = rapid.Int64Range(1, 800).Draw(t, "fetch ms")
		w.sendMs = rapid.Int64Range(1, 800).Draw(t, "send ms")
		w.settings.CacheBytes = rapid.Int64Range(20, 70).Draw(t, "cache")
		w.settings.Skew = clock.Skew{
			Offset: time.Duration(rapid.Int64Range(-3000, 3000).Draw(t, "offset")) * time.Millisecond, PPM: rapid.Int64Range(-500, 500).Draw(t, "ppm"), Since: zero,
		}
		faulty := true
		w.fetchErr = func(string) error {
			if faulty {
				return rapid.SampledFrom([]error{nil, nil, errCut, cache.ErrCorrupt, cache.ErrDiskFull}).Draw(t, "fetch")
			}
			return nil
		}
		w.lost = func() bool { return faulty && rapid.IntRange(0, 3).Draw(t, "lost") == 0 }
		newest := schemas.Command{}
		w.boot(rapid.Bool().Draw(t, "online"))
		for i := range rapid.IntRange(1, 15).Draw(t, "happenings") {
			at := int64(i)*700 + rapid.Int64Range(0, 600).Draw(t, "at")
			switch rapid.SampledFrom([]string{"command", "command", "again", "offline", "online", "restart"}).Draw(t, "what") {
			case "command":
				newest = command(newest.PlaylistRevision+1, 1, playing(drawnEntries(t)...))
				c := newest
				w.at(at, func() { w.receive(c) })
			case "again":
				if newest.PlaylistRevision > 0 {
					newest.Attempt++
					c := newest
					w.at(at, func() { w.receive(c) })
				}
			case "offline":
				w.at(at, func() { w.machine.SetOnline(w.now, false) })
			case "online":
				w.at(at, func() { w.machine.SetOnline(w.now, true) })
			case "restart":
				w.at(at, func() {
					w.off()
					w.boot(rapid.Bool().Draw(t, "online"))
				})
			}
		}
		w.run(11_000)
		faulty = false
		w.machine.SetOnline(w.now, true)
		w.receive(newest)
		w.run(120_000)
		checkScreen(t, w)
		for id, play := range w.kept {
			if w.arrived[id] != play {
				t.Fatalf("%+v was not reported", play)
			}
		}
		if newest.PlaylistRevision > 0 {
			last := w.acks[len(w.acks)-1]
			if w.machine.State().Obeys.Revision != newest.PlaylistRevision || last.PlaylistRevision != newest.PlaylistRevision || last.Status != schemas.AckReady {
				t.Fatalf("at last it obeys %d of %d and says %+v", w.machine.State().Obeys.Revision, newest.PlaylistRevision, last)
			}
		}
	})
}

func drawnEntries(t *rapid.T) (entries []schemas.PlaylistEntry) {
	for range rapid.IntRange(0, 5).Draw(t, "entries") {
		name := string(rapid.SampledFrom([]rune("abcdefgh")).Draw(t, "name"))
		starts := schemas.Instant(rapid.Int64Range(0, 10_000).Draw(t, "starts"))
		e := entryOf(name, starts, starts+schemas.Instant(rapid.Int64Range(1, 10_000).Draw(t, "window")))
		e.DurationMs = rapid.Int64Range(1, 2500).Draw(t, "lasts")
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b schemas.PlaylistEntry) int { return int(a.StartsAt - b.StartsAt) })
	return entries
}

// checkScreen holds what was shown against what was obeyed at that time.
func checkScreen(t *rapid.T, w *world) {
	var obeyed []schemas.PlaylistEntry
	cached := map[string]bool{}
	listed := func(l *journal.Line) bool {
		return slices.ContainsFunc(obeyed, func(e schemas.PlaylistEntry) bool {
			return e.CampaignID == l.Campaign && e.CreativeID == l.Creative && e.SHA256 == l.SHA256
		})
	}
	var on *journal.Line
	for i := range w.lines {
		l := &w.lines[i]
		switch l.Event {
		case journal.Obeyed:
			obeyed = l.Playlist
			if on != nil && !listed(on) && (i+2 >= len(w.lines) || !endsSoon(w.lines[i+1:])) {
				t.Fatalf("%s is shown on, though revision %d does not have it", on.Campaign, l.Revision)
			}
		case journal.Cached:
			cached[l.SHA256] = true
		case journal.Evicted:
			delete(cached, l.SHA256)
		case journal.Started:
			if !listed(l) || *l.DeviceAt < *l.StartsAt || !cached[l.SHA256] || *l.LateMs != 0 {
				t.Fatalf("it should not have been shown, or not then: %+v", l)
			}
			on = l
		case journal.Ended:
			if *l.DeviceAt > *l.EndsAt {
				t.Fatalf("it was shown past its window: %+v", l)
			}
			on = nil
		}
	}
}

// endsSoon says whether the screen is cleared before anything else but acks and refusals happens.
func endsSoon(lines []journal.Line) bool {
	for i := range lines {
		switch lines[i].Event {
		case journal.Ended:
			return true
		case journal.Acked, journal.Refused:
		default:
			return false
		}
	}
	return false
}

// A content that does not come is tried after waits that double; a device does not wear out its network.
func TestTheWaitsBetweenTriesDouble(t *testing.T) {
	w := newWorld()
	w.fetchMs = 0
	var tries []int64
	w.fetchErr = func(string) error {
		tries = append(tries, w.now.UnixMilli())
		return errCut
	}
	w.boot(true)
	w.at(0, func() { w.receive(command(1, 1, playing(entryOf("a", 200_000, 300_000)))) })
	w.run(100_000)
	if want := []int64{0, 500, 1500, 3500, 7500, 15_500, 31_500, 61_500, 91_500}; !slices.Equal(tries, want) {
		t.Errorf("tries at %v, want %v", tries, want)
	}
}

// A device that has nothing to do says again what did not arrive, and fetches what it has room for once something is over.
func TestWhatWakesADeviceThatShowsNothing(t *testing.T) {
	t.Run("an ack that was lost", func(t *testing.T) {
		w := newWorld()
		lost := true
		w.lost = func() bool { return lost }
		w.boot(true)
		w.at(0, func() { w.receive(command(1, 1, playing())) })
		w.at(500, func() { lost = false })
		w.run(3000)
		wantTexts(t, "acks", w.statuses(0), "ready")
	})
	t.Run("room", func(t *testing.T) {
		w := newWorld()
		w.settings.CacheBytes = 10
		tooLong, later := entryOf("a", 0, 2000), entryOf("b", 90_000, 99_000)
		tooLong.DurationMs = 5000
		w.boot(true)
		w.at(0, func() { w.receive(command(1, 1, playing(tooLong, later))) })
		w.run(2100)
		wantTexts(t, "acks", w.statuses(2), "ready cr-b", "failed cr-b (disk-full)", "downloading cr-b", "ready")
	})
}
