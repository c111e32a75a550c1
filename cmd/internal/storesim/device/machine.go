package device

import (
	"maps"
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/cache"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/player"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// State is what a device keeps on its disk beside the cache and the plays that were not sent.
type State struct {
	DeviceID string `json:"device_id"`
	StoreID  string `json:"store_id"`
	// Born is when the device was set up, new or wiped, and Boots how often it got power since. Both stand in the ids of its
	// plays, which are unique for ever, though plays that have arrived are on no disk.
	Born  schemas.Instant `json:"born"`
	Boots int64           `json:"boots"`
	// NotBefore is Self's.
	NotBefore int64 `json:"not_before,omitempty"`
	// Registered says that the registry knows of this life of the device. Wiped says that the life before it ended in that way.
	Registered bool   `json:"registered"`
	Wiped      bool   `json:"wiped,omitempty"`
	Obeys      Obeyed `json:"obeys"`
}

// Disk is what a device finds on its disk when it gets power.
type Disk struct {
	State  State
	Cache  map[string]cache.Held
	Unsent []schemas.Play
}

// Hands do what a Machine decides. None of them calls the machine.
type Hands interface {
	// Save replaces the state on the disk.
	Save(State)
	// KeepPlay adds a play to those on the disk; ForgetPlays empties them.
	KeepPlay(schemas.Play)
	ForgetPlays()
	// Ack sends an ack; Acked tells how it went.
	Ack(ack schemas.Ack, number int64)
	// Report sends plays; Reported tells how it went.
	Report([]schemas.Play)
	// Fetch begins to fetch a content, once a dropped fetch has ended; Fetched tells how it went.
	Fetch(file cache.File, number int64)
	// DropFetch ends the fetching; Fetched tells whether it had come to its end before.
	DropFetch()
	Evict(sha256 string)
	Note(journal.Line)
}

// Settings are what a device is like.
type Settings struct {
	CacheBytes int64 // the size of its cache
	Skew       clock.Skew
}

// Machine is a device that has power. It is not safe for concurrent use.
type Machine struct {
	settings Settings
	hands    Hands
	state    State
	online   bool

	// The screen.
	shown *shown
	last  player.Place
	free  schemas.Instant // since when, by the device's clock, another spot might be shown
	idle  schemas.Instant // when to look at the playlist again while nothing is shown

	// The plays.
	plays     int64 // since it got power
	unsent    []schemas.Play
	reporting int       // how many of unsent, from the first on, are on their way
	reportAt  time.Time // not before

	// The cache.
	held     map[string]cache.Held
	uses     int64
	plan     cache.Plan
	planned  bool
	fetching string
	fetch    int64 // number of the newest fetch
	trials   map[string]*trial

	// The acks.
	told    string // the report that was sent last, "" for none
	ack     int64  // number of the newest ack
	ackAt   time.Time
	wakesAt time.Time
}

// Boot gives a device power at now; it is offline until SetOnline.
func Boot(now time.Time, disk *Disk, settings Settings, hands Hands) *Machine {
	m := &Machine{
		settings: settings, hands: hands, state: disk.State, unsent: disk.Unsent, held: disk.Cache, trials: map[string]*trial{},
	}
	if m.held == nil {
		m.held = map[string]cache.Held{}
	}
	m.state.Boots++
	hands.Save(m.state)
	m.free = m.device(now)
	m.note(now, &journal.Line{
		Event: journal.Booted, Revision: m.state.Obeys.Revision, ClockOffsetMs: settings.Skew.Offset.Milliseconds(),
		ClockPPM: settings.Skew.PPM, Unsent: len(m.unsent),
		Cache: slices.Sorted(maps.Keys(m.held)),
	})
	m.settle(now)
	return m
}

// SetOnline says that the device's network is there, or is not. Without it a device goes on showing what it has.
func (m *Machine) SetOnline(now time.Time, online bool) {
	if online == m.online {
		return
	}
	m.online = online
	if !online {
		m.dropFetch()
	}
	m.settle(now)
}

// Receive takes records of the store's topic in their order. backlog says that they were there before the device was: then
// older ones among them are nobody's attack.
func (m *Machine) Receive(now time.Time, records []Received, backlog bool) {
	self := Self{DeviceID: m.state.DeviceID, StoreID: m.state.StoreID, NotBefore: m.state.NotBefore}
	best, offset := m.state.Obeys, int64(0)
	changed, again := false, false
	for i := range records {
		r := &records[i]
		v := Judge(&self, &best, r)
		line := journal.Line{
			Event: journal.Refused, Reason: string(v.Reason), Offset: &r.Offset, Revision: v.Command.Revision, Attempt: v.Command.Attempt,
		}
		switch {
		case v.Reason == "":
			if changed && !v.Again {
				before := offset
				m.note(now, &journal.Line{Event: journal.Skipped, Revision: best.Revision, Attempt: best.Attempt, Offset: &before})
			}
			best, offset = v.Command, r.Offset
			changed, again = changed || !v.Again, again || v.Again
		case backlog && (v.Reason == OlderRevision || v.Reason == SameAgain || v.Reason == BeforeBirth):
			line.Event = journal.Skipped
			m.note(now, &line)
		default:
			m.note(now, &line)
		}
	}
	switch {
	case changed:
		m.obey(now, best, offset)
	case again:
		m.state.Obeys.Attempt = best.Attempt
		m.hands.Save(m.state)
		m.note(now, &journal.Line{Event: journal.Repeated, Revision: best.Revision, Attempt: best.Attempt, Offset: &offset})
		m.told = ""
	}
	m.settle(now)
}

func (m *Machine) obey(now time.Time, command Obeyed, offset int64) {
	m.state.Obeys = command
	m.hands.Save(m.state)
	m.note(now, &journal.Line{
		Event: journal.Obeyed, Revision: command.Revision, Attempt: command.Attempt, Offset: &offset, Playlist: command.Playlist,
	})
	if m.shown == nil {
		m.free = m.device(now)
	}
	m.told, m.planned = "", false
	clear(m.trials)
	if !slices.ContainsFunc(command.Playlist, func(e schemas.PlaylistEntry) bool { return e.SHA256 == m.fetching }) {
		m.dropFetch()
	}
	m.acknowledge(now, schemas.AckReceived, m.missing(now), "")
}

// Tick does what is due at now.
func (m *Machine) Tick(now time.Time) { m.settle(now) }

// Wake returns the true instant at which Tick is to be called, if nothing happens before; zero for never.
func (m *Machine) Wake() time.Time { return m.wakesAt }

// Off takes the power away: what is being shown is not reported.
func (m *Machine) Off(now time.Time, reason string) {
	m.dropFetch()
	if m.shown != nil {
		m.noteEnd(now, journal.EndPower)
		m.shown = nil
	}
	m.note(now, &journal.Line{Event: journal.Off, Reason: reason})
}

// SetRegistered keeps on the disk that the registry knows the device.
func (m *Machine) SetRegistered(now time.Time) {
	m.state.Registered = true
	m.hands.Save(m.state)
	m.note(now, &journal.Line{Event: journal.Registered})
}

// State returns what is on the disk.
func (m *Machine) State() State { return m.state }

// Final says what the device has come to.
func (m *Machine) Final(now time.Time) {
	line := journal.Line{
		Event: journal.Final, Revision: m.state.Obeys.Revision, Attempt: m.state.Obeys.Attempt, Playlist: m.state.Obeys.Playlist,
		Unsent: len(m.unsent), Missing: m.missing(now),
	}
	needed := map[string]bool{}
	for _, f := range cache.Wanted(m.state.Obeys.Playlist, m.device(now)) {
		needed[f.SHA256] = true
	}
	for sha := range m.held {
		if needed[sha] {
			line.Cache = append(line.Cache, sha)
		} else {
			line.Spare = append(line.Spare, sha)
		}
	}
	slices.Sort(line.Cache)
	slices.Sort(line.Spare)
	m.note(now, &line)
}

// settle does all that can be done at now, and says when there will be more.
func (m *Machine) settle(now time.Time) {
	m.show(now)
	m.provide(now)
	m.tell(now)
	m.report(now)
	m.wakesAt = m.wake(now)
}

func (m *Machine) wake(now time.Time) time.Time {
	next := time.Time{}
	consider := func(at time.Time) {
		if !at.IsZero() && at.After(now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	at := m.idle
	if m.shown != nil {
		at = m.shown.ends
	}
	if at != player.Never {
		// A millisecond begins with its first nanosecond: what is truncated must not be there before it.
		consider(m.settings.Skew.True(at.Time()))
	}
	if len(m.plan.NoRoom) > 0 {
		if frees := m.frees(now); frees != player.Never {
			consider(m.settings.Skew.True(frees.Time()))
		}
	}
	if m.online {
		if m.fetching == "" {
			consider(m.retryAt())
		}
		consider(m.ackAt)
		consider(m.reportAt)
	}
	return next
}

// device returns what the device's clock says.
func (m *Machine) device(now time.Time) schemas.Instant {
	return schemas.InstantOf(m.settings.Skew.Device(now))
}

func (m *Machine) note(now time.Time, l *journal.Line) {
	at := m.device(now)
	l.At, l.DeviceAt, l.Device, l.Store = schemas.InstantOf(now), &at, m.state.DeviceID, m.state.StoreID
	m.hands.Note(*l)
}
