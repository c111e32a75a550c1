package device

import (
	"errors"
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/cache"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/player"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// errorNetwork is what acks call everything that cache has no error for.
const errorNetwork = "network"

// The waits between the fetches of a content that does not come: they double.
const (
	retryFirst   = 500 * time.Millisecond
	retryLongest = 30 * time.Second
)

// triesMax is after how many tries a device says that it has failed; it tries on.
const triesMax = 3

// trial is a content that could not be fetched.
type trial struct {
	tries   int
	retryAt time.Time
	why     string
}

// failed says whether it is to be told.
func (t *trial) failed() bool { return t.tries >= triesMax || t.why == cache.ErrDiskFull.Error() }

// provide throws away what has to go, and fetches what is needed first.
func (m *Machine) provide(now time.Time) {
	if !m.planned || len(m.plan.NoRoom) > 0 {
		m.plan = cache.Decide(cache.Wanted(m.state.Obeys.Playlist, m.device(now)), m.held, m.settings.CacheBytes)
		m.planned = true
		for _, sha := range m.plan.Evict {
			delete(m.held, sha)
			m.hands.Evict(sha)
			m.note(now, &journal.Line{Event: journal.Evicted, SHA256: sha})
		}
		m.plan.Evict = nil
	}
	if !m.online || m.fetching != "" {
		return
	}
	for _, f := range m.plan.Fetch {
		if t := m.trials[f.SHA256]; t != nil && now.Before(t.retryAt) {
			continue
		}
		m.fetching = f.SHA256
		m.fetch++
		m.hands.Fetch(f, m.fetch)
		return
	}
}

// Fetched says how the fetch of that number went, also of one that was dropped.
func (m *Machine) Fetched(now time.Time, number int64, file cache.File, err error) {
	dropped := number != m.fetch || m.fetching != file.SHA256
	switch {
	case dropped && (err != nil || m.holds(file.SHA256) || m.fetching == file.SHA256):
		return // nothing came, or it is there, or is coming again
	case dropped && (m.fetching != "" || m.bytes()+file.Bytes > m.settings.CacheBytes):
		m.hands.Evict(file.SHA256) // it came all the same, and is in the way of what is wanted now
		return
	}
	m.fetching, m.planned = "", false
	if err != nil {
		m.retryLater(now, file, err)
	} else {
		m.keep(now, file)
	}
	m.settle(now)
}

func (m *Machine) keep(now time.Time, file cache.File) {
	m.uses++
	m.held[file.SHA256] = cache.Held{Bytes: file.Bytes, Used: m.uses}
	delete(m.trials, file.SHA256)
	if m.shown == nil {
		m.free = m.device(now)
	}
	m.note(now, &journal.Line{Event: journal.Cached, SHA256: file.SHA256, Bytes: file.Bytes})
}

func (m *Machine) bytes() (total int64) {
	for _, h := range m.held {
		total += h.Bytes
	}
	return total
}

func (m *Machine) retryLater(now time.Time, file cache.File, err error) {
	t := m.trials[file.SHA256]
	if t == nil {
		t = &trial{}
		m.trials[file.SHA256] = t
	}
	t.tries++
	t.retryAt = now.Add(min(retryFirst<<min(t.tries-1, 16), retryLongest))
	t.why = errorNetwork
	for _, known := range []error{cache.ErrCorrupt, cache.ErrDiskFull, cache.ErrNoSuch} {
		if errors.Is(err, known) {
			t.why = known.Error()
		}
	}
	m.note(now, &journal.Line{Event: journal.FetchFault, SHA256: file.SHA256, Reason: t.why, Error: err.Error()})
}

func (m *Machine) dropFetch() {
	if m.fetching != "" {
		m.fetching = ""
		m.fetch++
		m.hands.DropFetch()
	}
}

// retryAt returns when the next fetch may be tried again, zero when nothing waits for that.
func (m *Machine) retryAt() time.Time {
	next := time.Time{}
	for _, f := range m.plan.Fetch {
		if t := m.trials[f.SHA256]; t != nil && (next.IsZero() || t.retryAt.Before(next)) {
			next = t.retryAt
		}
	}
	return next
}

// frees returns the next instant, by the device's clock, at which contents are needed no more.
func (m *Machine) frees(now time.Time) schemas.Instant {
	at, next := m.device(now), player.Never
	for i := range m.state.Obeys.Playlist {
		if ends := m.state.Obeys.Playlist[i].EndsAt; ends > at {
			next = min(next, ends)
		}
	}
	return next
}

func (m *Machine) use(sha string) {
	if h, is := m.held[sha]; is {
		m.uses++
		h.Used = m.uses
		m.held[sha] = h
	}
}

// missing returns the creatives of the playlist that are still needed and whose content is not there.
func (m *Machine) missing(now time.Time) []string {
	return m.creatives(now, func(sha string) bool { return !m.holds(sha) })
}

// creatives returns the creatives of the playlist that are still needed and whose content is such, sorted.
func (m *Machine) creatives(now time.Time, such func(sha string) bool) []string {
	var ids []string
	at := m.device(now)
	for i := range m.state.Obeys.Playlist {
		if e := &m.state.Obeys.Playlist[i]; e.EndsAt > at && such(e.SHA256) {
			ids = append(ids, e.CreativeID)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), schemas.MissingMaxCount)]
}
