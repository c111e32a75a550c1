package device_test

import (
	"errors"
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/cache"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// world is all around one device: its disk, its network, and a time that jumps from one happening to the next.
type world struct {
	now      time.Time
	settings device.Settings
	machine  *device.Machine
	disk     device.Disk
	pending  []happening

	lines    []journal.Line
	acks     []schemas.Ack
	arrived  map[string]schemas.Play // what Kafka has, by id
	repeats  int
	kept     map[string]schemas.Play // all plays that ever ended
	evicted  []string
	fetchMs  int64
	fetchErr func(sha string) error
	sendMs   int64
	lost     func() bool                      // of what is sent
	complain func(format string, args ...any) // ends the test
}

type happening struct {
	at   time.Time
	life *device.Machine // nil: it happens whatever device lives
	do   func()
}

var zero = time.UnixMilli(0).UTC()

func newWorld() *world {
	w := &world{
		now: zero, settings: device.Settings{CacheBytes: 1000}, arrived: map[string]schemas.Play{}, kept: map[string]schemas.Play{},
		fetchMs: 50, sendMs: 10, fetchErr: func(string) error { return nil }, lost: func() bool { return false },
		complain: func(format string, args ...any) { panic(format) },
	}
	w.disk.State = device.State{DeviceID: "d-1", StoreID: "s-1", Born: 1}
	return w
}

// boot gives the device power, with what its disk has.
func (w *world) boot(online bool) {
	disk := w.disk
	disk.Unsent = slices.Clone(disk.Unsent)
	disk.Cache = map[string]cache.Held{}
	for sha, h := range w.disk.Cache {
		disk.Cache[sha] = h
	}
	w.machine = device.Boot(w.now, &disk, w.settings, w)
	w.machine.SetOnline(w.now, online)
}

func (w *world) off() {
	w.machine.Off(w.now, "restart")
	w.machine = nil
}

// later lets something happen to the device that lives now, if it still does then.
func (w *world) later(ms int64, do func()) {
	w.pending = append(w.pending, happening{w.now.Add(time.Duration(ms) * time.Millisecond), w.machine, do})
}

func (w *world) at(ms int64, do func()) {
	w.pending = append(w.pending, happening{zero.Add(time.Duration(ms) * time.Millisecond), nil, do})
}

// run lets the time go on until an instant.
func (w *world) run(until int64) {
	end := zero.Add(time.Duration(until) * time.Millisecond)
	for steps := 0; ; steps++ {
		if steps > 100_000 {
			w.complain("the device does not come to rest")
		}
		next, which := end, -1
		for i, h := range w.pending {
			if h.at.Before(next) || h.at.Equal(next) && which < 0 {
				next, which = h.at, i
			}
		}
		if w.machine != nil {
			if wake := w.machine.Wake(); !wake.IsZero() && wake.Before(next) {
				if wake.Before(w.now) {
					w.complain("the device wakes in the past")
				}
				w.now = wake
				w.machine.Tick(w.now)
				continue
			}
		}
		w.now = next
		if which < 0 {
			return
		}
		h := w.pending[which]
		w.pending = slices.Delete(w.pending, which, which+1)
		if h.life == nil || h.life == w.machine {
			h.do()
		}
	}
}

func (w *world) receive(c schemas.Command) {
	if w.machine != nil {
		w.machine.Receive(w.now, []device.Received{received(c)}, false)
	}
}

// Save implements device.Hands, and so do the following.
func (w *world) Save(s device.State) { w.disk.State = s }

func (w *world) KeepPlay(p schemas.Play) {
	if _, is := w.kept[p.PlayID]; is {
		w.complain("%s is the id of two plays", p.PlayID)
	}
	w.kept[p.PlayID] = p
	w.disk.Unsent = append(w.disk.Unsent, p)
}

func (w *world) ForgetPlays() { w.disk.Unsent = nil }

func (w *world) Ack(a schemas.Ack, _ int64) {
	lost := w.lost()
	if !lost {
		w.acks = append(w.acks, a)
	}
	w.later(w.sendMs, func() { w.machine.Acked(w.now, !lost) })
}

func (w *world) Report(plays []schemas.Play) {
	lost := w.lost()
	if !lost {
		for _, p := range plays {
			if earlier, is := w.arrived[p.PlayID]; is && earlier != p {
				w.complain("%s was reported as %+v and as %+v", p.PlayID, earlier, p)
			} else if is {
				w.repeats++
			}
			w.arrived[p.PlayID] = p
		}
	}
	w.later(w.sendMs, func() { w.machine.Reported(w.now, !lost) })
}

var errCut = errors.New("the connection was cut")

func (w *world) Fetch(f cache.File, number int64) {
	w.later(w.fetchMs, func() {
		err := w.fetchErr(f.SHA256)
		if err == nil {
			if w.disk.Cache == nil {
				w.disk.Cache = map[string]cache.Held{}
			}
			w.disk.Cache[f.SHA256] = cache.Held{Bytes: f.Bytes}
		}
		w.machine.Fetched(w.now, number, f, err)
		if total := w.cached(); total > w.settings.CacheBytes {
			w.complain("%d bytes are cached of at most %d", total, w.settings.CacheBytes)
		}
	})
}

func (w *world) cached() (total int64) {
	for _, h := range w.disk.Cache {
		total += h.Bytes
	}
	return total
}

func (w *world) DropFetch() {}

func (w *world) Evict(sha string) {
	delete(w.disk.Cache, sha)
	w.evicted = append(w.evicted, sha)
}

func (w *world) Note(l journal.Line) { w.lines = append(w.lines, l) }

// statuses returns the acks since the one of an index, as "<revision> <status> <missing> <error>".
func (w *world) statuses(from int) (said []string) {
	for _, a := range w.acks[from:] {
		text := string(a.Status)
		for _, m := range a.Missing {
			text += " " + m
		}
		if a.Error != "" {
			text += " (" + a.Error + ")"
		}
		said = append(said, text)
	}
	return said
}

// screen returns what was shown, as "<ms from> <ms to> <campaign> <how it ended>", by the device's clock.
func (w *world) screen() (shown []span) {
	for i := range w.lines {
		l := &w.lines[i]
		switch l.Event {
		case journal.Started:
			shown = append(shown, span{from: int64(*l.DeviceAt), to: -1, campaign: l.Campaign})
		case journal.Ended:
			shown[len(shown)-1].to, shown[len(shown)-1].how = int64(*l.DeviceAt), l.Reason
		}
	}
	return shown
}

type span struct {
	from, to      int64
	campaign, how string
}
